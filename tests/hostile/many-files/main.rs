//! Makes files without end, all empty and FIFOs.

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

fn main() {
    for number in 0..30_000 {
        if mkfifo(&*format!("hostile-mark-{number}"), Mode::S_IRUSR).is_err() {
            break;
        }
    }
}
