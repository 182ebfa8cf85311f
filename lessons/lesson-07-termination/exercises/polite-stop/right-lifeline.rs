//! fork, setsid, execvp. All of them inherit the write end of a pipe: its end
//! of file says that the last one is gone.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, Signal, killpg, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, execvp, fork, pipe, pipe2, read, setsid, write};

const USAGE: &str = "usage: stop -t SECS CMD [ARG...]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    if arguments.next().is_none_or(|it| it != "-t") {
        return Err(USAGE.into());
    }
    let seconds = arguments.next().and_then(|it| it.into_string().ok());
    let grace = Duration::from_secs_f64(seconds.ok_or(USAGE)?.parse()?);
    let command: Vec<CString> = arguments
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let program = command.first().ok_or(USAGE)?;

    let (life, lives) = pipe()?;
    let (started, why) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: this process has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(life);
            setsid().ok();
            // SAFETY: the default action is no handler.
            unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.ok();
            let error = execvp(program, &command).unwrap_err();
            eprintln!("stop: cannot run {program:?}: {error}");
            write(&why, b"!").ok();
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(127) }
        }
    };
    drop((lives, why));
    // Behind the exec, the session and with it the group are there.
    let has_failed = read(&started, &mut [0])? > 0;
    let stdin = std::io::stdin();
    let mut said = "ended";
    if await_first(&life, Some(stdin.as_fd()), None)? {
        killpg(child, Signal::SIGTERM)?;
        said = "terminated";
        if await_first(&life, None, Some(Instant::now() + grace))? {
            killpg(child, Signal::SIGKILL)?;
            said = "killed";
            await_first(&life, None, None)?;
        }
    }
    waitpid(child, None)?;
    if has_failed {
        return Err("nothing to stop".into());
    }
    println!("{said}");
    Ok(())
}

/// Waits until the last of them is gone; whether a line or the end of the
/// time came first.
fn await_first(
    life: &OwnedFd,
    mut line: Option<std::os::fd::BorrowedFd<'_>>,
    until: Option<Instant>,
) -> Result<bool, Box<dyn Error>> {
    loop {
        let time = match until {
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                PollTimeout::try_from(left + Duration::from_micros(999))?
            }
            None => PollTimeout::NONE,
        };
        let mut events = vec![PollFd::new(life.as_fd(), PollFlags::POLLIN)];
        events.extend(line.map(|it| PollFd::new(it, PollFlags::POLLIN)));
        match poll(&mut events, time) {
            Ok(0) => return Ok(true),
            Err(Errno::EINTR) => continue,
            count => drop(count?),
        }
        if events[0].any() == Some(true) {
            return Ok(false);
        }
        if let Some(fd) = line.take()
            && read(fd, &mut [0; 64])? > 0
        {
            return Ok(true);
        }
    }
}
