//! A process gets a name, and an end that cannot run on into its parent's
//! code.

use std::ffi::CString;
use std::fs;

use nix::errno::Errno;
use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::{
    SigHandler, SigSet, SigmaskHow, Signal, kill, signal, sigprocmask,
};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, chdir, getcwd, getpid};

use crate::{Error, Result, lesson, state, trouble};

/// Names this process after its role, for `ps`, `/proc/PID/comm` and pictures
/// (`PR_SET_NAME`, at most 15 bytes).
pub fn role(name: &str) {
    let name = CString::new(name).expect("a role has no NUL byte");
    prctl::set_name(&name).expect("PR_SET_NAME reads a valid string");
}

/// Ends a forked child: exit code 0, or one line on stderr and its code. Who
/// fails takes its own children along.
///
/// A child that returned instead would run what its parent still has to do.
pub fn exit_child(outcome: Result) -> ! {
    let code = match outcome {
        Ok(()) => 0,
        // If another failed first, this failure is only its consequence.
        Err(error) => {
            if trouble::is_cause() {
                lesson::report(&error);
            }
            end_children();
            error.exit_code
        }
    };
    // SAFETY: _exit(2) ends the process here; nothing of it runs on.
    unsafe { libc::_exit(code.into()) }
}

/// Turns what `waitpid` said of a child into this process's own success or
/// failure. A child that printed its error line is not reported twice.
pub fn expect_success(status: WaitStatus) -> Result {
    match status {
        WaitStatus::Exited(_, 0) => Ok(()),
        // 125 to 127 are what nice, env and shells say when they gave up.
        WaitStatus::Exited(_, 1 | 2 | 125..=127) => Err(Error::of_a_child()),
        other => Err(Error::new(format!("a child ended badly: {other:?}"))),
    }
}

/// Undoes what a careless starter may have left: exec keeps ignored signals
/// and the mask, and with SIGCHLD ignored no status could be collected.
///
/// A limit of file sizes shall be an error (EFBIG), not a death that leaves
/// files behind. And a shell complains about a working directory that is gone.
pub(crate) fn undo_the_starter() -> Result {
    for which in [Signal::SIGCHLD, Signal::SIGTERM] {
        // SAFETY: the default action is no handler that could run.
        unsafe { signal(which, SigHandler::SigDfl) }?;
    }
    // SAFETY: to ignore a signal runs no code either.
    unsafe { signal(Signal::SIGXFSZ, SigHandler::SigIgn) }?;
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    if getcwd() == Err(Errno::ENOENT) {
        chdir("/")?;
    }
    Ok(())
}

/// After a failure: ends and reaps every process that this one still has,
/// so that a demo which gives up leaves nobody behind.
pub(crate) fn end_children() {
    // Grandchildren whose parent is killed below become our own children.
    prctl::set_child_subreaper(true).ok();
    // Where no descriptor was left, /proc could not be read. Only the end of
    // this process is still to come, and it needs none.
    // SAFETY: three numbers go in, no memory is touched.
    unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    loop {
        let children = children_of(getpid());
        for pid in &children {
            kill(*pid, Signal::SIGKILL).ok();
        }
        // Without /proc nobody is found: then nobody must be waited for.
        let how = children.is_empty().then_some(WaitPidFlag::WNOHANG);
        match waitpid(None, how) {
            Ok(WaitStatus::StillAlive) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn children_of(parent: Pid) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let all: Vec<i32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    all.into_iter()
        .filter(|pid| state::parent(*pid) == Some(parent.as_raw()))
        .map(Pid::from_raw)
        .collect()
}
