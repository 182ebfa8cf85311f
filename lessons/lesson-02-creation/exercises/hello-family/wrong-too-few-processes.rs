//! One process prints both lines.

use nix::unistd::getpid;

fn main() {
    println!("child {} of {}", getpid().as_raw() + 1, getpid());
    println!("parent {}", getpid());
}
