//! It creates four children, and hopes that they are where they belong.

use std::error::Error;
use std::hint::spin_loop;
use std::io::stdin;

use nix::libc::_exit;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::waitpid;
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
    let _stops = create('T')?;
    let _dead = create('Z')?;
    println!("ready");
    stdin().read_line(&mut String::new())?;
    Ok(())
}

fn create(letter: char) -> Result<Animal, Box<dyn Error>> {
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            live(letter);
            // SAFETY: ends the child without running the parent's code.
            unsafe { _exit(0) }
        }
        ForkResult::Parent { child } => Ok(Animal(child)),
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
