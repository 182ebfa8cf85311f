//! Crashes by SIGABRT, and asks for a core file. With the argument `tell` it
//! lets itself crash, and says how such an end is told on this machine.

use std::env::{args, current_exe};
use std::error::Error;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, abort};

use nix::sys::resource::{Resource, getrlimit, setrlimit};

fn main() -> Result<(), Box<dyn Error>> {
    if args().nth(1).as_deref() != Some("tell") {
        let (_, hard) = getrlimit(Resource::RLIMIT_CORE)?;
        setrlimit(Resource::RLIMIT_CORE, hard, hard)?;
        abort();
    }
    let status = Command::new(current_exe()?).status()?;
    let core = if status.core_dumped() { " (core)" } else { "" };
    println!("killed SIGABRT{core}");
    Ok(())
}
