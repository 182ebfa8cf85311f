use std::env::args;
use std::error::Error;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let number: i32 = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut sorted = String::from("sorted:");
    for i in 0..number {
        // SAFETY: this process has one thread.
        match unsafe { fork() }? {
            // SAFETY: ends the child without running the parent's code.
            ForkResult::Child => unsafe { _exit(i) },
            ForkResult::Parent { child } => {
                if let WaitStatus::Exited(_, code) = waitpid(child, None)? {
                    println!("{i} code {code}");
                    sorted.push_str(&format!(" {code}"));
                }
            }
        }
    }
    println!("{sorted}");
    Ok(())
}
