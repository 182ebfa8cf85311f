//! Ends by signals.

use nix::sys::resource::{Resource, setrlimit};

use crate::calls::{child, pause, send, system, wait};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "die" => die(number),
        "die-of-each" => die_of_each(),
        "pauses" => pause(),
        _ => return None,
    })
}

/// The signals that end a process: not SIGKILL's exceptions, which stop it
/// or do nothing.
pub(crate) fn deadly() -> impl Iterator<Item = i32> {
    let harmless = [
        libc::SIGCHLD,
        libc::SIGCONT,
        libc::SIGSTOP,
        libc::SIGTSTP,
        libc::SIGTTIN,
        libc::SIGTTOU,
        libc::SIGURG,
        libc::SIGWINCH,
    ];
    // The C library keeps 32 and 33 for its threads.
    (1..=64).filter(move |signal| !harmless.contains(signal))
}

fn die(signal: i32) -> u8 {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).expect("less is allowed");
    // posix_spawn(3) leaves 32 and 33 ignored, and signal(2) refuses them.
    let action = [0_u64; 4];
    let action = (&raw const action).expose_provenance() as i64;
    system(libc::SYS_rt_sigaction, [signal.into(), action, 0, 8, 0]);
    send(crate::calls::my_pid(), signal);
    pause()
}

fn die_of_each() -> u8 {
    for signal in deadly() {
        let status = wait(child(|| die(signal)), 0);
        if !libc::WIFSIGNALED(status) || libc::WTERMSIG(status) != signal {
            return signal as u8;
        }
    }
    0
}
