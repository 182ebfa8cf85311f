//! Takes memory in sockets that nobody reads.

use std::io::Write;
use std::os::unix::net::UnixStream;

fn main() {
    let piece = vec![1; 1 << 20];
    let mut open = Vec::new();
    for _ in 0..5 {
        // SAFETY: numbers only.
        if let Ok(nix::unistd::ForkResult::Child) = unsafe { nix::unistd::fork() } {
            break;
        }
    }
    while let Ok((mut one, other)) = UnixStream::pair() {
        one.set_nonblocking(true).unwrap();
        one.write(&piece).ok();
        open.push((one, other));
    }
    loop {
        nix::unistd::pause();
    }
}
