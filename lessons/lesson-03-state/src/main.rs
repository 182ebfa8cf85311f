//! A process runs or is ready (R), is blocked (S or D), is stopped (T), or is
//! a zombie (Z); one with one thread that asks about itself only ever reads R.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-03-state`

use std::process::ExitCode;

use common::{Demo, Lesson};

mod letters;
mod look;
mod orphan;
mod proc_stat;
mod ready;
mod spin;
mod stat;
mod stop;
mod threads;
mod through_sysinfo;
mod why_blocked;
mod zombie;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).run()
}

const DEMOS: &[Demo] = &[
    Demo::with_argument(
        "look",
        "PID",
        "the state of one process; the naive way without a pid",
        look::run,
    ),
    Demo::new(
        "letters",
        "S, R, T, Z and D: each produced, and read from outside",
        letters::run,
    ),
    Demo::new("threads", "how to read S about oneself", threads::run),
    Demo::new("ready", "two spinners, one CPU, and both are R", ready::run),
    Demo::new("stat", "a process whose name is made to mislead", stat::run),
    Demo::new("zombie", "kill -9 does nothing to the dead", zombie::run),
    Demo::new("orphan", "the parent ends first: who adopts?", orphan::run),
    Demo::new("stop", "stopped, continued, and deaf in between", stop::run),
    Demo::new(
        "why-blocked",
        "a hung reader, explained from outside",
        why_blocked::run,
    ),
];
