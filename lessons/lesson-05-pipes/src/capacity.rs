//! A pipe holds so much and no more; a full one makes its writer wait.

use common::{Context, Result, say};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::unistd::{SysconfVar, pipe2, read, sysconf, write};

pub(crate) fn run() -> Result {
    // Without O_NONBLOCK the first write too many would wait for a reader,
    // and the only reader is this process.
    let (read_end, write_end) =
        pipe2(OFlag::O_NONBLOCK).context("cannot make a pipe")?;
    let capacity = fcntl(&write_end, FcntlArg::F_GETPIPE_SZ)?;
    say!("the pipe has room for {capacity} bytes");

    let page = sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096) as usize;
    let mut written = 0;
    let refusal = loop {
        match write(&write_end, &vec![b'x'; page]) {
            Ok(n) => written += n,
            Err(errno) => break errno,
        }
    };
    say!("{written} bytes are in, then: {refusal}");

    let mut one_byte = [0; 1];
    read(&read_end, &mut one_byte)?;
    say!("one byte is read, one written: {}", said(write(&write_end, b"x")));

    // The kernel keeps a pipe in pages, and a page is free when all of it is.
    read(&read_end, &mut vec![0; page - 1])?;
    say!(
        "a whole page is read, one written: {}",
        said(write(&write_end, b"x"))
    );
    Ok(())
}

fn said(outcome: nix::Result<usize>) -> String {
    match outcome {
        Ok(n) => format!("{n} byte"),
        Err(Errno::EAGAIN) => "no room".to_owned(),
        Err(other) => other.to_string(),
    }
}
