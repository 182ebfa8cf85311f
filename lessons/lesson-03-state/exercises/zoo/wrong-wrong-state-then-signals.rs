//! It collects the fourth child before `ready`, and signals to its pid at the
//! end.

use std::error::Error;
use std::hint::spin_loop;
use std::io::{Read, Write, pipe, stdin};

use nix::libc::_exit;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause};

struct Animal(Pid);

impl Drop for Animal {
    fn drop(&mut self) {
        kill(self.0, Signal::SIGKILL).ok();
        waitpid(self.0, None).ok();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let _sleeps = create('S')?;
    let _runs = create('R')?;
    let stops = create('T')?;
    waitpid(stops.0, Some(WaitPidFlag::WUNTRACED))?;
    let dead = create('Z')?;
    waitpid(dead.0, None)?;
    println!("ready");
    stdin().read_line(&mut String::new())?;
    Ok(())
}

/// Creates a child, and returns when it is about to go into its state.
fn create(letter: char) -> Result<Animal, Box<dyn Error>> {
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
            let child = Animal(child);
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
