//! Dies with all its memory in a file, as large as can be.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

fn main() {
    let (_, hard) = getrlimit(Resource::RLIMIT_CORE).unwrap();
    setrlimit(Resource::RLIMIT_CORE, hard, hard).unwrap();
    std::process::abort();
}
