//! Calls and signals, as the man pages name them.

use nix::sys::signal::Signal;

/// The function that a program calls, where the kernel's name is another.
pub(crate) fn of_call(call: &str) -> &str {
    match call {
        "rt_sigtimedwait" => "sigwait",
        "rt_sigsuspend" => "sigsuspend",
        "mq_timedsend" => "mq_send",
        "mq_timedreceive" => "mq_receive",
        "semtimedop" => "semop",
        "pselect6" => "pselect",
        "openat" => "open",
        other => other,
    }
}

/// `SIGTERM`; real-time signals count from `SIGRT0`, which is 32.
fn signal(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) => format!("SIGRT{}", number - 32),
    }
}

/// The signals of a kernel's 64-bit set.
pub(crate) fn signals(set: u64) -> Vec<String> {
    (0..64)
        .filter(|bit| set >> bit & 1 == 1)
        .map(|bit| signal(bit + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::signals;

    #[test]
    fn a_signal_has_its_name() {
        assert_eq!(signals(1 << 16 | 1), ["SIGHUP", "SIGCHLD"]);
        assert_eq!(signals(1 << 33), ["SIGRT2"]);
    }
}
