//! The standard library starts PROG; pre_exec runs in the child.

use std::env::args_os;
use std::error::Error;
use std::io::{Write, stdout};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::libc::{PRIO_PROCESS, getpriority, setpriority};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let usage = "usage: nicely N PROG [ARG...]";
    let steps = arguments.next().ok_or(usage)?;
    let steps: i32 = steps.to_str().ok_or(usage)?.parse()?;
    let mut command = Command::new(arguments.next().ok_or(usage)?);
    command.args(arguments);
    let before_exec = move || {
        // SAFETY: numbers go in, no memory is touched.
        let own = || unsafe { getpriority(PRIO_PROCESS, 0) };
        let wanted = own() + steps;
        // SAFETY: numbers go in, no memory is touched.
        if unsafe { setpriority(PRIO_PROCESS, 0, wanted) } < 0 {
            writeln!(stdout(), "refused: {:?}", Errno::last())?;
        }
        writeln!(stdout(), "niceness {}", own())
    };
    // SAFETY: this process has one thread, so its child may do anything.
    unsafe { command.pre_exec(before_exec) };
    let status = command.status()?;
    let code = status.code().ok_or("it was killed by a signal")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}
