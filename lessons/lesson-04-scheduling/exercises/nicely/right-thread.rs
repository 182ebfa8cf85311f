//! On Linux a niceness belongs to a thread, and a child inherits from the
//! thread that makes it: a thread of its own goes up, the first one stays.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsString;
use std::process::{Command, ExitCode};
use std::thread::scope;

use nix::errno::Errno;
use nix::libc::{PRIO_PROCESS, getpriority, setpriority};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    let [steps, program, arguments @ ..] = arguments.as_slice() else {
        return Err("usage: nicely N PROG [ARG...]".into());
    };
    let steps: i32 = steps.to_str().ok_or("no number")?.parse()?;
    let started = scope(|scope| {
        let start = || {
            raise(steps);
            Command::new(program).args(arguments).spawn()
        };
        scope.spawn(start).join()
    });
    let mut child = started.map_err(|_| "the thread panicked")??;
    let code = child.wait()?.code().ok_or("it was killed by a signal")?;
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn raise(steps: i32) {
    // SAFETY: numbers go in, no memory is touched.
    let own = || unsafe { getpriority(PRIO_PROCESS, 0) };
    // SAFETY: numbers go in, no memory is touched.
    if unsafe { setpriority(PRIO_PROCESS, 0, own() + steps) } < 0 {
        println!("refused: {:?}", Errno::last());
    }
    println!("niceness {}", own());
}
