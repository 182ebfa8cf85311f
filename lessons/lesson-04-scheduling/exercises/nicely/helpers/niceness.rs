//! Says what its own niceness is after so many steps up; runs beside a
//! program, until its standard input ends.

use std::env::args;
use std::io::{copy, sink, stdin};

use nix::libc::{PRIO_PROCESS, getpriority};

fn main() -> std::io::Result<()> {
    let steps: i32 = args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(0);
    // SAFETY: two numbers go in, no memory is touched.
    let own = unsafe { getpriority(PRIO_PROCESS, 0) };
    println!("{}", (own + steps).min(19));
    copy(&mut stdin(), &mut sink()).map(drop)
}
