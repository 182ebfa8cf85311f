//! The column Rust: one measurement, as `rust-column measure WORK WAY COUNT
//! SIZE SENDERS CPU[,CPU]`. It prints the nanoseconds for one.
#![expect(clippy::print_stdout, reason = "this program prints its result")]

use std::env;
use std::process::ExitCode;

use common::Result;

mod clock;
mod crew;
mod look;
mod task;
mod work;

// The lessons' own files: what is measured here is what they teach, and
// changes with them.
#[path = "../../../../lessons/lesson-06-synchronization/src/locks.rs"]
#[expect(dead_code, reason = "the lesson shows a mutex that knows more")]
mod locks;
#[path = "../../../../lessons/lesson-05-shared-memory/src/mapping.rs"]
#[expect(dead_code, reason = "the lesson maps objects with a name, too")]
mod mapping;
#[path = "../../../../lessons/lesson-03-state/src/proc_stat.rs"]
#[expect(dead_code, reason = "the lesson waits for a state, too")]
mod proc_stat;
#[path = "../../../../lessons/lesson-06-synchronization/src/shared.rs"]
mod shared;
#[path = "../../../../lessons/lesson-03-state/src/through_sysinfo.rs"]
#[expect(dead_code, reason = "the lesson prints the name, too")]
mod through_sysinfo;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // What a child executes that shall do nothing.
    if arguments == ["nothing"] {
        return ExitCode::SUCCESS;
    }
    match measured(&arguments) {
        Ok(ns) => {
            println!("{ns}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("rust-column: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measured(arguments: &[String]) -> Result<f64> {
    task::Task::of(arguments)?.measure()
}
