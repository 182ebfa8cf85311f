//! Asks for root's rights, by every call that could give them.

use nix::libc;

fn main() {
    // SAFETY: numbers only.
    let gained = unsafe { libc::setuid(0) == 0 && libc::setgid(0) == 0 };
    let status = std::fs::read_to_string("/proc/self/status");
    let status = status.unwrap_or_default();
    let rights = status.lines().filter(|it| it.starts_with("Cap"));
    let has_some = rights
        .map(|it| it.trim_end_matches('0'))
        .any(|it| !it.ends_with(char::is_whitespace));
    if has_some {
        println!("escaped: {gained}");
    }
}
