use std::error::Error;
use std::hint::spin_loop;
use std::io::{Read, Write, pipe, stdin};

use nix::libc::_exit;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pause};

fn main() -> Result<(), Box<dyn Error>> {
    let mut children = Vec::new();
    for letter in ['S', 'R', 'T', 'Z'] {
        children.push(create(letter)?);
    }
    println!("ready");
    stdin().read_line(&mut String::new())?;
    for child in children {
        kill(child, Signal::SIGKILL)?;
        waitpid(child, None)?;
    }
    Ok(())
}

/// Creates a child, and returns when it is about to go into its state.
fn create(letter: char) -> Result<Pid, Box<dyn Error>> {
    let (mut read_end, mut write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            write_end.write_all(b"!").ok();
            drop((read_end, write_end));
            live(letter);
            // SAFETY: ends the child without running the parent's code.
            unsafe { _exit(0) }
        }
        ForkResult::Parent { child } => {
            drop(write_end);
            read_end.read_exact(&mut [0])?;
            Ok(child)
        }
    }
}

fn live(letter: char) {
    match letter {
        'S' => pause(),
        'R' => loop {
            spin_loop();
        },
        'T' => raise(Signal::SIGSTOP).unwrap_or_default(),
        _ => {}
    }
}
