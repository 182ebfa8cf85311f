//! The parent looks again and again whether a file is there.

use std::fs::{self, File};
use std::path::Path;

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid, getppid};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flag = Path::new("said");
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            println!("child {} of {}", getpid(), getppid());
            File::create(flag)?;
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(0) }
        }
        ForkResult::Parent { child } => {
            while !flag.exists() {}
            println!("parent {}", getpid());
            fs::remove_file(flag)?;
            waitpid(child, None)?;
            Ok(())
        }
    }
}
