//! A program that somebody stops: `worker MODE [MODE-OF-ITS-CHILD]`. It says
//! `ready` when it and its child are what they are to be.
//!
//! | mode | at SIGTERM |
//! |---|---|
//! | `plain` | is killed by it |
//! | `polite` | says `bye` and ends |
//! | `stubborn` | does nothing |
//! | `brief` | ends by itself before |

use std::env::args;
use std::error::Error;
use std::io::{Read, Write, pipe};

use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
use nix::unistd::{ForkResult, fork, pause};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let modes: Vec<String> = args().skip(1).collect();
    let mode = modes.first().ok_or("usage: worker MODE [MODE]")?;
    if let Some(child) = modes.get(1) {
        start(child)?;
    }
    prepare(mode)?;
    println!("{}", if mode == "brief" { "done" } else { "ready" });
    work(mode)
}

/// Starts a child, and waits until it is prepared.
fn start(mode: &str) -> Result {
    let (mut prepared, mut tell) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(prepared);
            prepare(mode)?;
            tell.write_all(b"!")?;
            drop(tell);
            let code = i32::from(work(mode).is_err());
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(code) }
        }
        ForkResult::Parent { .. } => {
            drop(tell);
            Ok(prepared.read_exact(&mut [0])?)
        }
    }
}

fn prepare(mode: &str) -> Result {
    match mode {
        "polite" => SigSet::from(Signal::SIGTERM).thread_block()?,
        // SAFETY: to ignore a signal runs no code.
        "stubborn" => {
            unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }?;
        }
        _ => {}
    }
    Ok(())
}

fn work(mode: &str) -> Result {
    match mode {
        "brief" => Ok(()),
        "polite" => {
            SigSet::from(Signal::SIGTERM).wait()?;
            println!("bye");
            Ok(())
        }
        _ => loop {
            pause();
        },
    }
}
