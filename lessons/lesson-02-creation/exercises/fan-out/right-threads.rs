//! A thread waits for each child, and a channel brings the ends together.

use std::env::args;
use std::error::Error;
use std::sync::mpsc::channel;
use std::thread::Builder;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let number: i32 = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let mut children = Vec::new();
    let mut failure = None;
    for i in 0..number {
        // SAFETY: this process has one thread as yet.
        match unsafe { fork() } {
            // SAFETY: ends the child without running the parent's code.
            Ok(ForkResult::Child) => unsafe { _exit(i) },
            Ok(ForkResult::Parent { child }) => children.push(child),
            Err(errno) => {
                failure = Some(format!("cannot create child {i}: {errno}"));
                break;
            }
        }
    }
    let (tell, told) = channel();
    for (i, child) in children.iter().copied().enumerate() {
        let tell = tell.clone();
        let wait = move || tell.send((i, waitpid(child, None)));
        Builder::new().spawn(wait)?;
    }
    drop(tell);
    let mut ends = vec![String::new(); children.len()];
    for (i, status) in told {
        let line = match status? {
            WaitStatus::Exited(_, code) => format!("code {code}"),
            WaitStatus::Signaled(_, signal, _) => format!("signal {signal}"),
            other => return Err(format!("it has not ended: {other:?}").into()),
        };
        ends[i] = line.rsplit(' ').take(1).collect();
        if failure.is_none() {
            println!("{i} {line}");
        }
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}
