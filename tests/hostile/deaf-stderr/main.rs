//! Lets nobody write to its standard error without waiting, fills it with a keeper's lines and runs too long.

use nix::fcntl::{FcntlArg, OFlag, fcntl};

fn main() {
    fcntl(std::io::stderr(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).ok();
    let line = b"forklore: the run was ended: SIGTERM came\n";
    loop {
        nix::unistd::write(std::io::stderr(), line).ok();
        nix::unistd::sleep(1);
    }
}
