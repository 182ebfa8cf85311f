//! Names of errors and signals, as the man pages have them.

use nix::errno::Errno;
use nix::sys::signal::Signal;
use trace::Ending;

/// `EAGAIN`. A call that the kernel will restart (512 and up never reach a
/// program) was interrupted, nothing else.
pub(crate) fn errno(value: i64) -> Option<String> {
    match value {
        0.. | ..-4095 => None, // an address, as mmap(2) returns
        -4095..=-512 => Some("interrupted".to_owned()),
        _ => Some(format!("{:?}", Errno::from_raw(-value as i32))),
    }
}

/// `SIGTERM`; real-time signals count from `SIGRT0`, which is 32.
pub(crate) fn signal(number: i32) -> String {
    match Signal::try_from(number) {
        Ok(signal) => signal.as_str().to_owned(),
        Err(_) if number >= 32 => format!("SIGRT{}", number - 32),
        Err(_) => format!("signal {number}"),
    }
}

/// The signals of a kernel's 64-bit set.
pub(crate) fn signals(set: u64) -> Vec<String> {
    (0..64)
        .filter(|bit| set >> bit & 1 == 1)
        .map(|bit| signal(bit + 1))
        .collect()
}

/// A raw wait status of a process that has ended.
pub(crate) fn ending_of(status: i32) -> Ending {
    if libc::WIFSIGNALED(status) {
        Ending::Signal { signal: signal(libc::WTERMSIG(status)) }
    } else {
        Ending::Code { code: libc::WEXITSTATUS(status) as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::{errno, signal, signals};

    #[test]
    fn an_errno_has_its_name() {
        assert_eq!(errno(0), None);
        assert_eq!(errno(17), None);
        assert_eq!(errno(-11), Some("EAGAIN".to_owned()));
        assert_eq!(errno(-512), Some("interrupted".to_owned()));
    }

    #[test]
    fn a_signal_has_its_name() {
        assert_eq!(signal(15), "SIGTERM");
        assert_eq!(signal(34), "SIGRT2");
        assert_eq!(signals(1 << 16 | 1), ["SIGHUP", "SIGCHLD"]);
    }
}
