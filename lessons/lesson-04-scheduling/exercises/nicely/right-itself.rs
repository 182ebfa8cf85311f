//! The program executes itself as its own child, which raises itself and
//! becomes PROG.

use std::env::{args_os, current_exe};
use std::error::Error;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use nix::errno::Errno;
use nix::libc::{PRIO_PROCESS, getpriority, nice};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    let usage = "usage: nicely N PROG [ARG...]";
    match arguments.as_slice() {
        [mark, steps, program, arguments @ ..] if mark == "--child" => {
            raise(steps.to_str().ok_or(usage)?.parse()?);
            let error = Command::new(program).args(arguments).exec();
            Err(format!("{}: {error}", program.display()).into())
        }
        [_, _, ..] => {
            let mut command = Command::new(current_exe()?);
            command.arg("--child").args(arguments);
            let code = command.status()?.code().ok_or("it was killed")?;
            Ok(ExitCode::from(u8::try_from(code)?))
        }
        _ => Err(usage.into()),
    }
}

/// nice(2) tells a refusal by EPERM.
fn raise(steps: i32) {
    Errno::clear();
    // SAFETY: a number goes in, no memory is touched.
    if unsafe { nice(steps) } == -1 && Errno::last_raw() != 0 {
        println!("refused: {:?}", Errno::last());
    }
    // SAFETY: two numbers go in, no memory is touched.
    println!("niceness {}", unsafe { getpriority(PRIO_PROCESS, 0) });
}
