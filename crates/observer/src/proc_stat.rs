//! What /proc tells of one process at a moment.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::ptrace::Tid;

/// Clock ticks since boot, as field 22 of proc_pid_stat(5) counts them: 100
/// in a second on both architectures (`USER_HZ`).
pub(crate) fn tick() -> u64 {
    const NANOSECONDS: u64 = 10_000_000;
    let now = clock_gettime(ClockId::CLOCK_BOOTTIME);
    let now = Duration::from(now.expect("Linux has had this clock since 2.6"));
    now.as_nanos() as u64 / NANOSECONDS
}

/// Field 22 of proc_pid_stat(5), in clock ticks since boot.
pub(crate) fn start_time(pid: i32) -> u64 {
    let field = |behind_name: &str| {
        behind_name.split_whitespace().nth(19)?.parse().ok()
    };
    with_stat(pid, field).unwrap_or(0)
}

/// Whether paths lead a process elsewhere than the keeper.
pub(crate) fn is_elsewhere(pid: i32) -> bool {
    ["root", "ns/mnt"].iter().any(|link| {
        let place = |process: &str| {
            let place = fs::metadata(format!("/proc/{process}/{link}"));
            place.map(|it| (it.dev(), it.ino())).ok()
        };
        let own = place("self");
        own.is_none() || own != place(&pid.to_string())
    })
}

/// Whether the thread waits in the kernel now: state S or D.
pub(crate) fn is_asleep(tid: Tid) -> bool {
    let state = |behind_name: &str| {
        Some(behind_name.trim_start().starts_with(['S', 'D']))
    };
    with_stat(tid, state).unwrap_or(false)
}

/// What stands behind the name in /proc/PID/stat; asked so often that one
/// read(2) has to do.
fn with_stat<T>(pid: i32, find: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut bytes = [0; 1024];
    let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
    let length = file.read(&mut bytes).ok()?;
    let behind = bytes[..length].iter().rposition(|byte| *byte == b')')? + 1;
    find(std::str::from_utf8(&bytes[behind..length]).ok()?)
}
