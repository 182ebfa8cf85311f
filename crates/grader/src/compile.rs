//! From one source file to a program, by the compiler alone.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread::Builder;
use std::time::Duration;

use crate::kit::Kit;
use crate::lack::lack;
use crate::trouble::Trouble;

/// A longer source is no solution.
const LONGEST: u64 = 1 << 20;
/// What the compiler says is cut there.
const SAID: u64 = 256 << 10;
/// An honest program needs a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody runs a program for so long.
const LONG_AGO: Duration = Duration::from_secs(3600);
/// So many programs are kept.
const KEPT: usize = 200;

/// A program.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The file.
    pub program: PathBuf,
    /// The compiler's warnings, as it wrote them.
    pub said: String,
}

/// What came of a source.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is a program.
    Compiled(Compiled),
    /// It is none; the compiler's own words, or why it was not asked.
    Refused(String),
}

/// Compiles a source file.
///
/// `colour` is whether the compiler's words are for a terminal. A program
/// whose source, libraries and compiler are the same as before is not
/// compiled again, unless it depends on anything else.
///
/// # Errors
/// If the file cannot be read, or the compiler not be run.
pub fn compile(
    kit: &Kit,
    source: &Path,
    colour: bool,
) -> Result<Outcome, Trouble> {
    let shown = source.display();
    let failed = |what: &str, error: io::Error| {
        Trouble::failed(format!("cannot {what} {shown}: {error}"))
    };
    let length = length_of(source)?;
    if length > LONGEST {
        return Ok(Outcome::Refused(format!(
            "{shown} has {length} bytes; at most {LONGEST} are compiled\n"
        )));
    }
    let text = fs::read(source).map_err(|error| failed("read", error))?;
    let kept = Kept::of(kit, &text);
    if let Some(compiled) = kept.find() {
        return Ok(Outcome::Compiled(compiled));
    }
    let draft = kept.draft().map_err(|error| failed("keep", error))?;
    let (is_compiled, said) = run_compiler(kit, source, &draft, colour)
        .map_err(|error| failed("compile", error))?;
    if !is_compiled {
        let lack = lack(&said, &draft);
        fs::remove_dir_all(&draft).ok();
        return match lack {
            Some(lack) => {
                Err(Trouble::failed(format!("cannot compile {shown}: {lack}")))
            }
            None => Ok(Outcome::Refused(said)),
        };
    }
    // Saved while it was compiled, it may be another program's source.
    let is_same = fs::read(source).is_ok_and(|it| it == text);
    kept.keep(&draft, &said, is_same)
        .map(Outcome::Compiled)
        .map_err(|error| failed("keep the program of", error))
}

fn length_of(source: &Path) -> Result<u64, Trouble> {
    let shown = source.display();
    let file = fs::metadata(source).map_err(|error| {
        Trouble::usage(format!("cannot read {shown}: {error}"))
    })?;
    match file.is_file() {
        true => Ok(file.len()),
        false => Err(Trouble::usage(format!("{shown} is no file"))),
    }
}

fn run_compiler(
    kit: &Kit,
    source: &Path,
    draft: &Path,
    colour: bool,
) -> io::Result<(bool, String)> {
    let mut rustc = command(kit, source, draft, colour)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = rustc.stderr.take().expect("it is piped");
    let (tell, told) = mpsc::channel();
    Builder::new().spawn(move || {
        let mut said = Vec::new();
        let mut stderr = stderr;
        (&mut stderr).take(SAID).read_to_end(&mut said).ok();
        io::copy(&mut stderr, &mut io::sink()).ok();
        tell.send(said).ok();
    })?;
    let said = told.recv_timeout(PATIENCE);
    if said.is_err() {
        rustc.kill().ok();
    }
    let status = rustc.wait()?;
    let said = said.map_or_else(
        |_| format!("the compiler was ended after {PATIENCE:?}\n"),
        |said| String::from_utf8_lossy(&said).into_owned(),
    );
    Ok((status.success(), said))
}

