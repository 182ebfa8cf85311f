//! A queue hands over whole messages, each to exactly one consumer; "is it
//! empty?" asks nothing about the end: only the last sender's disappearance
//! tells of it.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-05-queues`

use std::process::ExitCode;

use common::{Demo, Lesson, Race};

mod between;
mod bounded;
mod copied;
mod empty;
mod end;
mod full;
mod inside;
mod message_queue;
mod once;
mod priorities;
mod race;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).races(RACES).run()
}

const DEMOS: &[Demo] = &[
    Demo::new(
        "between",
        "three items from one process to another, then the end",
        between::run,
    ),
    Demo::new(
        "empty",
        "the naive way: a consumer that asks whether there is something",
        empty::run,
    ),
    Demo::new("inside", "the same items, between two threads", inside::run),
    Demo::new(
        "copied",
        "why a queue in memory does not cross fork",
        copied::run,
    ),
    Demo::new("once", "two consumers, and each item to one of them", once::run),
    Demo::new(
        "full",
        "a queue without a limit has one: its sender waits",
        full::run,
    ),
    Demo::new(
        "bounded",
        "three slots, and what the fourth send does",
        bounded::run,
    ),
    Demo::new(
        "priorities",
        "the highest first, then the oldest",
        priorities::run,
    ),
    Demo::new("end", "who learns that nothing more will come", end::run),
];

const RACES: &[Race] =
    &[Race::new("items left behind", race::naive, race::right)];
