//! The status is taken apart by hand: the low byte is taken for the signal.

use std::env::args_os;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::unistd::{ForkResult, execvp, fork, pipe2, write};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let command: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let program = command.first().ok_or("usage: report CMD [ARG...]")?;
    let (why_read, why_write) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            // SAFETY: the default action is no handler.
            unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.ok();
            let errno = execvp(program, &command).unwrap_err();
            write(&why_write, &(errno as i32).to_ne_bytes()).ok();
            // SAFETY: ends the child without running the parent's code.
            unsafe { libc::_exit(127) }
        }
        ForkResult::Parent { child } => {
            drop(why_write);
            let mut why = Vec::new();
            File::from(why_read).read_to_end(&mut why)?;
            let status = collect(child.as_raw())?;
            Ok(ExitCode::from(match why.try_into() {
                Ok(errno) => not_started(i32::from_ne_bytes(errno)),
                Err(_) => ended(status)?,
            }))
        }
    }
}

fn collect(child: i32) -> nix::Result<i32> {
    let mut status = 0;
    // SAFETY: the status is memory of this function.
    let result = unsafe { libc::waitpid(child, &raw mut status, 0) };
    match Errno::result(result) {
        Err(Errno::EINTR) => collect(child),
        Err(errno) => Err(errno),
        Ok(_) => Ok(status),
    }
}

fn not_started(errno: i32) -> u8 {
    let errno = Errno::from_raw(errno);
    println!("could not start ({})", errno.desc());
    if errno == Errno::ENOENT { 127 } else { 126 }
}

fn ended(status: i32) -> nix::Result<u8> {
    if status & 0xff == 0 {
        let code = status >> 8;
        println!("exited {code}");
        return Ok(code as u8);
    }
    let number = status & 0xff;
    match Signal::try_from(number) {
        Ok(signal) => println!("killed {signal}"),
        Err(_) => println!("killed by signal {number}"),
    }
    Ok(128 + (number & 0x7f) as u8)
}
