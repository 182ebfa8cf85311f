//! From one source file to a program, by the compiler alone.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, mpsc};
use std::thread::Builder;
use std::time::{Duration, SystemTime};

use nix::libc;
use sandbox::{Confinement, Limits};

use crate::kit::Kit;
use crate::lack::lack;
use crate::trouble::Trouble;

/// A longer source is no solution.
const LONGEST: u64 = 1 << 20;
/// A program has a few megabytes, and hundreds of them are kept.
const LARGEST: u64 = 32 << 20;
/// What the compiler says is cut there.
const SAID: u64 = 256 << 10;
/// An honest program needs a fraction of a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the compiler and the linker may use, each; the source decides how
/// much they want.
const LIMITS: Limits = Limits {
    cpu_s: Some(20),
    data: Some(3 << 30),
    file: Some(256 << 20),
    descriptors: None,
    processes: None,
};
/// So many programs are kept.
const KEPT: usize = 200;

/// A program, which stays where it is as long as this lives.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// The file.
    pub program: PathBuf,
    /// The compiler's warnings, as it wrote them.
    pub said: String,
    /// What claims its folder.
    _claim: Arc<File>,
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
/// `is_contained` is whether the compiler may read nothing but itself, the
/// libraries and the source: what it reads, a program could print.
///
/// # Errors
/// If the file cannot be read, or the compiler not be run.
pub fn compile(
    kit: &Kit,
    source: &Path,
    colour: bool,
    is_contained: bool,
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
    let mut command = command(kit, source, &draft.folder, colour);
    if is_contained {
        contain(&mut command, kit, source, &draft.folder)
            .map_err(|error| failed("contain the compiler of", error))?;
    }
    let (is_compiled, mut said) =
        run_compiler(command).map_err(|error| failed("compile", error))?;
    if !is_compiled || !is_program(&draft.folder, &mut said) {
        let lack = lack(&said, &draft.folder);
        draft.discard();
        return match lack {
            Some(lack) => {
                Err(Trouble::failed(format!("cannot compile {shown}: {lack}")))
            }
            None => Ok(Outcome::Refused(said)),
        };
    }
    // Saved while it was compiled, it may be another program's source.
    let is_same = fs::read(source).is_ok_and(|it| it == text);
    kept.keep(draft, said, is_same)
        .map(Outcome::Compiled)
        .map_err(|error| failed("keep the program of", error))
}

/// Whether the compiler has made a program that can be kept; if not, says why.
fn is_program(draft: &Path, said: &mut String) -> bool {
    let length = fs::metadata(draft.join("solution")).map(|it| it.len());
    let why = match length {
        Ok(..=LARGEST) if has_loader(&draft.join("solution")) => return true,
        Ok(..=LARGEST) => {
            "error: the loader that the program names is not there\n".to_owned()
        }
        Ok(length) => format!(
            "error: the program has {length} bytes; at most {LARGEST} are kept\n"
        ),
        Err(_) => {
            "error: this makes no program: is it a `crate_type`?\n".to_owned()
        }
    };
    said.push_str(&why);
    false
}

