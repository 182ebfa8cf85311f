//! Looks every two milliseconds whether somebody is still there.

use std::env::args_os;
use std::error::Error;
use std::io::stdin;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

const USAGE: &str = "usage: stop -t SECS CMD [ARG...]";

fn main() -> Result<(), Box<dyn Error>> {
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

    let (tell, line) = channel();
    thread::spawn(move || {
        if stdin().read_line(&mut String::new()).is_ok_and(|it| it > 0) {
            tell.send(()).ok();
        }
    });
    println!("{}", stop(group, grace, &line)?);
    Ok(())
}

fn stop(
    group: Pid,
    grace: Duration,
    line: &Receiver<()>,
) -> Result<&'static str, Errno> {
    let mut asked = None;
    let mut said = "ended";
    while !is_over(group)? {
        if asked.is_none() && line.try_recv().is_ok() {
            killpg(group, Signal::SIGTERM).ok();
            (asked, said) = (Some(Instant::now()), "terminated");
        }
        if asked.is_some_and(|asked| asked.elapsed() > grace) {
            killpg(group, Signal::SIGKILL).ok();
            said = "killed";
        }
        thread::sleep(Duration::from_millis(2));
    }
    Ok(said)
}

/// Collects who has ended; whether nobody is left.
fn is_over(group: Pid) -> Result<bool, Errno> {
    loop {
        let any = Pid::from_raw(-group.as_raw());
        match waitpid(any, Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return Ok(false),
            Err(Errno::ECHILD) => return Ok(true),
            status => drop(status?),
        }
    }
}
