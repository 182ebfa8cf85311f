//! Line by line, as bytes; a thread of the child prints what another reads.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, PipeReader, Read, Write, pipe, stdout};
use std::sync::mpsc::sync_channel;
use std::thread::scope;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: until-eof FILE")?;
    let file = BufReader::new(File::open(path)?);
    let (read_end, mut write_end) = pipe()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(write_end);
            let printed = print_in_capitals(read_end).inspect_err(|error| {
                eprintln!("the child cannot go on: {error}");
            });
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(printed.is_err())) }
        }
        ForkResult::Parent { child } => {
            drop(read_end);
            let sent = each_line(file, |line| write_end.write_all(&line));
            drop(write_end);
            let status = waitpid(child, None)?;
            sent?;
            match status {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the child: {status:?}").into()),
            }
        }
    }
}

fn print_in_capitals(read_end: PipeReader) -> std::io::Result<()> {
    let (give, take) = sync_channel::<Vec<u8>>(8);
    scope(|scope| {
        let printer = scope.spawn(|| {
            take.into_iter().try_for_each(|line| {
                stdout().write_all(&line.to_ascii_uppercase())
            })
        });
        let read = each_line(BufReader::new(read_end), |line| {
            give.send(line).map_err(std::io::Error::other)
        });
        drop(give);
        printer.join().expect("it does not panic")?;
        read
    })?;
    stdout().flush()
}

fn each_line<R: Read>(
    mut from: BufReader<R>,
    mut take: impl FnMut(Vec<u8>) -> std::io::Result<()>,
) -> std::io::Result<()> {
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        take(line)?;
    }
}
