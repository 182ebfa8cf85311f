//! A child tells of its end through a pipe, before it ends.

use std::env::args;
use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, wait, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let number: i32 = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let (mut read_end, mut write_end) = pipe()?;
    let mut children: Vec<Pid> = Vec::new();
    for i in 0..number {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                write_end.write_all(&[u8::try_from(i)?])?;
                // SAFETY: ends the child without running the parent's code.
                unsafe { _exit(i) }
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
    let mut ends = vec![String::new(); children.len()];
    for _ in &children {
        let mut told = [0];
        read_end.read_exact(&mut told)?;
        let i = usize::from(told[0]);
        let status = waitpid(children[i], None)?;
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
