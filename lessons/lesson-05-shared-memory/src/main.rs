//! A `MAP_SHARED` page is the same memory in every process that maps it; a
//! load and a store are two steps, and another process may step in between.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-05-shared-memory`

use std::process::ExitCode;

use common::{Demo, Lesson, Race};

mod counter;
mod futex;
mod layout;
mod lost_update;
mod mapping;
mod named;
mod numbers;
mod partition;
mod private;
mod races;

fn main() -> ExitCode {
    Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).races(RACES).run()
}

const DEMOS: &[Demo] = &[
    Demo::new("counter", "five processes, one addition each", counter::run),
    Demo::new(
        "lost-update",
        "load, load, store, store: one addition vanishes",
        lost_update::run,
    ),
    Demo::new(
        "private",
        "the same address, another memory: the parent sees 0",
        private::run,
    ),
    Demo::new(
        "numbers",
        "two processes square every cell: fourth powers",
        numbers::run,
    ),
    Demo::new(
        "partition",
        "each process squares its own half: squares, no lock",
        partition::run,
    ),
    Demo::new(
        "named",
        "the life of a shared memory object with a name",
        named::run,
    ),
    Demo::new(
        "layout",
        "one object at two addresses: no pointers inside",
        layout::run,
    ),
    Demo::new("futex", "sleeping until a cell changes", futex::run),
];

const RACES: &[Race] = &[
    Race::new(
        "an addition is lost",
        races::naive_counter,
        races::right_counter,
    ),
    Race::new("a squaring is lost", races::naive_numbers, races::right_numbers),
];
