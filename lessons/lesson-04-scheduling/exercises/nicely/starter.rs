use std::env::args_os;
use std::error::Error;
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
    let mut child = command.spawn()?;
    let pid = child.id();
    // SAFETY: numbers go in, no memory is touched.
    let now = || unsafe { getpriority(PRIO_PROCESS, pid) };
    let wanted = now() + steps;
    // SAFETY: numbers go in, no memory is touched.
    if unsafe { setpriority(PRIO_PROCESS, pid, wanted) } < 0 {
        println!("refused: {:?}", Errno::last());
    }
    println!("niceness {}", now());
    let status = child.wait()?;
    let code = status.code().ok_or("it was killed by a signal")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}
