//! Asks the group, and kills only CMD.

use std::env::args_os;
use std::error::Error;
use std::io::stdin;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::waitpid;
use nix::unistd::Pid;

const USAGE: &str = "usage: stop -t SECS CMD [ARG...]";

enum News {
    Line,
    Over,
}

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

    let (tell, news) = channel();
    let tell_line = tell.clone();
    thread::spawn(move || {
        if stdin().read_line(&mut String::new()).is_ok_and(|it| it > 0) {
            tell_line.send(News::Line).ok();
        }
    });
    let (tell_end, end) = channel();
    thread::spawn(move || {
        let members = Pid::from_raw(-group.as_raw());
        loop {
            match waitpid(members, None) {
                Err(Errno::ECHILD) => break,
                Ok(status) if status.pid() == Some(group) => {
                    tell_end.send(()).ok();
                }
                _ => {}
            }
        }
        tell.send(News::Over).ok();
    });
    println!("{}", stop(group, grace, &news, &end)?);
    Ok(())
}

fn stop(
    group: Pid,
    grace: Duration,
    news: &Receiver<News>,
    end: &Receiver<()>,
) -> Result<&'static str, Box<dyn Error>> {
    if let News::Over = news.recv()? {
        return Ok("ended");
    }
    // ESRCH: all have ended in this moment, and that is what was wanted.
    killpg(group, Signal::SIGTERM).ok();
    match news.recv_timeout(grace) {
        Ok(_) => return Ok("terminated"),
        Err(RecvTimeoutError::Timeout) => kill(group, Signal::SIGKILL).ok(),
        Err(error) => return Err(error.into()),
    };
    end.recv()?;
    Ok("killed")
}
