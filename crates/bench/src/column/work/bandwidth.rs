//! Megabytes through a pipe, in writes of 64 KiB.

use common::{Context, Error, Result};
use nix::unistd::{pipe, read, write};

use crate::clock::{now, pin};
use crate::crew::{hire, reap};
use crate::task::Task;

const CHUNK: usize = 64 << 10;

/// Nanoseconds for a mebibyte; `count` of them are sent.
pub(crate) fn measure(task: &Task) -> Result<f64> {
    if task.way != "pipe" {
        return Err(task.unknown());
    }
    let all = task.count << 20;
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;
    let (gate, opener) = pipe().context("cannot make the gate")?;
    let sender = hire(|| {
        pin(task.last_cpu())?;
        let chunk = vec![b'x'; CHUNK];
        read(&gate, &mut [0])?;
        for _ in 0..all / CHUNK {
            let mut rest = &chunk[..];
            while !rest.is_empty() {
                rest = &rest[write(&write_end, rest)?..];
            }
        }
        Ok(())
    })?;
    drop(write_end);
    let mut buffer = vec![0; CHUNK];
    let mut received = 0;
    let begun = now();
    write(&opener, b"!").context("cannot open the gate")?;
    loop {
        match read(&read_end, &mut buffer)? {
            0 => break,
            length => received += length,
        }
    }
    let took = now() - begun;
    reap(sender)?;
    match received == all && buffer[CHUNK - 1] == b'x' {
        true => Ok(took as f64 / task.count as f64),
        false => Err(Error::new(format!("{received} bytes of {all} came"))),
    }
}
