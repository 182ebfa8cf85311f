//! A child stays in the loop, and creates as its parent does.

use std::env::args;
use std::error::Error;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, Pid, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let number: i32 = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut code = -1;
    let mut children: Vec<Pid> = Vec::new();
    for i in 0..number {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                code = i;
                children.clear();
            }
            Ok(ForkResult::Parent { child }) => children.push(child),
            Err(errno) => {
                for _ in &children {
                    wait()?;
                }
                return Err(format!("cannot create child {i}: {errno}").into());
            }
        }
    }
    if code >= 0 {
        for _ in &children {
            wait()?;
        }
        // SAFETY: ends the child without running the parent's code.
        unsafe { _exit(code) }
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
