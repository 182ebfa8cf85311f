//! Each waits for the other's end of a pipe.

use nix::unistd::pipe;

use crate::Result;
use crate::process::{await_end, child, read_one, ready, shut, write_too_much};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("pipes-both-full", "pipe-cycle", "A A.1", both_write),
    Program::stuck("pipes-both-read", "pipe-cycle", "A A.1", both_read),
    Program::stuck("pipes-answer-first", "pipe-cycle", "A A.1 A.2", late),
    Program::stuck("pipes-ring", "pipe-cycle", "A A.1 A.2 A.3", ring),
    Program::stuck("pipe-to-itself", "pipe-cycle", "A", one_writes),
];

/// Both write all before they read.
fn both_write() -> Result {
    let (down_read, down_write) = pipe()?;
    let (up_read, up_write) = pipe()?;
    let filter = child(|| {
        shut(&down_write);
        shut(&up_read);
        write_too_much(&up_write)?;
        read_one(&down_read)
    })?;
    drop((down_read, up_write));
    ready()?;
    write_too_much(&down_write)?;
    read_one(&up_read)?;
    await_end(filter)
}

/// Both read first: nobody asks, so nobody answers.
fn both_read() -> Result {
    let (down_read, down_write) = pipe()?;
    let (up_read, up_write) = pipe()?;
    let server = child(|| {
        shut(&down_write);
        shut(&up_read);
        read_one(&down_read)
    })?;
    drop((down_read, up_write));
    ready()?;
    read_one(&up_read)?;
    await_end(server)
}

/// The client wants the answer before it has sent the question; the parent
/// has closed what it does not use and waits for both.
fn late() -> Result {
    let (question_read, question_write) = pipe()?;
    let (answer_read, answer_write) = pipe()?;
    let server = child(|| {
        shut(&question_write);
        shut(&answer_read);
        read_one(&question_read)
    })?;
    let client = child(|| {
        shut(&question_read);
        shut(&answer_write);
        read_one(&answer_read)
    })?;
    drop((question_read, question_write));
    drop((answer_read, answer_write));
    ready()?;
    await_end(client)?;
    await_end(server)
}

/// Each of three reads from the one before, and nobody begins.
fn ring() -> Result {
    let pipes = [pipe()?, pipe()?, pipe()?];
    let mut last = None;
    for place in 0..3 {
        let member = child(|| {
            for (number, (read_end, write_end)) in pipes.iter().enumerate() {
                if number != place {
                    shut(read_end);
                }
                if number != (place + 1) % 3 {
                    shut(write_end);
                }
            }
            read_one(&pipes[place].0)
        })?;
        last = Some(member);
    }
    drop(pipes);
    ready()?;
    await_end(last.ok_or("three children")?)
}

/// One process is writer and reader, and writes more than the pipe holds.
fn one_writes() -> Result {
    let (read_end, write_end) = pipe()?;
    ready()?;
    write_too_much(&write_end)?;
    read_one(&read_end)
}
