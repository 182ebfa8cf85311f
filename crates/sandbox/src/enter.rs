//! The way into namespaces: a fork that returns twice, outside and inside.
//!
//! Outside, the caller waits for a *warden*, which has made the namespaces;
//! its child is the *init*, pid 1 of the new pid namespace, which collects
//! orphans; init's child is the caller, inside. When that ends, so does
//! init, and the kernel kills whatever is left.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use libc::c_int;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, raise};
use nix::unistd::{
    ForkResult, Pid, fork, getegid, geteuid, getpid, getppid, pipe2,
};

use crate::cgroup::Cgroup;
use crate::mounts::{self, Failed};

/// The namespaces of level full.
const OWN: c_int = libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUTS;

/// Who comes back from [`enter`].
#[derive(Debug)]
pub enum Entered {
    /// The caller, in namespaces of its own.
    Inside,
    /// The caller as it was; what went in has ended.
    Over(Outside),
}

/// How it ended inside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outside {
    /// With this exit code.
    Code(u8),
    /// It was killed by this signal.
    Signal(i32),
}

/// Goes into namespaces: user, pid, mount, net, IPC, UTS.
///
/// Inside, the machine is read-only but for a scratch folder, which
/// `TMPDIR` names, `/dev/shm` and `/dev/mqueue`; all three are empty and are
/// gone with the tree. Outside, this waits until it is over. Nothing that
/// lives inside outlives the caller inside or outside.
///
/// The process must have one thread.
///
/// # Arguments
/// `needed`: paths that must stay in sight; where the scratch folder would
/// cover one of them, another place is taken.
///
/// # Errors
/// If this machine refuses a step, which the error names; then nothing has
/// happened.
pub fn enter(needed: &[PathBuf]) -> io::Result<Entered> {
    let scratch = mounts::scratch(needed).ok_or_else(|| {
        io::Error::other("no folder is free to become the scratch folder")
    })?;
    let cgroup = Cgroup::make();
    let (trouble, teller) = pipe2(OFlag::O_CLOEXEC)?;
    let outside = getpid();
    let attended = Attended::begin()?;
    // SAFETY: the caller has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(trouble);
            drop(attended);
            if let Some(cgroup) = cgroup.as_ref() {
                cgroup.join();
            }
            if let Err(failed) = become_init(outside, &scratch) {
                tell(teller, failed);
            }
            drop(teller);
            // The outer one removes it.
            if let Some(cgroup) = cgroup {
                cgroup.leave();
            }
            // SAFETY: one thread.
            unsafe { env::set_var("TMPDIR", &scratch) };
            Ok(Entered::Inside)
        }
        ForkResult::Parent { child } => {
            drop(teller);
            let said = read(trouble)?;
            let status = attended.wait_for(child)?;
            match said {
                None => Ok(Entered::Over(outcome(status))),
                Some(said) => Err(io::Error::other(said)),
            }
        }
    }
}

/// While somebody is inside: a signal that would end the caller ends them
/// first, and the caller ends when nobody of them is left.
struct Attended {
    before: SigSet,
}

const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

impl Attended {
    fn begin() -> io::Result<Self> {
        let mut awaited: SigSet = ENDING.into_iter().collect();
        awaited.add(Signal::SIGCHLD);
        let before = awaited.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { before })
    }

    /// The raw status of the warden.
    fn wait_for(self, warden: Pid) -> io::Result<c_int> {
        let mut awaited: SigSet = ENDING.into_iter().collect();
        awaited.add(Signal::SIGCHLD);
        // Init becomes its child when the warden is killed.
        prctl::set_child_subreaper(true)?;
        loop {
            if let Some(status) = has_ended(warden)? {
                prctl::set_child_subreaper(false)?;
                return Ok(status);
            }
            match awaited.wait()? {
                Signal::SIGCHLD => {}
                signal => {
                    kill(warden, Signal::SIGKILL).ok();
                    while !matches!(nix::sys::wait::wait(), Err(Errno::ECHILD))
                    {
                    }
                    drop(self);
                    raise(signal)?;
                    return Err(io::Error::other(format!("{signal} came")));
                }
            }
        }
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.before.thread_set_mask().ok();
    }
}

