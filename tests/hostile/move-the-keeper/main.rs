//! Moves whoever follows its calls to one CPU.

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::getppid;

fn main() {
    let mut one = CpuSet::new();
    one.set(0).ok();
    if sched_setaffinity(getppid(), &one).is_ok() {
        println!("escaped");
    }
}
