//! A lock says "not at the same time"; it never says "you first". Exclusion
//! and order are two needs, and each has its own tool.
//!
//! Read README.md beside this folder.
//! Run: `cargo run -p lesson-06-synchronization`

use std::process::ExitCode;

use common::{Demo, Lesson, Race};

mod condition;
mod cure;
mod deadlock;
mod file_locks;
mod holder_died;
mod locks;
mod lost_wake_up;
mod monitor;
mod mutex;
mod order;
mod race;
mod semaphore;
mod shared;
mod too_early;
mod wrong_kind;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).races(RACES).run()
}

const DEMOS: &[Demo] = &[
    Demo::new("order", "the writer first, then the reader", order::run),
    Demo::new(
        "too-early",
        "the naive way: a lock, and the reader comes first",
        too_early::run,
    ),
    Demo::new("mutex", "one at a time: no increment is lost", mutex::run),
    Demo::new(
        "semaphore",
        "a number with a queue: lock, order, throttle",
        semaphore::run,
    ),
    Demo::new(
        "monitor",
        "state, lock and conditions in one type",
        monitor::run,
    ),
    Demo::new(
        "lost-wake-up",
        "a wake-up that comes before the waiter",
        lost_wake_up::run,
    ),
    Demo::new("deadlock", "two locks, two orders: a ring", deadlock::run),
    Demo::new("cure", "two locks, one order: no ring", cure::run),
    Demo::new(
        "holder-died",
        "a lock whose holder was killed, with and without a will",
        holder_died::run,
    ),
    Demo::new("file-locks", "three locks on a file, compared", file_locks::run),
    Demo::new(
        "wrong-kind",
        "a mutex for threads, between processes",
        wrong_kind::run,
    ),
];

const RACES: &[Race] =
    &[Race::new("the reader finds no file", race::naive, race::right)];
