//! A record lock on the file itself. The writer has it before the reader is
//! created, so that whoever wants it next comes behind the writer; a dead
//! writer has no locks.

use std::env::args_os;
use std::error::Error;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{self, _exit};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let name = args_os().nth(1).ok_or("usage: letter FILE")?;
    let (has_lock, tell) = pipe()?;
    // SAFETY: this process has one thread.
    let writer = match unsafe { fork() }? {
        ForkResult::Child => end(File::create(&name)
            .map_err(Into::into)
            .and_then(|file| write(file, tell))),
        ForkResult::Parent { child } => child,
    };
    drop(tell);
    let begun = await_lock(has_lock);
    // SAFETY: this process has one thread.
    let reader = match unsafe { fork() } {
        Ok(ForkResult::Child) => end(begun.and_then(|()| {
            let file = File::options().read(true).write(true).open(&name)?;
            read(file)
        })),
        Ok(ForkResult::Parent { child }) => Ok(child),
        Err(errno) => Err(errno),
    };
    let mut statuses = vec![waitpid(writer, None)?];
    statuses.push(waitpid(reader?, None)?);
    let is_well = |it: &WaitStatus| matches!(it, WaitStatus::Exited(_, 0));
    match statuses.iter().all(is_well) {
        true => Ok(()),
        false => Err("one of the two has failed".into()),
    }
}

fn await_lock(mut has_lock: PipeReader) -> Result {
    Ok(has_lock.read_exact(&mut [0])?)
}

fn write(mut file: File, mut tell: PipeWriter) -> Result {
    lock(&file)?;
    tell.write_all(b"!")?;
    file.write_all(b"An Error is a Sweet Taste\n")?;
    println!("Data written to file successfully.");
    Ok(())
}

fn read(mut file: File) -> Result {
    lock(&file)?;
    let mut data = String::new();
    file.read_to_string(&mut data)?;
    println!("Data read from file: {}", data.trim_end());
    Ok(())
}

fn lock(file: &File) -> Result {
    let all = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file, FcntlArg::F_SETLKW(&all))?;
    Ok(())
}

/// Ends a child, and tells by its exit code how it went.
fn end(result: Result) -> ! {
    let code = match result {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("letter: {error}");
            1
        }
    };
    // SAFETY: ends the child without running the parent's code.
    unsafe { _exit(code) }
}
