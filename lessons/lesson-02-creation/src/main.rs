//! fork(2) is one call that returns twice: from then on two processes run the
//! same code with separate copies of the same memory, and only waiting orders
//! them.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-02-creation`

use std::process::ExitCode;

use common::{Demo, Lesson, Race};

mod arguments;
mod buffer;
mod copies;
mod first_line;
mod gate;
mod hello;
mod limit;
mod offset;
mod reap;
mod returns_twice;
mod threads;
mod tree;
mod worker;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).races(RACES).run()
}

const DEMOS: &[Demo] = &[
    Demo::new("hello", "one process and its number", hello::run),
    Demo::new("worker", "two processes, ordered by waiting", worker::run),
    Demo::new(
        "returns-twice",
        "one call, two return values",
        returns_twice::run,
    ),
    Demo::new("gate", "the child's line first, ordered by a pipe", gate::run),
    Demo::new(
        "arguments",
        "what a worker is given needs no transport",
        arguments::run,
    ),
    Demo::new("copies", "same address, different value", copies::run),
    Demo::new(
        "offset",
        "one open file, one offset, two processes",
        offset::run,
    ),
    Demo::new("buffer", "text that fork copies is printed twice", buffer::run),
    Demo::new("tree", "a loop of forks doubles, a parent adds", tree::run),
    Demo::new("reap", "wait for one child, wait for any", reap::run),
    Demo::new("limit", "when fork says no, and how to stay below", limit::run),
    Demo::new(
        "threads",
        "fork copies a lock, and not the thread that holds it",
        threads::run,
    ),
];

const RACES: &[Race] = &[Race::new(
    "the parent's line came first",
    first_line::naive,
    first_line::waiting,
)];
