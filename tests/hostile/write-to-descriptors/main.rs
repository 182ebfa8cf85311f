//! Writes to every descriptor beyond the first three: one may lead to the verdict.

use nix::libc;

fn main() {
    let forged = b"{\"event\":\"exit\",\"code\":0}\n";
    for fd in 3..1024 {
        // SAFETY: the bytes live over the call.
        let written =
            unsafe { libc::write(fd, forged.as_ptr().cast(), forged.len()) };
        if written > 0 {
            println!("escaped");
        }
    }
}
