//! Has a child in one state, says its pid, and ends it when its own standard
//! input ends: `actor LETTER NAME`, or `actor gone`.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::fs;
use std::hint::spin_loop;
use std::io::stdin;
use std::os::unix::ffi::OsStringExt;

use nix::libc::{self, _exit};
use nix::sched::sched_yield;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, raise};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pause};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1).map(OsStringExt::into_vec);
    let state = String::from_utf8(arguments.next().unwrap_or_default())?;
    let name = CString::new(arguments.next().unwrap_or_default())?;
    // SAFETY: this process has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Child => {
            prctl::set_name(&name).ok();
            play(&state);
            // SAFETY: ends the child without running the parent's code.
            unsafe { _exit(0) }
        }
        ForkResult::Parent { child } => child,
    };
    if state == "gone" {
        waitpid(child, None)?;
    } else {
        while letter(child) != state.chars().next() {
            sched_yield()?;
        }
    }
    println!("{child}");
    stdin().read_line(&mut String::new())?;
    if state != "gone" {
        kill(child, Signal::SIGKILL)?;
        waitpid(child, None)?;
    }
    Ok(())
}

fn play(state: &str) {
    match state {
        "S" => loop {
            pause();
        },
        "R" => loop {
            spin_loop();
        },
        "T" => raise(Signal::SIGSTOP).unwrap_or_default(),
        "D" => wait_as_after_vfork(),
        _ => {}
    }
}

/// The creator sleeps in D until its child ends, which is when it dies.
fn wait_as_after_vfork() {
    let flags = libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: without CLONE_VM the child has memory of its own, as after fork.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if pid == 0 {
        prctl::set_pdeathsig(Signal::SIGKILL).ok();
        loop {
            pause();
        }
    }
}

fn letter(pid: Pid) -> Option<char> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    stat.get(end + 2).map(|byte| char::from(*byte))
}
