//! Prints its own niceness and its parent's.

use std::os::unix::process::parent_id;

use nix::libc::{PRIO_PROCESS, getpriority, id_t};

fn main() {
    // SAFETY: two numbers go in, no memory is touched.
    let of = |pid: id_t| unsafe { getpriority(PRIO_PROCESS, pid) };
    println!("runs at {}, its parent at {}", of(0), of(parent_id()));
}
