//! A pipe is a queue of bytes in the kernel, with a read end and a write end;
//! its reader meets the end only when no process holds a write end any more.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-05-pipes`

use std::process::ExitCode;

use common::{Demo, Lesson};

mod alone;
mod atomic;
mod borders;
mod capacity;
mod deadlock;
mod end_of_file;
mod messages;
mod no_reader;
mod pipeline;
mod report;
mod sieve;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).run()
}

const DEMOS: &[Demo] = &[
    Demo::new(
        "report",
        "a worker reports to its parent, and is answered",
        report::run,
    ),
    Demo::new(
        "messages",
        "three messages, each acknowledged, then the end",
        messages::run,
    ),
    Demo::new(
        "alone",
        "the naive way: an answer that never leaves its sender",
        alone::run,
    ),
    Demo::new(
        "end-of-file",
        "every copy of the write end counts",
        end_of_file::run,
    ),
    Demo::new(
        "borders",
        "bytes travel, the borders of messages do not",
        borders::run,
    ),
    Demo::new("no-reader", "writing where nobody reads", no_reader::run),
    Demo::new("capacity", "how much a pipe holds", capacity::run),
    Demo::new("atomic", "which writes are never cut", atomic::run),
    Demo::new("pipeline", "three programs joined by two pipes", pipeline::run),
    Demo::new(
        "deadlock",
        "write everything, then read: nobody moves",
        deadlock::run,
    ),
    Demo::new("sieve", "a chain of processes finds primes", sieve::run),
];
