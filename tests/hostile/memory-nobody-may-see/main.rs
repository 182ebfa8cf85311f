//! Lets nobody look into it, and takes memory piece by piece.

use nix::sys::prctl;

fn main() {
    prctl::set_dumpable(false).ok();
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
    }
}
