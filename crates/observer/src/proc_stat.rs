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

/// Whether the thread waits in the kernel now: state S or D, and off its CPU.
pub(crate) fn is_asleep(tid: Tid) -> bool {
    let state = |behind_name: &str| {
        Some(behind_name.trim_start().starts_with(['S', 'D']))
    };
    with_stat(tid, state).unwrap_or(false) && has_left_its_cpu(tid)
}

/// Whether a thread in state S or D is off its CPU, and waits for none.
///
/// Who looks whether there is something to wait for, as in `do_wait` of
/// kernel/exit.c, is in state S before it knows, and stays so for as long as
/// others have its CPU. This file waits for the end of that
/// (`wait_task_inactive` in kernel/sched/core.c). Where it may not be read,
/// nobody knows better.
pub(crate) fn has_left_its_cpu(tid: Tid) -> bool {
    let call = fs::read_to_string(format!("/proc/{tid}/syscall"));
    call.map_or(true, |call| !call.starts_with("running"))
}

/// CPU time of all threads of a process: fields 14 and 15.
pub(crate) fn cpu_time(pid: i32) -> Duration {
    const TICK: Duration = Duration::from_millis(10); // USER_HZ is 100
    let ticks = |behind_name: &str| {
        let both = behind_name.split_whitespace().skip(11).take(2);
        both.map(|it| it.parse::<u32>().ok()).sum()
    };
    TICK * with_stat(pid, ticks).unwrap_or(0)
}

/// For how long a thread was ready to run while no CPU was free, since it
/// began: the second number of its schedstat
/// (Documentation/scheduler/sched-stats.rst). Zero, where the kernel does not
/// count that, or the thread is gone.
///
/// # Arguments
/// `task`: a number, `self` or `thread-self`, as in `/proc`.
pub fn waited_for_cpu(task: &str) -> Duration {
    let text = fs::read_to_string(format!("/proc/{task}/schedstat"));
    Duration::from_nanos(text.map_or(0, |it| nanoseconds_waited(&it)))
}

/// Time on a CPU, time waiting for one, turns.
fn nanoseconds_waited(schedstat: &str) -> u64 {
    let second = schedstat.split_whitespace().nth(1);
    second.and_then(|it| it.parse().ok()).unwrap_or(0)
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

#[cfg(test)]
mod tests {
    use super::{cpu_time, is_asleep, nanoseconds_waited, waited_for_cpu};
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::sync::mpsc::channel;
    use std::thread;
    use std::time::{Duration, Instant};

    use nix::sys::wait::{WaitPidFlag, waitpid};
    use nix::unistd::{Pid, gettid};

    #[test]
    fn who_only_looks_whether_a_child_has_ended_is_never_asleep() {
        let mut cat = Command::new("cat");
        let mut cat =
            cat.stdin(Stdio::piped()).process_group(0).spawn().unwrap();
        let group = Pid::from_raw(-(cat.id() as i32));
        let is_over = AtomicBool::new(false);
        let (tell, told) = channel();
        thread::scope(|scope| {
            let looks = || {
                tell.send(gettid()).unwrap();
                while !is_over.load(Relaxed) {
                    waitpid(group, Some(WaitPidFlag::WNOHANG)).unwrap();
                }
            };
            thread::Builder::new().spawn_scoped(scope, looks).unwrap();
            let tid = told.recv().unwrap().as_raw();
            let found = (0..20_000).filter(|_| is_asleep(tid)).count();
            is_over.store(true, Relaxed);
            assert_eq!(found, 0);
        });
        drop(cat.stdin.take());
        cat.wait().unwrap();
    }

    #[test]
    fn the_wait_for_a_cpu_is_the_second_number() {
        assert_eq!(nanoseconds_waited("882156 1831621 2\n"), 1_831_621);
        assert_eq!(nanoseconds_waited(""), 0);
        let text = std::fs::read_to_string("/proc/thread-self/schedstat");
        let before = text.map_or(0, |it| nanoseconds_waited(&it));
        let now = waited_for_cpu("thread-self");
        assert!(now >= Duration::from_nanos(before));
    }

    #[test]
    fn who_computes_uses_cpu_time() {
        let own = std::process::id() as i32;
        let (before, begun) = (cpu_time(own), Instant::now());
        while cpu_time(own) < before + Duration::from_millis(20) {
            assert!(begun.elapsed() < Duration::from_secs(60));
        }
    }
}
