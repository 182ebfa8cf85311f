//! A subreaper: whoever CMD leaves behind becomes a child of this process. One
//! poll waits for a line, for ends (as a signalfd) and for the time.

use std::env::args_os;
use std::error::Error;
use std::io::{Read, stdin};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

const USAGE: &str = "usage: stop -t SECS CMD [ARG...]";

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let mut arguments = args_os().skip(1);
    if arguments.next().is_none_or(|it| it != "-t") {
        return Err(USAGE.into());
    }
    let seconds = arguments.next().and_then(|it| it.into_string().ok());
    let grace = Duration::from_secs_f64(seconds.ok_or(USAGE)?.parse()?);
    let program = arguments.next().ok_or(USAGE)?;

    set_child_subreaper(true)?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).process_group(0);
    let group = Pid::from_raw(command.spawn()?.id() as i32);
    // Blocked behind the spawn: the program starts without it. An end before
    // this line is found by the first look.
    let ends = SigSet::from(Signal::SIGCHLD);
    ends.thread_block()?;
    let ends = SignalFd::with_flags(&ends, SfdFlags::SFD_NONBLOCK)?;
    println!("{}", stop(group, grace, &ends)?);
    Ok(())
}

fn stop(group: Pid, grace: Duration, ends: &SignalFd) -> Result<&'static str> {
    let mut asked: Option<Instant> = None;
    let mut said = "ended";
    let mut hears = true;
    while !is_over(group)? {
        let left = match asked {
            Some(asked) => {
                let left = grace.saturating_sub(asked.elapsed());
                // Not a moment too early.
                PollTimeout::try_from(left + Duration::from_micros(999))?
            }
            None => PollTimeout::NONE,
        };
        let stdin = stdin();
        let mut events = vec![PollFd::new(ends.as_fd(), PollFlags::POLLIN)];
        if hears {
            events.push(PollFd::new(stdin.as_fd(), PollFlags::POLLIN));
        }
        let count = match poll(&mut events, left) {
            Err(Errno::EINTR) => continue,
            count => count?,
        };
        let has_line = events.get(1).is_some_and(|it| it.any() == Some(true));
        while ends.read_signal()?.is_some() {}
        if count == 0 {
            killpg(group, Signal::SIGKILL)?;
            (asked, said) = (None, "killed");
        } else if has_line {
            hears = false;
            if stdin.lock().read(&mut [0; 64])? > 0 {
                killpg(group, Signal::SIGTERM)?;
                (asked, said) = (Some(Instant::now()), "terminated");
            }
        }
    }
    Ok(said)
}

/// Collects who has ended; whether nobody is left.
fn is_over(group: Pid) -> Result<bool> {
    loop {
        let any = Pid::from_raw(-group.as_raw());
        match waitpid(any, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return Ok(false),
            Err(Errno::ECHILD) => return Ok(true),
            status => drop(status?),
        }
    }
}