/// Whether the kernel finds what is to load the program, which a source may
/// name (`PT_INTERP`); who names none needs none.
fn has_loader(program: &Path) -> bool {
    let Ok(bytes) = fs::read(program) else { return false };
    let number = |at: usize, length: usize| {
        let part = bytes.get(at..at.checked_add(length)?)?.iter().rev();
        Some(part.fold(0, |sum: usize, byte| sum << 8 | usize::from(*byte)))
    };
    let name = |header: usize| {
        const INTERP: usize = 3;
        let is_it = number(header, 4)? == INTERP;
        let (at, length) = (number(header + 8, 8)?, number(header + 32, 8)?);
        let name = bytes.get(at..at.checked_add(length)?).filter(|_| is_it)?;
        let end = name.iter().position(|it| *it == 0)?;
        Some(Path::new(OsStr::from_bytes(&name[..end])))
    };
    let headers = || {
        let (at, size) = (number(0x20, 8)?, number(0x36, 2)?);
        let places = (0..number(0x38, 2)?).map(move |it| at + it * size);
        Some(places.filter_map(name).all(Path::is_file))
    };
    headers() != Some(false)
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

/// It reads itself, its linker, the libraries and the source; of a package,
/// all in its `src/`.
fn contain(
    command: &mut Command,
    kit: &Kit,
    source: &Path,
    draft: &Path,
) -> io::Result<()> {
    let sysroot = kit.rustc.ancestors().nth(2).map(Path::to_owned);
    let libraries = kit.libraries.iter().map(|(_, it)| it.path.clone());
    let folder = source.parent().filter(|it| it.ends_with("src"));
    let own = folder.unwrap_or(source).to_owned();
    let mut reads: Vec<PathBuf> = libraries.chain([own]).collect();
    reads.extend(sysroot);
    reads.extend(kit.dependencies().map(Path::to_owned));
    reads.extend(linker());
    let confinement = Confinement {
        reads,
        writes: vec![draft.to_owned()],
        has_names: false,
        limits: LIMITS,
    };
    confinement.prepare()?.contain(command);
    command.env("TMPDIR", draft);
    Ok(())
}

/// Where the linker is installed.
fn linker() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let cc = std::env::split_paths(&path)
        .map(|folder| folder.join("cc"))
        .find_map(|it| it.canonicalize().ok())?;
    cc.ancestors().nth(2).map(Path::to_owned)
}

