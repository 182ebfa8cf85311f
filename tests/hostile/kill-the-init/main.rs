//! Kills process 1.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn main() {
    if kill(Pid::from_raw(1), Signal::SIGTERM).is_ok() {
        println!("escaped");
    }
}