fn command(kit: &Kit, source: &Path, draft: &Path, colour: bool) -> Command {
    let mut command = Command::new(&kit.rustc);
    command
        .args(["--edition", "2024", "--crate-name", "solution"])
        .args(["--emit", "link,dep-info", "--out-dir"])
        .arg(draft)
        .args(["-C", "codegen-units=1", "-C", "strip=debuginfo"])
        .args(["--color", if colour { "always" } else { "never" }])
        .arg(source)
        .env_remove("RUST_LOG");
    if let Some(folder) = kit.dependencies() {
        let mut search = std::ffi::OsString::from("dependency=");
        search.push(folder);
        command.arg("-L").arg(search);
    }
    for (name, library) in &kit.libraries {
        let mut external = std::ffi::OsString::from(format!("{name}="));
        external.push(&library.path);
        command.arg("--extern").arg(external);
    }
    command
}

/// A place for one program among those that are kept.
struct Kept {
    source: Vec<u8>,
    stamp: String,
    folder: PathBuf,
}

impl Kept {
    fn of(kit: &Kit, source: &[u8]) -> Self {
        let mut hasher = DefaultHasher::new();
        (source, &kit.stamp, &kit.rustc).hash(&mut hasher);
        let name = format!("{:016x}", hasher.finish());
        let folder = kit.place.join("programs").join(name);
        let source = source.to_owned();
        Self { source, stamp: kit.stamp.clone(), folder }
    }

    /// Two sources may have one hash: they are compared byte by byte.
    fn find(&self) -> Option<Compiled> {
        let is_same = fs::read(self.folder.join("source")).ok()? == self.source
            && fs::read(self.folder.join("stamp")).ok()?
                == self.stamp.as_bytes();
        let said = fs::read_to_string(self.folder.join("said")).ok()?;
        let program = self.folder.join("solution");
        (is_same && program.is_file()).then_some(Compiled { program, said })
    }

    fn draft(&self) -> io::Result<PathBuf> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let own = format!("{}-{number}", std::process::id());
        let draft = self.folder.with_extension(own);
        fs::create_dir_all(&draft)?;
        Ok(draft)
    }

    /// `is_same` is whether the source is still what it was.
    fn keep(
        &self,
        draft: &Path,
        said: &str,
        is_same: bool,
    ) -> io::Result<Compiled> {
        // Who includes other files or asks for variables is told in the
        // list of dependencies: such a program is used once.
        let list = fs::read_to_string(draft.join("solution.d"))?;
        let files = list.lines().filter(|line| line.ends_with(':'));
        let is_alone = files.count() <= 1 && !list.contains("# env-dep:");
        if !is_alone || !is_same {
            let program = draft.join("solution");
            return Ok(Compiled { program, said: said.to_owned() });
        }
        fs::write(draft.join("source"), &self.source)?;
        fs::write(draft.join("stamp"), &self.stamp)?;
        fs::write(draft.join("said"), said)?;
        self.make_room();
        // Another grader may have kept the same one, and be running it.
        if self.find().is_none() {
            fs::remove_dir_all(&self.folder).ok();
        }
        if fs::rename(draft, &self.folder).is_err() {
            fs::remove_dir_all(draft).ok();
        }
        self.find().ok_or_else(|| io::Error::other("it was not kept"))
    }

    /// Forgets the oldest, if nobody can be running it any more.
    fn make_room(&self) {
        let Some(Ok(all)) = self.folder.parent().map(fs::read_dir) else {
            return;
        };
        let mut all: Vec<_> = all
            .filter_map(Result::ok)
            .filter_map(|it| Some((it.metadata().ok()?.modified().ok()?, it)))
            .collect();
        all.sort_by_key(|(changed, _)| *changed);
        let too_many = all.len().saturating_sub(KEPT);
        for (changed, entry) in all.into_iter().take(too_many) {
            if changed.elapsed().is_ok_and(|age| age > LONG_AGO) {
                fs::remove_dir_all(entry.path()).ok();
            }
        }
    }
}
