//! Signals that end or stop a session, read like anything else that comes.

use std::fs;

use grader::Trouble;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// From here on they are read, and do nothing by themselves; those that are
/// ignored stay so.
///
/// # Errors
/// If the kernel gives no descriptor for them.
pub(crate) fn hear() -> Result<SignalFd, Trouble> {
    listen().map_err(|errno| {
        Trouble::failed(format!("cannot hear signals: {}", errno.desc()))
    })
}

/// The next that has come.
pub(crate) fn next(heard: &SignalFd) -> Option<Signal> {
    let info = heard.read_signal().ok()??;
    Signal::try_from(info.ssi_signo as i32).ok()
}

/// The exit code of who is ended by a signal, as a shell tells it.
pub(crate) fn code(signal: Signal) -> u8 {
    128 + signal as u8
}

fn listen() -> Result<SignalFd, Errno> {
    let ignored = ignored();
    let mut heard = SigSet::empty();
    for signal in
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGTSTP]
    {
        if ignored >> (signal as u32 - 1) & 1 == 0 {
            heard.add(signal);
        }
    }
    heard.thread_block()?;
    SignalFd::with_flags(&heard, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// The signals that this process ignores, by bits.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    line.and_then(|it| u64::from_str_radix(it.trim(), 16).ok()).unwrap_or(0)
}