fn run_compiler(mut command: Command) -> io::Result<(bool, String)> {
    let mut rustc = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let stderr = rustc.stderr.take().expect("it is piped");
    let (tell, told) = mpsc::channel();
    let reader = Builder::new().spawn(move || {
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
    if said.is_ok() {
        reader.join().ok(); // whoever forks next has one thread
    }
    let mut said = said.map_or_else(
        |_| format!("the compiler was ended after {PATIENCE:?}\n"),
        |said| String::from_utf8_lossy(&said).into_owned(),
    );
    match status.signal() {
        Some(libc::SIGXCPU) => {
            said.push_str("the compiler was ended: it used 20 s of CPU time\n");
        }
        Some(signal) => {
            said.push_str(&format!("the compiler died of signal {signal}\n"));
        }
        None => {}
    }
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
        // What is not there, `env!` cannot take along.
        .env_clear();
    for name in ["PATH", "LD_LIBRARY_PATH"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
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
        let claim = claim(&self.folder).ok()?;
        let is_same = fs::read(self.folder.join("source")).ok()? == self.source
            && fs::read(self.folder.join("stamp")).ok()?
                == self.stamp.as_bytes();
        let said = fs::read_to_string(self.folder.join("said")).ok()?;
        let program = self.folder.join("solution");
        if !is_same || !program.is_file() {
            return None;
        }
        claim.set_modified(SystemTime::now()).ok();
        Some(Compiled { program, said, _claim: Arc::new(claim) })
    }

    fn draft(&self) -> io::Result<Draft> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let own = format!("{}-{number}", std::process::id());
        let folder = self.folder.with_extension(own);
        fs::create_dir_all(&folder)?;
        let claim = claim(&folder)?;
        Ok(Draft { folder, claim })
    }

    /// `is_same` is whether the source is still what it was.
    fn keep(
        &self,
        draft: Draft,
        said: String,
        is_same: bool,
    ) -> io::Result<Compiled> {
        // Who includes other files or asks for variables is told in the
        // list of dependencies: such a program is used once.
        let list = fs::read_to_string(draft.folder.join("solution.d"))?;
        let files = list.lines().filter(|line| line.ends_with(':'));
        let is_alone = files.count() <= 1 && !list.contains("# env-dep:");
        if !is_alone || !is_same {
            return Ok(draft.into_compiled(said));
        }
        fs::write(draft.folder.join("source"), &self.source)?;
        fs::write(draft.folder.join("stamp"), &self.stamp)?;
        fs::write(draft.folder.join("said"), &said)?;
        self.make_room();
        // Only the first finds the place free: what lies there is never
        // replaced, since others may be running it.
        if fs::rename(&draft.folder, &self.folder).is_err() {
            if let Some(compiled) = self.find() {
                draft.discard();
                return Ok(compiled);
            }
            forget(&self.folder);
            if fs::rename(&draft.folder, &self.folder).is_err() {
                return Ok(draft.into_compiled(said));
            }
        }
        let folder = self.folder.clone();
        Ok(Draft { folder, ..draft }.into_compiled(said))
    }

    /// Forgets those that were not asked for the longest time.
    fn make_room(&self) {
        let Some(Ok(all)) = self.folder.parent().map(fs::read_dir) else {
            return;
        };
        let mut all: Vec<_> = all
            .filter_map(Result::ok)
            .filter_map(|it| Some((it.metadata().ok()?.modified().ok()?, it)))
            .collect();
        all.sort_by_key(|(asked, _)| *asked);
        let too_many = all.len().saturating_sub(KEPT);
        for (_, entry) in all.into_iter().take(too_many) {
            forget(&entry.path());
        }
    }
}

/// A folder in which a program is being made.
struct Draft {
    folder: PathBuf,
    claim: File,
}

impl Draft {
    fn into_compiled(self, said: String) -> Compiled {
        let program = self.folder.join("solution");
        Compiled { program, said, _claim: Arc::new(self.claim) }
    }

    fn discard(self) {
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Makes sure that nobody forgets this folder until the file is closed.
///
/// The claim is on the folder, whatever its name becomes.
fn claim(folder: &Path) -> io::Result<File> {
    let file = File::open(folder)?;
    match file.try_lock_shared() {
        // Where nothing can be locked, nothing is forgotten.
        Ok(()) | Err(TryLockError::Error(_)) => {}
        Err(TryLockError::WouldBlock) => return Err(gone()),
    }
    if is_at(&file, folder)? { Ok(file) } else { Err(gone()) }
}

/// Removes a folder that nobody claims.
fn forget(folder: &Path) {
    let Ok(file) = File::open(folder) else { return };
    if file.try_lock().is_err() || !is_at(&file, folder).unwrap_or(false) {
        return;
    }
    // First its name, so that nobody finds half of it.
    let aside = folder.with_extension(format!("{}-old", std::process::id()));
    match fs::rename(folder, &aside) {
        Ok(()) => fs::remove_dir_all(&aside).ok(),
        Err(_) => None,
    };
}

fn is_at(file: &File, folder: &Path) -> io::Result<bool> {
    Ok(file.metadata()?.ino() == fs::metadata(folder)?.ino())
}

fn gone() -> io::Error {
    io::Error::other("another grader has just removed its folder")
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::os::unix::fs::OpenOptionsExt;
    use std::sync::Barrier;
    use std::thread::scope;

    use super::*;

    /// Two keep the same one at the same moment: whoever is told where it
    /// is finds it there.
    #[test]
    fn a_program_that_is_in_use_is_never_replaced() {
        let folder = env::temp_dir()
            .join(format!("forklore-kept-{}", std::process::id()));
        for round in 0_u32..300 {
            let kept = Kept {
                source: round.to_string().into_bytes(),
                stamp: String::new(),
                folder: folder.join(round.to_string()),
            };
            let barrier = Barrier::new(2);
            let work = || {
                let draft = kept.draft().unwrap();
                let list = draft.folder.join("solution.d");
                fs::write(list, "solution: a.rs\n\na.rs:\n").unwrap();
                let mut options = File::options();
                options.write(true).create(true).mode(0o755);
                options.open(draft.folder.join("solution")).unwrap();
                barrier.wait();
                let compiled = kept.keep(draft, String::new(), true).unwrap();
                let is_there = || compiled.program.is_file();
                assert!((0..100).all(|_| is_there()), "round {round}");
            };
            scope(|scope| {
                for _ in 0..2 {
                    Builder::new().spawn_scoped(scope, work).unwrap();
                }
            });
        }
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn only_what_nobody_uses_is_forgotten() {
        let folder = env::temp_dir()
            .join(format!("forklore-claimed-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        let claimed = claim(&folder).unwrap();
        forget(&folder);
        assert!(folder.is_dir());
        drop(claimed);
        forget(&folder);
        assert!(!folder.exists());
    }
}
