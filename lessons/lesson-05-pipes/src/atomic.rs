//! A write of at most PIPE_BUF bytes goes in whole or not at all; a longer
//! one may be cut.

use common::{Context, Result, say};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::libc;
use nix::unistd::{SysconfVar, pipe2, read, sysconf, write};

pub(crate) fn run() -> Result {
    let (read_end, write_end) =
        pipe2(OFlag::O_NONBLOCK).context("cannot make a pipe")?;
    let capacity = fcntl(&write_end, FcntlArg::F_GETPIPE_SZ)? as usize;
    let page = sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096) as usize;
    say!("PIPE_BUF is {} bytes", libc::PIPE_BUF);

    let mut room = capacity;
    while room > 96 {
        room -= write(&write_end, &vec![b'x'; page.min(room - 96)])?;
    }
    say!("room for {room}, 200 to write: {}", said(&write_end, 200));
    say!("room for {room}, {room} to write: {}", said(&write_end, room));

    read(&read_end, &mut vec![0; page])?;
    let long = 2 * page;
    say!("room for {page}, {long} to write: {}", said(&write_end, long));
    Ok(())
}

fn said(write_end: &impl std::os::fd::AsFd, length: usize) -> String {
    match write(write_end, &vec![b'x'; length]) {
        Ok(n) if n == length => "all of it is in".to_owned(),
        Ok(n) => format!("{n} are in, the message is cut"),
        Err(errno) => format!("{errno}, not one byte is in"),
    }
}
