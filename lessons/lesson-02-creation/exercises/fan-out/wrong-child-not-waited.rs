//! It creates all, and waits once: for the first that ends.

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
    {
        let status = wait()?;
        let of = |it| children.iter().position(|child| Some(*child) == it);
        let i = of(status.pid()).ok_or("that is no child of mine")?;
        ends[i] = match status {
            WaitStatus::Exited(_, code) => {
                println!("{i} code {code}");
                code.to_string()
            }
            WaitStatus::Signaled(_, signal, _) => {
                println!("{i} signal {signal}");
                signal.to_string()
            }
            other => return Err(format!("it has not ended: {other:?}").into()),
        };
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}
