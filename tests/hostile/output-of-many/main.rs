//! Many children print without end.

use std::io::{self, Write};

use nix::unistd::{ForkResult, fork};

fn main() {
    for _ in 0..20 {
        // SAFETY: this process has one thread.
        if let Ok(ForkResult::Child) = unsafe { fork() } {
            break;
        }
    }
    let line = [b'x'; 1 << 12];
    while io::stdout().write_all(&line).is_ok() {}
}
