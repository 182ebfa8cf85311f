//! A process ends by exit or by a signal, and stays a zombie until its parent
//! has collected its status; a signal is sent, not done: its effect must be
//! waited for.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-07-termination`

use std::process::ExitCode;

use common::{Demo, Lesson, Race};

mod block_first;
mod cleanup;
mod endings;
mod gate;
mod groups;
mod handler;
mod nobody_left;
mod polite;
mod races;
mod reap;
mod state;
mod terminate;
mod unwaited;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).races(RACES).run()
}

const DEMOS: &[Demo] = &[
    Demo::new(
        "terminate",
        "ask a worker to end, wait, and only then say so",
        terminate::run,
    ),
    Demo::new(
        "unwaited",
        "the naive way: said too early, and a zombie is left",
        unwaited::run,
    ),
    Demo::new("endings", "every ending has a status", endings::run),
    Demo::new("polite", "a request, a grace period, force", polite::run),
    Demo::new("reap", "five endings, one signal", reap::run),
    Demo::new("handler", "what a signal handler may do", handler::run),
    Demo::new(
        "block-first",
        "a worker that ends before it is in the table",
        block_first::run,
    ),
    Demo::new("groups", "one signal for a whole group", groups::run),
    Demo::new("cleanup", "what still runs at which ending", cleanup::run),
    Demo::new(
        "nobody-left",
        "a worker that ends with its parent",
        nobody_left::run,
    ),
];

const RACES: &[Race] = &[
    Race::new(
        "it still ran when its end was announced",
        races::announce_at_once,
        races::announce_after_wait,
    ),
    Race::new(
        "it was ended before it had begun",
        races::end_at_once,
        races::end_after_begun,
    ),
];
