//! A random tree of processes whose truth is known: the same seed gives the
//! same tree, and `--truth` prints what an observer must have seen.
//!
//! usage: `random-tree SEED` or `random-tree --truth SEED`
//!
//! `scripts/check-truth` runs a thousand of them under the observer.

#![expect(clippy::print_stdout, reason = "the truth is data, on stdout")]

use std::env;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::process::ExitCode;

mod live;
mod plan;
mod truth;

use live::Place;
use plan::Child;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |word: &str| word.parse::<u64>().ok();
    match words[..] {
        ["--truth", seed] => {
            let Some(seed) = number(seed) else { return usage() };
            let first = Child::first(seed);
            truth::of(&first).iter().for_each(|line| println!("{line}"));
            ExitCode::SUCCESS
        }
        [seed] => {
            let Some(seed) = number(seed) else { return usage() };
            live::prepare();
            Place::first(seed).live(&Child::first(seed), None)
        }
        // A process of the tree that has executed this program anew.
        [seed, path, mine, others] => {
            let Some(seed) = number(seed) else { return usage() };
            let first = Child::first(seed);
            let Some((place, child)) = Place::find(seed, path, &first) else {
                return usage();
            };
            live::prepare();
            drop(inherited(others));
            place.live(child, inherited(mine))
        }
        _ => usage(),
    }
}

/// A descriptor that the parent has left open for this process.
fn inherited(number: &str) -> Option<OwnedFd> {
    let fd: RawFd = number.parse().ok()?;
    // SAFETY: the parent passes descriptors that it made for this process;
    // nothing here knows them yet.
    (fd > 2).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
}

fn usage() -> ExitCode {
    eprintln!("usage: random-tree SEED | random-tree --truth SEED");
    ExitCode::from(2)
}
