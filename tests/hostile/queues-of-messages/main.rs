//! Fills queues of messages that nobody takes.

use nix::libc;

fn main() {
    let message = [1_u64; 1024];
    for _ in 0..200 {
        // SAFETY: the message lives over the call.
        unsafe {
            let queue = libc::msgget(libc::IPC_PRIVATE, 0o600);
            if queue < 0 {
                break;
            }
            let size = 8000;
            libc::msgsnd(queue, message.as_ptr().cast(), size, libc::IPC_NOWAIT);
        }
    }
}
