//! The programs that do the work: one in Rust, one in C, one in Python.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::{Context, Error, Result};

use crate::measurement::{Interrupts, run};
use crate::options::Options;
use crate::row::{Column, Row, Way};

/// The C program once more: with the library that every Rust program loads,
/// and in all as large as a Rust program. It has as many pages of addresses for
/// the dynamic linker to fill in, each function lies on a page of its own, as
/// the functions that one call of Rust goes through do, and it has a stack for
/// signals. A way that ends in one of these words is measured with it.
const BUILDS: [(&str, &[&str]); 2] = [
    ("libgcc", &["-Wl,--no-as-needed", "-lgcc_s"]),
    (
        "large",
        &[
            "-Wl,--no-as-needed",
            "-lgcc_s",
            "-DAS_LARGE_AS_RUST",
            "-falign-functions=4096",
        ],
    ),
];

/// A way that ends in this is measured with the Rust program as the linker left
/// it, the others with a copy.
const LINKED: &str = "linked";

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// The command of each column that is here.
#[derive(Debug)]
pub(crate) struct Columns {
    commands: Vec<(Column, Vec<PathBuf>)>,
    interrupts: Interrupts,
    /// What each of them is, for the reader of the tables.
    pub(crate) about: Vec<String>,
    /// Which ones are missing, and what follows.
    pub(crate) missing: Vec<String>,
}

impl Columns {
    /// Builds the C program into `folder`, and copies the Rust program there.
    pub(crate) fn new(options: &Options, folder: &Path) -> Result<Self> {
        let me = env::current_exe().context("cannot find this program")?;
        let about = vec![format!("Rust {}", env!("CARGO_PKG_RUST_VERSION"))];
        let (built, rust) =
            (me.with_file_name("rust-column"), folder.join("rust-column"));
        copied(&built, &rust)?;
        let linked = rust.with_extension(LINKED);
        fs::remove_file(&linked).ok();
        symlink(&built, &linked)
            .context(format_args!("cannot make {}", linked.display()))?;
        let commands = vec![(Column::Rust, vec![rust])];
        let interrupts = Interrupts::hear()?;
        let missing = Vec::new();
        let mut columns = Self { commands, interrupts, about, missing };
        if !options.without.contains(&Column::C) {
            columns.add_c(folder)?;
        }
        if !options.without.contains(&Column::Python) {
            columns.add_python(options.python.as_deref())?;
        }
        Ok(columns)
    }

    fn add_c(&mut self, folder: &Path) -> Result {
        let Some(version) = first_line(Command::new("gcc").arg("--version"))
        else {
            self.missing.push(
                "gcc is not installed: no column C, and no ratios to it".into(),
            );
            return Ok(());
        };
        let floor = folder.join("floor");
        compile(&floor, &[])?;
        for (name, more) in BUILDS {
            compile(&floor.with_extension(name), more)?;
        }
        self.about.push(version);
        self.commands.push((Column::C, vec![floor]));
        Ok(())
    }

    fn add_python(&mut self, asked: Option<&Path>) -> Result {
        let candidates = match asked {
            Some(path) => vec![path.to_owned()],
            None => pythons(),
        };
        for python in candidates {
            let version = first_line(Command::new(&python).arg("--version"));
            if let Some(version) = version {
                let script = format!("{PEERS}/peer.py").into();
                self.about.push(version);
                self.commands.push((Column::Python, vec![python, script]));
                return Ok(());
            }
        }
        match asked {
            Some(path) => Err(Error::new(format!(
                "{} is no Python that runs",
                path.display()
            ))),
            None => {
                let text = "python3 is not installed: no column Python";
                self.missing.push(text.into());
                Ok(())
            }
        }
    }

    pub(crate) fn has(&self, column: Column) -> bool {
        self.commands.iter().any(|(found, _)| *found == column)
    }

    /// Nanoseconds for one. `None` where a package is missing.
    pub(crate) fn measure(
        &self,
        row: &Row,
        way: &Way,
        cpus: &[usize],
    ) -> Result<Option<f64>> {
        let of = |(column, _): &&(Column, _)| *column == way.column;
        let found = self.commands.iter().find(of);
        let (_, command) =
            found.ok_or_else(|| Error::new(format!("no {}", way.column)))?;
        let used = if row.is_on_two { cpus } else { &cpus[..1] };
        let used: Vec<String> = used.iter().map(usize::to_string).collect();
        let (way_name, program) = match way.way.split_once('.') {
            Some((name, more)) => (name, command[0].with_extension(more)),
            None => (way.way, command[0].clone()),
        };
        let script = &command[1..];
        let mut command = Command::new(program);
        command.args(script).args(["measure", row.work, way_name]);
        command.args([way.count, row.size, row.senders].map(|n| n.to_string()));
        command.arg(used.join(","));
        let what = format!("{}, {}", row.id, way.name());
        run(command, &what, &self.interrupts)
    }
}

/// Copies a program, as installing it does, or onto itself: its pages then lie
/// in the page cache in as large pieces as its file system makes of one
/// write. A linker may leave them there one by one, and the children of a fork
/// ask for them, and give them back, piece by piece.
fn copied(program: &Path, copy: &Path) -> Result {
    let copied = fs::read(program).and_then(|bytes| {
        // Somebody may be executing the old one still.
        fs::remove_file(copy).ok();
        fs::write(copy, bytes)?;
        fs::set_permissions(copy, Permissions::from_mode(0o755))
    });
    let (from, to) = (program.display(), copy.display());
    copied.context(format_args!("cannot copy {from} to {to}"))
}

/// Builds the C program; bound at its start, as Rust's programs are: with
/// gcc's default, each child of a fork would look up `_exit` anew.
fn compile(program: &Path, more: &[&str]) -> Result {
    let status = Command::new("gcc")
        .args(["-O2", "-pthread", "-Wl,-z,relro,-z,now"])
        .args(more)
        .arg(format!("{PEERS}/floor.c"))
        .args(["-lrt", "-o"])
        .arg(program)
        .status()
        .context("cannot run gcc")?;
    match status.success() {
        true => copied(program, program),
        false => Err(Error::new("gcc could not build floor.c")),
    }
}

/// Those in `PATH`. The system's comes first: a distribution builds it to be
/// fast, what stands before it in `PATH` often is a wrapper or a plain build.
fn pythons() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut all: Vec<PathBuf> =
        env::split_paths(&path).map(|folder| folder.join("python3")).collect();
    all.sort_by_key(|python| !python.starts_with("/usr/bin"));
    all
}

fn first_line(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().map(str::to_owned);
    line.filter(|_| output.status.success())
}

/// What a reader has to know of this machine.
pub(crate) fn machine() -> Vec<String> {
    let file = |path| fs::read_to_string(path).unwrap_or_default();
    let info = file("/proc/cpuinfo");
    let model = info.lines().find_map(|line| {
        line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name)
    });
    let kernel = file("/proc/sys/kernel/osrelease");
    let date = first_line(Command::new("date").args(["-u", "+%Y-%m-%d"]));
    vec![
        date.unwrap_or_default(),
        format!(
            "{}, Linux {}",
            model.unwrap_or("a CPU that does not tell its name"),
            kernel.trim()
        ),
    ]
}

/// How busy the machine was in the last minute: the word in /proc/loadavg.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}
