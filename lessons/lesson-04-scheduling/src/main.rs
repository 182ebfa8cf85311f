//! The scheduler gives every runnable process a share of a CPU by its weight;
//! niceness sets the weight, 1.25 times per step, and matters only where
//! processes compete for the same CPU.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-04-scheduling`

use std::process::ExitCode;

use common::{Demo, Lesson};

mod affinity;
mod child;
mod cpu;
mod errors;
mod ignored;
mod niceness;
mod order;
mod privilege;
mod refused;
mod rival;
mod shared;
mod shares;
mod switches;
mod waiting;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).run()
}

const DEMOS: &[Demo] = &[
    Demo::new("refused", "nice is a one-way street", refused::run),
    Demo::new(
        "ignored",
        "the naive way: a failure that looks like success",
        ignored::run,
    ),
    Demo::new(
        "shares",
        "two processes on one CPU, at five distances",
        shares::run,
    ),
    Demo::new("errors", "three refusals, three rules", errors::run),
    Demo::new("child", "niceness survives fork and exec", child::run),
    Demo::new(
        "affinity",
        "which CPUs a process may use, and which it uses",
        affinity::run,
    ),
    Demo::new(
        "switches",
        "who gives up the CPU, and who loses it",
        switches::run,
    ),
    Demo::new("waiting", "what it costs to wait", waiting::run),
    Demo::new("order", "the same three jobs, three orders", order::run),
];
