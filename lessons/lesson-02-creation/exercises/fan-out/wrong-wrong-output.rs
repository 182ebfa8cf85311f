//! A death by a signal is taken for exit code 0.

use std::env::args;
use std::error::Error;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, Pid, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let number: i32 = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut children: Vec<Pid> = Vec::new();
    for i in 0..number {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            // SAFETY: ends the child without running the parent's code.
            Ok(ForkResult::Child) => unsafe { _exit(i) },
            Ok(ForkResult::Parent { child }) => children.push(child),
            Err(errno) => {
                for _ in &children {
                    wait()?;
                }
                return Err(format!("cannot create child {i}: {errno}").into());
            }
        }
    }
    let mut ends = vec![String::new(); children.len()];
    for _ in &children {
        let status = wait()?;
        let of = |it| children.iter().position(|child| Some(*child) == it);
        let i = of(status.pid()).ok_or("that is no child of mine")?;
        ends[i] = match status {
            WaitStatus::Exited(_, code) => {
                println!("{i} code {code}");
                code.to_string()
            }
            _ => {
                println!("{i} code 0");
                "0".to_owned()
            }
        };
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}
