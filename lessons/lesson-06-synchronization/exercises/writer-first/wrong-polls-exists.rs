//! The reader looks again and again whether the file is there, also if it never
//! comes: no trace has these questions, a hold hears them.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::thread::yield_now;

use nix::libc::_exit;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let file = args_os().nth(1).ok_or("usage: letter FILE")?;
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error.into());
        }
        _ => {}
    }
    // SAFETY: this process has one thread.
    let reader = match unsafe { fork() }? {
        ForkResult::Child => end(read(&file)),
        ForkResult::Parent { child } => child,
    };
    // SAFETY: this process has one thread.
    let writer = match unsafe { fork() } {
        Ok(ForkResult::Child) => end(write(&file)),
        Ok(ForkResult::Parent { child }) => Ok(child),
        Err(errno) => Err(errno),
    };
    let mut statuses = vec![waitpid(reader, None)?];
    statuses.push(waitpid(writer?, None)?);
    let is_well = |it: &WaitStatus| matches!(it, WaitStatus::Exited(_, 0));
    match statuses.iter().all(is_well) {
        true => Ok(()),
        false => Err("one of the two has failed".into()),
    }
}

fn write(file: &OsStr) -> Result {
    fs::write(file, "An Error is a Sweet Taste\n")?;
    println!("Data written to file successfully.");
    Ok(())
}

fn read(file: &OsStr) -> Result {
    while !std::path::Path::new(file).exists() {
        yield_now();
    }
    let data = fs::read_to_string(file)?;
    println!("Data read from file: {}", data.trim_end());
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
