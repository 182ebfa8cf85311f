//! The way into namespaces.
//!
//! Outside, the caller hears what is told inside, and waits for a *warden*,
//! which has made the namespaces; its child is the *init*, pid 1 of the new
//! pid namespace, which collects orphans; init's child works. When that ends,
//! so does init, and the kernel kills whatever is left.

use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use libc::c_int;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, raise};
use nix::sys::signalfd::{SfdFlags, SignalFd};
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

/// More is told by nobody who means well.
const MOST: usize = 1 << 28;

/// What came out.
#[derive(Debug)]
pub struct Told {
    /// What was told inside.
    pub said: Vec<u8>,
    /// How it ended.
    pub end: Outside,
}

/// How it ended inside.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outside {
    /// With this exit code.
    Code(u8),
    /// It was killed by this signal.
    Signal(i32),
}

/// Works in namespaces of its own: user, pid, mount, net, IPC, UTS.
///
/// Inside, the machine is read-only but for a scratch folder, which
/// `TMPDIR` names, `/dev/shm` and `/dev/mqueue`; all three are empty and are
/// gone with the tree. Outside, this waits until it is over. Nothing that
/// lives inside outlives the caller, or who works.
///
/// The process must have one thread.
///
/// # Arguments
/// `needed`: paths that must stay in sight; where the scratch folder would
/// cover one of them, another place is taken. `work`: gets a pipe to tell by,
/// and ends with this exit code; nothing of the caller is dropped there.
///
/// # Errors
/// If this machine refuses a step, which the error names; then nothing has
/// happened.
pub fn run_inside(
    needed: &[PathBuf],
    work: impl FnOnce(File) -> u8,
) -> io::Result<Told> {
    let scratch = mounts::scratch(needed).ok_or_else(|| {
        io::Error::other("no folder is free to become the scratch folder")
    })?;
    let cgroup = Cgroup::make();
    let (trouble, teller) = pipe2(OFlag::O_CLOEXEC)?;
    let (heard, to_tell) = pipe2(OFlag::O_CLOEXEC)?;
    let outside = getpid();
    let attended = Attended::begin()?;
    // SAFETY: the caller has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop((trouble, heard));
            if let Some(cgroup) = cgroup.as_ref() {
                cgroup.join();
            }
            go_in(outside, &scratch, teller);
            attended.leave();
            let code = work(to_tell.into());
            // SAFETY: ends this process; the outer one drops the caller's.
            unsafe { libc::_exit(code.into()) }
        }
        ForkResult::Parent { child } => {
            drop((teller, to_tell));
            let trouble = read(trouble)?;
            let (said, status) = attended.hear(child, heard)?;
            match trouble {
                None => Ok(Told { said, end: outcome(status) }),
                Some(trouble) => Err(io::Error::other(trouble)),
            }
        }
    }
}

/// In the caller's child; only the innermost process returns.
fn go_in(outside: Pid, scratch: &Path, teller: OwnedFd) {
    if let Err(failed) = become_init(outside, scratch) {
        tell(teller, failed);
    }
    // SAFETY: one thread.
    unsafe { env::set_var("TMPDIR", scratch) };
}

/// While somebody is inside: a signal that would end the caller ends them
/// first, and the caller ends when nobody of them is left.
struct Attended {
    before: SigSet,
}

const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

impl Attended {
    fn begin() -> io::Result<Self> {
        let before = awaited().thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { before })
    }

    /// As it was before.
    fn leave(&self) {
        self.before.thread_set_mask().ok();
    }

    /// What is told until nobody can tell any more, and the raw status of the
    /// warden.
    fn hear(self, warden: Pid, told: OwnedFd) -> io::Result<(Vec<u8>, c_int)> {
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let signals = SignalFd::with_flags(&awaited(), flags)?;
        // Init becomes its child when the warden is killed.
        prctl::set_child_subreaper(true)?;
        let (mut told, mut said) = (Some(File::from(told)), Vec::new());
        loop {
            // Until nobody can tell any more its pid is its own.
            if told.is_none()
                && let Some(status) = has_ended(warden)?
            {
                prctl::set_child_subreaper(false)?;
                return Ok((said, status));
            }
            match next(&signals, told.as_ref())? {
                Heard::Signal(signal) => {
                    return Err(self.end_by(signal, warden));
                }
                Heard::Words => told = told.filter(|it| goes_on(it, &mut said)),
                Heard::Nothing => {}
            }
            if said.len() > MOST {
                kill(warden, Signal::SIGKILL).ok();
                told = None;
            }
        }
    }

    /// Ends whoever is inside, and then the caller.
    fn end_by(self, signal: Signal, warden: Pid) -> io::Error {
        kill(warden, Signal::SIGKILL).ok();
        while !matches!(nix::sys::wait::wait(), Err(Errno::ECHILD)) {}
        self.leave();
        raise(signal).ok();
        io::Error::other(format!("{signal} came"))
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.leave();
    }
}

fn awaited() -> SigSet {
    ENDING.into_iter().chain([Signal::SIGCHLD]).collect()
}

enum Heard {
    Signal(Signal),
    /// They can be read, or will never come.
    Words,
    /// Somebody has ended, perhaps the warden.
    Nothing,
}

/// Waits until there is something to hear.
fn next(signals: &SignalFd, told: Option<&File>) -> io::Result<Heard> {
    let asked = [Some(signals.as_fd()), told.map(AsFd::as_fd)];
    let asked = asked.into_iter().flatten();
    let mut asked: Vec<PollFd<'_>> =
        asked.map(|it| PollFd::new(it, PollFlags::POLLIN)).collect();
    match poll(&mut asked, PollTimeout::NONE) {
        Ok(_) => {}
        Err(Errno::EINTR) => return Ok(Heard::Nothing),
        Err(errno) => return Err(errno.into()),
    }
    let has_words = asked.get(1).is_some_and(|it| it.any() == Some(true));
    let signal = signals.read_signal()?.map(|it| it.ssi_signo as c_int);
    match signal.map(Signal::try_from) {
        Some(Ok(signal)) if ENDING.contains(&signal) => {
            Ok(Heard::Signal(signal))
        }
        _ if has_words => Ok(Heard::Words),
        _ => Ok(Heard::Nothing),
    }
}

/// Takes in what is there; whether more may come.
fn goes_on(mut told: &File, said: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 1 << 16];
    match told.read(&mut buffer) {
        Ok(length) => {
            said.extend(&buffer[..length]);
            length > 0
        }
        Err(error) => error.kind() == io::ErrorKind::Interrupted,
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
    File::from(teller).write_all(words.as_bytes()).ok();
    // SAFETY: ends a process that nothing else is to run in.
    unsafe { libc::_exit(1) }
}

fn read(trouble: OwnedFd) -> io::Result<Option<String>> {
    let mut said = String::new();
    File::from(trouble).read_to_string(&mut said)?;
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
