//! Each process tells its sum by its exit code, which has eight bits.

use std::env::args;
use std::error::Error;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [processes, additions] = numbers[..] else {
        return Err("usage: counter P N".into());
    };
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                // SAFETY: ends the child without the parent's code.
                unsafe { _exit(additions as i32) }
            }
            Ok(ForkResult::Parent { .. }) => created += 1,
            Err(errno) => forked = Err(errno),
        }
    }
    let mut value = 0;
    for _ in 0..created {
        if let WaitStatus::Exited(_, sum) = wait()? {
            value += sum;
        }
    }
    forked?;
    println!("Counter value: {value}");
    Ok(())
}
