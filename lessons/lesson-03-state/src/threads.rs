//! The letter of a process is the letter of its main thread.

use std::thread;

use common::{Context, Error, Result, say};
use nix::unistd::getpid;

use crate::proc_stat::{letter, letter_in, wait_for_letter};

pub(crate) fn run() -> Result {
    say!("main thread: my process is {}", letter(getpid())?);

    let second = thread::Builder::new()
        .spawn(second_thread)
        .context("cannot start the second thread")?;
    // join blocks: from here on nobody but the second thread can ask.
    second.join().map_err(|_| Error::new("the second thread panicked"))?
}

fn second_thread() -> Result {
    wait_for_letter(getpid(), 'S')?;
    say!("second thread: my process is {}", letter(getpid())?);
    say!("second thread: I am {}", letter_in("/proc/thread-self/stat")?);
    Ok(())
}
