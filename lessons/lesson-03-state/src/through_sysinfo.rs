//! One process as the package sysinfo reports it.

use common::{Context, Result};
use nix::unistd::Pid;
use sysinfo::{ProcessRefreshKind, ProcessStatus, ProcessesToUpdate, System};

pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) status: String,
    /// Seconds since 1970.
    pub(crate) started: u64,
}

/// `None` if `/proc` shows no such process.
pub(crate) fn through_sysinfo(pid: Pid) -> Result<Option<Seen>> {
    let pid = sysinfo::Pid::from_u32(pid.as_raw().unsigned_abs());
    let mut system = System::new().context("cannot make a sysinfo::System")?;
    // What sysinfo tells is what it read here; it grows old from now on.
    system.refresh_processes_specifics(
        ProcessesToUpdate::Some(&[pid]),
        true,
        ProcessRefreshKind::nothing(),
    );
    Ok(system.process(pid).map(|process| Seen {
        // A name may hold a newline: this line stays one line.
        name: process.name().to_string_lossy().escape_debug().to_string(),
        status: word(process.status()),
        started: process.start_time(),
    }))
}

/// The words of Python's psutil, which the notebook prints.
fn word(status: ProcessStatus) -> String {
    match status {
        ProcessStatus::Run => "running",
        ProcessStatus::Sleep => "sleeping",
        ProcessStatus::UninterruptibleDiskSleep => "disk-sleep",
        ProcessStatus::Stop => "stopped",
        ProcessStatus::Tracing => "tracing-stop",
        ProcessStatus::Zombie => "zombie",
        ProcessStatus::Dead => "dead",
        ProcessStatus::Idle => "idle",
        other => return other.to_string().to_lowercase(),
    }
    .to_owned()
}
