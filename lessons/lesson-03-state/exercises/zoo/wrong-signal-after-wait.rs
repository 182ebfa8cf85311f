//! It collects the fourth child first, and then signals to its pid as well.

use std::error::Error;
use std::hint::spin_loop;
use std::io::{Read, Write, pipe, stdin};

use nix::libc::_exit;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::{Id, WaitPidFlag, wait, waitid, waitpid};
use nix::unistd::{ForkResult, Pid, fork, pause};

struct Zoo(Vec<Pid>);

impl Drop for Zoo {
    fn drop(&mut self) {
        if let [_, _, _, dead] = self.0[..] {
            waitpid(dead, None).ok();
        }
        for animal in &self.0 {
            kill(*animal, Signal::SIGKILL).ok();
        }
        while wait().is_ok() {}
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut zoo = Zoo(Vec::new());
    for letter in ['S', 'R', 'T', 'Z'] {
        let pid = create(letter)?;
        zoo.0.push(pid);
        match letter {
            'T' => {
                waitpid(pid, Some(WaitPidFlag::WUNTRACED))?;
            }
            'Z' => {
                let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
                waitid(Id::Pid(pid), look)?;
            }
            _ => {}
        }
    }
    println!("ready");
    stdin().read_line(&mut String::new())?;
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
