//! A file that is there says that the lock is taken; who is killed leaves it.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::thread::sleep;
use std::time::Duration;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, wait};
use nix::unistd::{ForkResult, fork};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let words: Vec<_> = args_os().skip(1).collect();
    let [file, processes, records] = &words[..] else {
        return Err("usage: onelog FILE P R".into());
    };
    let (processes, records) = (number(processes)?, number(records)?);
    let mut created = 0;
    let mut forked = Ok(());
    while forked.is_ok() && created < processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => end(append(file, records)),
            Ok(ForkResult::Parent { .. }) => created += 1,
            Err(errno) => forked = Err(errno),
        }
    }
    let mut has_failed = false;
    for _ in 0..created {
        has_failed |= !matches!(wait()?, WaitStatus::Exited(_, 0));
    }
    forked?;
    match has_failed {
        true => Err("records are missing".into()),
        false => Ok(()),
    }
}

fn number(word: &OsStr) -> Result<u32> {
    Ok(word.to_str().ok_or("no number")?.parse()?)
}

fn append(file: &OsStr, records: u32) -> Result {
    let mut log = OpenOptions::new().create(true).append(true).open(file)?;
    let mut lock = file.to_owned();
    lock.push(".lock");
    for _ in 0..records {
        while let Err(error) = File::create_new(&lock) {
            if error.kind() != ErrorKind::AlreadyExists {
                return Err(error.into());
            }
            sleep(Duration::from_millis(1));
        }
        let written = log.write_all(b"begin\n");
        let written = written.and_then(|()| log.write_all(b"end\n"));
        fs::remove_file(&lock)?;
        written?;
    }
    Ok(())
}

/// Ends a child, and tells by its exit code how it went.
fn end(result: Result) -> ! {
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("onelog: {error}");
            1
        }
    };
    // SAFETY: ends the child without running the parent's code.
    unsafe { _exit(code) }
}
