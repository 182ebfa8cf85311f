//! One measurement is a program that runs, says a number, and leaves nobody
//! behind: not at its limit, and not when the user has had enough.

use std::env;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

use common::{Context, Error, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;

/// How long one measurement may take, in milliseconds.
const PATIENCE: u16 = 60_000;
/// The exit code of a column that lacks a package.
const LACKS: i32 = 3;

/// The signals that ask this program to end, as something to wait for.
#[derive(Debug)]
pub(crate) struct Interrupts(SignalFd);

impl Interrupts {
    /// From now on these signals wait here.
    pub(crate) fn hear() -> Result<Self> {
        let mut signals = SigSet::empty();
        signals.extend([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP]);
        signals.thread_block().context("cannot block signals")?;
        SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC)
            .map(Self)
            .context("cannot wait for signals")
    }
}

/// The number that the command prints. `None` where it lacks a package.
pub(crate) fn run(
    mut command: Command,
    what: &str,
    interrupts: &Interrupts,
) -> Result<Option<f64>> {
    // The same for all, whoever has started this program.
    let path = env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A program inherits which signals are blocked.
    let unblock = || Ok(SigSet::empty().thread_set_mask()?);
    // SAFETY: between fork and exec it makes one system call, and no more.
    unsafe { command.pre_exec(unblock) };
    let mut child = command
        .process_group(0)
        .spawn()
        .context(format_args!("cannot start {what}"))?;
    let outcome = output_of(&mut child, interrupts);
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

fn output_of(child: &mut Child, interrupts: &Interrupts) -> io::Result<String> {
    let mut stdout = child.stdout.take().ok_or(ErrorKind::BrokenPipe)?;
    let mut events = [
        PollFd::new(stdout.as_fd(), PollFlags::POLLIN),
        PollFd::new(interrupts.0.as_fd(), PollFlags::POLLIN),
    ];
    let came = poll(&mut events, PollTimeout::from(PATIENCE))?;
    if events[1].any().unwrap_or(false) {
        return Err(io::Error::new(ErrorKind::Interrupted, "interrupted"));
    }
    if came == 0 {
        let text = format!("not done after {} s", PATIENCE / 1000);
        return Err(io::Error::new(ErrorKind::TimedOut, text));
    }
    let mut text = String::new();
    stdout.read_to_string(&mut text)?;
    Ok(text)
}
