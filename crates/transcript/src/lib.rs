//! Test support: runs a lesson as a person would, gives its pids names, and
//! compares what it prints with what its README shows.
//!
//! Nothing here forks: a test harness has threads, and `fork` in a process
//! with threads copies locks whose holders stay behind.

#![forbid(unsafe_code)]

mod console;
mod lesson;
mod normal;
mod run;

pub use lesson::Lesson;
pub use normal::normalised;
pub use run::{Run, run};

/// The lesson in whose tests this is written.
#[macro_export]
macro_rules! lesson {
    () => {
        $crate::Lesson {
            name: env!("CARGO_PKG_NAME"),
            folder: env!("CARGO_MANIFEST_DIR"),
            program: env!(concat!("CARGO_BIN_EXE_", env!("CARGO_PKG_NAME"))),
        }
    };
}
