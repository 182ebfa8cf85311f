//! The programs that do the work: this one, one in C, one in Python.

use std::env;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::{Context, Error, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::options::Options;
use crate::row::{Column, Row, Way};

/// How long one measurement may take, in milliseconds.
const PATIENCE: u16 = 60_000;
/// The exit code of a column that lacks a package.
const LACKS: i32 = 3;

const PEERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers");

/// The command of each column that is here.
#[derive(Debug)]
pub(crate) struct Columns {
    commands: Vec<(Column, Vec<PathBuf>)>,
    /// What each of them is, for the reader of the tables.
    pub(crate) about: Vec<String>,
    /// Which ones are missing, and what follows.
    pub(crate) missing: Vec<String>,
}

impl Columns {
    /// Builds the C program into `folder`.
    pub(crate) fn new(options: &Options, folder: &Path) -> Result<Self> {
        let me = env::current_exe().context("cannot find this program")?;
        let about = vec![format!("Rust {}", env!("CARGO_PKG_RUST_VERSION"))];
        let commands = vec![(Column::Rust, vec![me])];
        let mut columns = Self { commands, about, missing: Vec::new() };
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
        let status = Command::new("gcc")
            .args(["-O2", "-pthread", "-o"])
            .arg(&floor)
            .arg(format!("{PEERS}/floor.c"))
            .arg("-lrt")
            .status()
            .context("cannot run gcc")?;
        if !status.success() {
            return Err(Error::new("gcc could not build floor.c"));
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
        let mut command = {
            let mut it = Command::new(&command[0]);
            it.args(&command[1..]);
            it
        };
        command.args(["measure", row.work, way.way]);
        command.args([way.count, row.size, row.senders].map(|n| n.to_string()));
        command.arg(used.join(","));
        let what = format!("{}, {}", row.id, way.name());
        run(command, &what)
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

/// Runs one measurement; whoever it leaves behind at its limit is ended too.
fn run(mut command: Command, what: &str) -> Result<Option<f64>> {
    use std::os::unix::process::CommandExt;
    // The same for all, whoever has started this program.
    let path = env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .process_group(0)
        .spawn()
        .context(format_args!("cannot start {what}"))?;
    let outcome = output_of(&mut child);
    if outcome.is_err() {
        let group = Pid::from_raw(i32::try_from(child.id())?);
        killpg(group, Signal::SIGKILL).ok();
    }
    let status = child.wait().context("cannot wait for a measurement")?;
    let output = outcome.context(format_args!("{what}"))?;
    let mut said = String::new();
    if let Some(mut stderr) = child.stderr.take() {
        stderr.read_to_string(&mut said)?;
    }
    let last = said.lines().last().unwrap_or("it said nothing");
    match (status.code(), output.trim().parse::<f64>()) {
        (Some(0), Ok(ns)) if ns > 0.0 => Ok(Some(ns)),
        (Some(LACKS), _) => Ok(None),
        (Some(code), _) => {
            Err(Error::new(format!("{what}: exit code {code}: {last}")))
        }
        (None, _) => {
            let signal = status.signal().unwrap_or_default();
            Err(Error::new(format!("{what}: killed by signal {signal}")))
        }
    }
}

fn output_of(child: &mut Child) -> std::io::Result<String> {
    let mut stdout = child.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
    let mut answer = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
    let came = poll(&mut answer, PollTimeout::from(PATIENCE))?;
    if came == 0 {
        return Err(std::io::Error::new(
            ErrorKind::TimedOut,
            format!("not done after {} s", PATIENCE / 1000),
        ));
    }
    let mut text = String::new();
    stdout.read_to_string(&mut text)?;
    Ok(text)
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

/// Bytes that can be had without swapping.
pub(crate) fn free_memory() -> Result<usize> {
    let mut text = String::new();
    File::open("/proc/meminfo")
        .and_then(|mut file| file.read_to_string(&mut text))
        .context("cannot read /proc/meminfo")?;
    let kibibytes = text.lines().find_map(|line| {
        let line = line.strip_prefix("MemAvailable:")?;
        line.trim().strip_suffix(" kB")?.parse::<usize>().ok()
    });
    kibibytes
        .map(|number| number << 10)
        .ok_or_else(|| Error::new("/proc/meminfo has no MemAvailable"))
}
