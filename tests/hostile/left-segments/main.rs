//! Leaves a segment, a queue and a set of semaphores of System V behind.

use nix::libc;

fn main() {
    // SAFETY: numbers only.
    unsafe {
        libc::shmget(libc::IPC_PRIVATE, 4096, 0o600);
        libc::msgget(libc::IPC_PRIVATE, 0o600);
        libc::semget(libc::IPC_PRIVATE, 1, 0o600);
    }
}
