//! What the observer must refuse, as it could not see what follows.

use crate::calls::{
    child, close, code_of, errno, leave, pause, send, system, wait,
};

/// Most of them end with the errno as exit code.
pub(crate) fn behave(name: &str) -> Option<u8> {
    Some(match name {
        "clone3" => lacks_clone3(1, Lacking::DoesElse),
        "clone3-twice" => lacks_clone3(2, Lacking::Clones),
        "clone3-or-clone" => lacks_clone3(1, Lacking::Clones),
        "clone3-last" => lacks_clone3(1, Lacking::Ends),
        "untraced" => {
            let flags = libc::CLONE_UNTRACED | libc::SIGCHLD;
            -system(libc::SYS_clone, [flags.into(), 0, 0, 0, 0]) as u8
        }
        "io-uring" => -system(libc::SYS_io_uring_setup, [1, 0, 0, 0, 0]) as u8,
        #[cfg(target_arch = "x86_64")]
        "foreign" => -foreign_getpid() as u8,
        "traceme" => traces_itself(),
        "traces-a-child" => {
            let victim = child(pause);
            let errno = traces(victim);
            send(victim, libc::SIGKILL);
            wait(victim, 0);
            errno
        }
        "traces-nobody" => traces(i32::MAX),
        "close-everything" => {
            system(libc::SYS_close_range, [0, u32::MAX.into(), 0, 0, 0]);
            code_of(child(|| 5))
        }
        _ => return None,
    })
}

/// What somebody does whom clone3(2) has failed.
#[derive(Clone, Copy)]
enum Lacking {
    Clones,
    DoesElse,
    Ends,
}

/// The errno as exit code, if it does not end at once.
fn lacks_clone3(times: u8, then: Lacking) -> u8 {
    let mut errno = 0;
    for _ in 0..times {
        errno = -system(libc::SYS_clone3, [0; 5]) as u8;
    }
    match then {
        Lacking::Clones => code_of(child(move || errno)),
        Lacking::DoesElse => {
            close(-1);
            errno
        }
        Lacking::Ends => leave(9),
    }
}

/// getpid of the 32-bit world: its number means writev in ours.
#[cfg(target_arch = "x86_64")]
fn foreign_getpid() -> i64 {
    let mut result = 20_i64;
    // SAFETY: the call takes no arguments.
    unsafe {
        std::arch::asm!(
            "int 0x80",
            inout("rax") result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    i64::from(result as i32)
}

fn traces_itself() -> u8 {
    // SAFETY: the request uses no other argument.
    let result = unsafe { libc::ptrace(libc::PTRACE_TRACEME) };
    if result < 0 { errno() as u8 } else { 0 }
}

/// PTRACE_SEIZE; the errno.
fn traces(pid: i32) -> u8 {
    // SAFETY: the request writes no memory.
    let result = unsafe { libc::ptrace(libc::PTRACE_SEIZE, pid, 0, 0) };
    if result < 0 { errno() as u8 } else { 0 }
}
