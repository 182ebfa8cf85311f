//! What becomes of children that end: what their parent does with SIGCHLD,
//! and which signal tells it.

use std::ffi::{c_int, c_void};
use std::{ptr, thread};

use libc::pid_t;

use crate::calls::{
    await_end, become_observed, child, close, code_of, leave, pipe, system,
    wait,
};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "ignores-children" => ignores_children(),
        "ignores-one" => ignores_one(libc::SIG_IGN, 0),
        "no-zombies-of-one" => ignores_one(libc::SIG_DFL, libc::SA_NOCLDWAIT),
        "zombies-after-exec" => zombies_after_exec(),
        "leaves-a-zombie" => leaves_a_zombie(),
        "tells-by" => tells_by(number),
        "tells-by-after-exec" => tells_by_after_exec(number),
        "waits-in-vain" => waits_in_vain(number),
        "executes-before-it-tells" => executes_before_it_tells(),
        "shares-dispositions" => shares_dispositions(),
        "hands-on-a-zombie" => hands_on_a_zombie(number),
        _ => return None,
    })
}

/// Without SIGCHLD the kernel collects children by itself.
fn ignores_children() -> u8 {
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    child(|| 0);
    u8::from(wait(-1, 0) != -libc::ECHILD)
}

/// The kernel collects its first child, which has ended before it wants
/// zombies again, and not its second.
fn ignores_one(handler: libc::sighandler_t, flags: i32) -> u8 {
    for (handler, flags) in [(handler, flags), (libc::SIG_DFL, 0)] {
        // SAFETY: zero is a value of every field.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = handler;
        action.sa_flags = flags;
        // SAFETY: no handler is installed.
        unsafe {
            libc::sigaction(libc::SIGCHLD, &action, ptr::null_mut());
        }
        let child = child(|| 0);
        await_zombie_or_none(child);
    }
    0
}

/// A disposition without a handler survives exec, its flags do not.
fn zombies_after_exec() -> u8 {
    // SAFETY: zero is a value of every field: SIG_DFL.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_flags = libc::SA_NOCLDWAIT;
    // SAFETY: no handler is installed.
    unsafe { libc::sigaction(libc::SIGCHLD, &action, ptr::null_mut()) };
    -become_observed(&["leaves-a-zombie"]) as u8
}

fn leaves_a_zombie() -> u8 {
    let child = child(|| 0);
    await_zombie_or_none(child);
    0
}

fn await_zombie_or_none(pid: i32) {
    let is_there = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
        stat.is_ok_and(|stat| !stat.contains(") Z "))
    };
    while is_there() {
        thread::yield_now();
    }
}

fn ignore_children() {
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
}

/// A child that sends another signal than SIGCHLD, or none, when it ends.
fn child_that_tells_by(signal: c_int, work: impl FnOnce() -> u8) -> pid_t {
    match system(libc::SYS_clone, [signal.into(), 0, 0, 0, 0]) {
        0 => leave(work()),
        child => child as pid_t,
    }
}

/// Whether SIGCHLD is ignored matters to nobody who does not send it.
fn tells_by(signal: c_int) -> u8 {
    ignore_children();
    let one = child_that_tells_by(signal, || 3);
    let status = wait(one, libc::__WCLONE);
    u8::from(status < 0 || libc::WEXITSTATUS(status) != 3)
}

/// To a parent that has executed a program since, each child sends SIGCHLD.
fn tells_by_after_exec(signal: c_int) -> u8 {
    ignore_children();
    let [read_end, write_end] = pipe();
    child_that_tells_by(signal, || {
        close(write_end);
        await_end(read_end);
        0
    });
    close(read_end);
    -become_observed(&["waits-in-vain", &write_end.to_string()]) as u8
}

fn waits_in_vain(write_end: c_int) -> u8 {
    close(write_end);
    u8::from(wait(-1, libc::__WALL) != -libc::ECHILD)
}

/// A child that executes a program sends SIGCHLD from then on.
fn executes_before_it_tells() -> u8 {
    ignore_children();
    let one = child_that_tells_by(0, || -become_observed(&["exit", "0"]) as u8);
    await_zombie_or_none(one);
    u8::from(wait(-1, libc::__WALL) != -libc::ECHILD)
}

extern "C" fn ignores_for_both(_: *mut c_void) -> c_int {
    ignore_children();
    0
}

/// What one ignores the other ignores too.
fn shares_dispositions() -> u8 {
    let mut stack = vec![0_u128; 4096];
    let top = stack.as_mut_ptr_range().end.cast();
    let shared = libc::CLONE_VM | libc::CLONE_SIGHAND;
    let flags = shared | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child has a stack of its own, and its parent waits.
    unsafe { libc::clone(ignores_for_both, top, flags, ptr::null_mut()) };
    let one = child(|| 0);
    await_zombie_or_none(one);
    u8::from(wait(-1, 0) != -libc::ECHILD)
}

/// A subreaper gets a zombie, which it wants (1) or not (0).
fn hands_on_a_zombie(is_wanted: i32) -> u8 {
    let on = libc::PR_SET_CHILD_SUBREAPER.into();
    system(libc::SYS_prctl, [on, 1, 0, 0, 0]);
    let [read_end, write_end] = pipe();
    let parent = child(|| {
        close(write_end);
        let one = child(|| 0);
        await_zombie_or_none(one);
        await_end(read_end);
        0
    });
    if is_wanted == 0 {
        ignore_children();
        close(write_end);
        return u8::from(wait(-1, 0) != -libc::ECHILD);
    }
    close(write_end);
    code_of(parent) + code_of(-1)
}