fn has_ended(child: Pid) -> io::Result<Option<c_int>> {
    let mut status = 0;
    // SAFETY: the status is memory of this function.
    let ended =
        unsafe { libc::waitpid(child.as_raw(), &mut status, libc::WNOHANG) };
    Ok((Errno::result(ended)? != 0).then_some(status))
}

/// Of a failed step nobody inside is left.
fn tell(teller: OwnedFd, (step, errno): Failed) -> ! {
    let words = format!("cannot {step}: {}", errno.desc());
    fs::File::from(teller).write_all(words.as_bytes()).ok();
    // SAFETY: ends a process that nothing else is to run in.
    unsafe { libc::_exit(1) }
}

fn read(trouble: OwnedFd) -> io::Result<Option<String>> {
    let mut said = String::new();
    fs::File::from(trouble).read_to_string(&mut said)?;
    Ok(Some(said).filter(|it| !it.is_empty()))
}

/// In the caller's child: makes the namespaces and stays behind as warden,
/// then as init. Only the innermost process returns.
pub(crate) fn become_init(outside: Pid, scratch: &Path) -> Result<(), Failed> {
    dies_with(outside)?;
    let (user, group) = (geteuid(), getegid());
    // SAFETY: one number.
    Errno::result(unsafe { libc::unshare(OWN) }).map_err(|errno| {
        ("make user, pid, mount, net, IPC and UTS namespaces", errno)
    })?;
    // Who may not set groups may map the one that it has.
    map("setgroups", "deny".to_owned())?;
    map("uid_map", format!("{user} {user} 1"))?;
    map("gid_map", format!("{group} {group} 1"))?;
    stay_behind()?;
    prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(|errno| ("be init", errno))?;
    mounts::arrange(scratch)?;
    mounts::raise_loopback()
        .map_err(|errno| ("raise the loopback device", errno))?;
    stay_behind()
}

fn map(file: &'static str, text: String) -> Result<(), Failed> {
    fs::write(format!("/proc/self/{file}"), text).map_err(|error| {
        let errno = error.raw_os_error().map_or(Errno::EIO, Errno::from_raw);
        ("map its own user into the user namespace", errno)
    })
}

/// Whoever asked may be killed: so is its child, then.
fn dies_with(parent: Pid) -> Result<(), Failed> {
    let set = prctl::set_pdeathsig(Signal::SIGKILL);
    let set = set.and_then(|()| match getppid() == parent {
        true => Ok(()),
        false => Err(Errno::ESRCH), // before the line above
    });
    set.map_err(|errno| ("tie itself to who asked", errno))
}

/// The child goes on; this process waits for it, collecting whoever else
/// ends, and ends as it did.
fn stay_behind() -> Result<(), Failed> {
    // SAFETY: one thread, since the caller has only one.
    let child = match unsafe { fork() }.map_err(|errno| ("fork", errno))? {
        ForkResult::Child => return Ok(()),
        ForkResult::Parent { child } => child,
    };
    close_all();
    // Whoever went in decides what a signal to all of them means.
    ENDING.into_iter().collect::<SigSet>().thread_block().ok();
    let code = match wait_for(child).map(outcome) {
        Ok(Outside::Code(code)) => i32::from(code),
        Ok(Outside::Signal(signal)) => 128 + signal,
        Err(_) => 1,
    };
    // SAFETY: nothing of the caller may run in here.
    unsafe { libc::_exit(code) }
}

/// Who waits keeps no pipe of the caller's open.
fn close_all() {
    // SAFETY: three numbers; nothing here uses a descriptor from now on.
    unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
}

/// The raw status of that child; others are collected meanwhile.
fn wait_for(child: Pid) -> io::Result<c_int> {
    loop {
        let mut status = 0;
        // SAFETY: the status is memory of this function.
        let ended = unsafe { libc::waitpid(-1, &mut status, 0) };
        match Errno::result(ended) {
            Ok(pid) if pid == child.as_raw() => return Ok(status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn outcome(status: c_int) -> Outside {
    if libc::WIFSIGNALED(status) {
        return Outside::Signal(libc::WTERMSIG(status));
    }
    let code = libc::WEXITSTATUS(status) as u8;
    match code.checked_sub(128) {
        Some(signal @ 1..=64) => Outside::Signal(signal.into()),
        _ => Outside::Code(code),
    }
}
