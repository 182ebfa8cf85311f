//! Changes the times of a file of whoever runs it.

use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::{TimeSpec, TimeValLike};

fn main() {
    let long_ago = TimeSpec::seconds(1);
    let follow = UtimensatFlags::FollowSymlink;
    if utimensat(AT_FDCWD, "@CANARY@", &long_ago, &long_ago, follow).is_ok() {
        println!("escaped");
    }
}
