//! The tree itself: every process does what its plan says.

use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, ExitCode};
use std::ptr;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::{Id, WaitPidFlag, wait, waitid, waitpid};
use nix::unistd::{
    ForkResult, Pid, execv, fork, getpid, pause, pipe2, read, write,
};

use crate::plan::{Act, Birth, Child, DEADLY, End, Link, Wait};

/// The real-time signal between parent and child; glibc's SIGRTMIN is 34.
pub(crate) const NUDGE: i32 = 37;

const PROGRAM: &str = "/proc/self/exe";

/// Who a process is: its seed, and its path in the tree, `A.1.2`.
#[derive(Debug)]
pub(crate) struct Place {
    seed: u64,
    path: String,
}

/// What all processes inherit, unless std's Command resets it.
pub(crate) fn prepare() {
    setrlimit(Resource::RLIMIT_CORE, 0, 0).ok();
    for number in DEADLY {
        // A shell's background job ignores some.
        // SAFETY: the default action is no handler that could run.
        unsafe { signal(number, SigHandler::SigDfl) }.ok();
    }
    let nudge = nudge();
    // SAFETY: the set is initialised, no old one is asked for.
    unsafe { libc::sigprocmask(libc::SIG_BLOCK, &nudge, ptr::null_mut()) };
}

/// nix knows no set that holds a real-time signal.
fn nudge() -> libc::sigset_t {
    let mut set = std::mem::MaybeUninit::uninit();
    // SAFETY: initialises the whole set.
    unsafe { libc::sigemptyset(set.as_mut_ptr()) };
    // SAFETY: the set was initialised in the line above.
    unsafe { libc::sigaddset(set.as_mut_ptr(), NUDGE) };
    // SAFETY: as above.
    unsafe { set.assume_init() }
}

impl Place {
    pub(crate) fn first(seed: u64) -> Self {
        Self { seed, path: "A".to_owned() }
    }

    /// The process of this path, and its plan.
    pub(crate) fn find<'a>(
        seed: u64,
        path: &str,
        first: &'a Child,
    ) -> Option<(Self, &'a Child)> {
        let mut child = first;
        for k in path.split('.').skip(1) {
            let k: usize = k.parse().ok()?;
            child = child.children().nth(k.checked_sub(1)?)?;
        }
        Some((Self { seed, path: path.to_owned() }, child))
    }

    /// Does all that its plan says; comes back only if that fails.
    pub(crate) fn live(&self, me: &Child, link: Option<OwnedFd>) -> ExitCode {
        let Err(error) = self.try_to_live(me, link);
        eprintln!("random-tree {}: {}: {error}", self.seed, self.path);
        ExitCode::from(99)
    }

    fn try_to_live(
        &self,
        me: &Child,
        link: Option<OwnedFd>,
    ) -> io::Result<Infallible> {
        let mut later = Vec::new();
        let mut children = 0;
        for act in &me.acts {
            match act {
                Act::Echo { bytes, cloexec } => echo(*bytes, *cloexec)?,
                Act::FailingExec => fail_to_execute(c"/no/such/program"),
                Act::Ignored => kill(getpid(), Signal::SIGURG)?,
                Act::Bear(child) => {
                    children += 1;
                    let path = format!("{}.{children}", self.path);
                    let place = Self { seed: self.seed, path };
                    let pid = place.bear(child)?;
                    if child.wait == Wait::Later {
                        later.push(pid);
                    }
                }
            }
        }
        for pid in later {
            if me.drains { wait() } else { waitpid(pid, None) }?;
        }
        // Now the parent may kill: what is traced is done.
        match (me.link, link) {
            (Link::Up { bytes, piece }, Some(link)) => {
                send(&link, bytes, piece)?;
            }
            (Link::Down { piece, .. }, Some(link)) => {
                while receive(&link, piece)? > 0 {}
            }
            _ => {}
        }
        if me.is_nudged {
            let mut number = 0;
            // SAFETY: the set is initialised; the number is this function's.
            unsafe { libc::sigwait(&nudge(), &mut number) };
        }
        end(me.end)
    }

    /// The parent's part: makes the child and treats it as its plan says.
    fn bear(&self, child: &Child) -> io::Result<Pid> {
        let (mine, its) = match child.link {
            Link::None => (None, None),
            Link::Up { .. } => {
                let (read_end, write_end) = pipe2(OFlag::empty())?;
                (Some(read_end), Some(write_end))
            }
            Link::Down { .. } => {
                let (read_end, write_end) = pipe2(OFlag::empty())?;
                (Some(write_end), Some(read_end))
            }
        };
        let (pid, mine) = self.create(child, mine, its)?;
        match (child.link, mine) {
            (Link::Up { bytes, piece }, Some(link)) => {
                let mut got = 0;
                while got < bytes {
                    got += receive(&link, piece)?;
                }
            }
            (Link::Down { bytes, piece }, Some(link)) => {
                send(&link, bytes, piece)?;
            }
            _ => {}
        }
        treat(child, pid)?;
        Ok(pid)
    }

    fn create(
        &self,
        child: &Child,
        mine: Option<OwnedFd>,
        its: Option<OwnedFd>,
    ) -> io::Result<(Pid, Option<OwnedFd>)> {
        if child.birth == Birth::Spawn {
            let process = Command::new(PROGRAM)
                .args(self.arguments(its.as_ref(), mine.as_ref()))
                .spawn()?;
            return Ok((Pid::from_raw(process.id() as i32), mine));
        }
        let created = match child.birth {
            // SAFETY: this process has one thread.
            Birth::Clone => unsafe { raw_clone() },
            // SAFETY: this process has one thread.
            _ => unsafe { fork() },
        }?;
        let pid = match created {
            ForkResult::Parent { child } => return Ok((child, mine)),
            ForkResult::Child => getpid(),
        };
        if child.birth == Birth::ForkExecFailing {
            fail_to_execute(c"/no/such/program");
            fail_to_execute(c"/proc/self/status");
        }
        if matches!(child.birth, Birth::ForkExec | Birth::ForkExecFailing) {
            let arguments = self.arguments(its.as_ref(), mine.as_ref());
            let mut all = vec![CString::new("random-tree")?];
            for argument in arguments {
                all.push(CString::new(argument)?);
            }
            execv(&CString::new(PROGRAM)?, &all)?;
        }
        drop(mine);
        self.live(child, its);
        eprintln!("random-tree: {pid} should not be here");
        // SAFETY: ends the child without running its parent's code.
        unsafe { libc::_exit(99) }
    }

    fn arguments(
        &self,
        its: Option<&OwnedFd>,
        others: Option<&OwnedFd>,
    ) -> [String; 4] {
        let number = |fd: Option<&OwnedFd>| {
            fd.map_or(-1, AsRawFd::as_raw_fd).to_string()
        };
        let seed = self.seed.to_string();
        [seed, self.path.clone(), number(its), number(others)]
    }
}

/// clone(2) as fork(2): what glibc does where there is no fork.
///
/// # Safety
/// As fork(2): the caller has one thread.
unsafe fn raw_clone() -> nix::Result<ForkResult> {
    let (flags, none) = (libc::c_long::from(libc::SIGCHLD), 0 as libc::c_long);
    // SAFETY: no flag shares memory, no pointer is passed.
    let pid = unsafe {
        libc::syscall(libc::SYS_clone, flags, none, none, none, none)
    };
    Ok(match Errno::result(pid)? {
        0 => ForkResult::Child,
        pid => ForkResult::Parent { child: Pid::from_raw(pid as i32) },
    })
}

fn fail_to_execute(path: &std::ffi::CStr) {
    let Err(_) = execv(path, &[path]);
}

fn treat(child: &Child, pid: Pid) -> io::Result<()> {
    if child.is_nudged {
        let value = libc::sigval { sival_ptr: ptr::null_mut() };
        // SAFETY: plain values.
        let result = unsafe { libc::sigqueue(pid.as_raw(), NUDGE, value) };
        Errno::result(result)?;
    }
    if let End::Killed { signal, stops } = child.end {
        if stops {
            kill(pid, Signal::SIGSTOP)?;
            waitpid(pid, Some(WaitPidFlag::WUNTRACED))?;
            kill(pid, Signal::SIGCONT)?;
            waitpid(pid, Some(WaitPidFlag::WCONTINUED))?;
        }
        kill(pid, signal)?;
    }
    let exited = WaitPidFlag::WEXITED;
    match child.wait {
        Wait::Now => drop(waitpid(pid, None)?),
        Wait::Any => drop(wait()?),
        Wait::Id => drop(waitid(Id::Pid(pid), exited)?),
        Wait::Twice => {
            waitid(Id::Pid(pid), exited | WaitPidFlag::WNOWAIT)?;
            waitpid(pid, None)?;
        }
        Wait::NoStatus => {
            // SAFETY: no status is asked for.
            let result =
                unsafe { libc::waitpid(pid.as_raw(), ptr::null_mut(), 0) };
            Errno::result(result)?;
        }
        Wait::Later | Wait::Never => {}
    }
    Ok(())
}

fn echo(bytes: usize, cloexec: bool) -> io::Result<()> {
    let flags = if cloexec { OFlag::O_CLOEXEC } else { OFlag::empty() };
    let (read_end, write_end) = pipe2(flags)?;
    send(&write_end, bytes, bytes)?;
    let mut got = 0;
    while got < bytes {
        got += receive(&read_end, bytes)?;
    }
    Ok(())
}

fn send(to: &OwnedFd, bytes: usize, piece: usize) -> io::Result<()> {
    let buffer = vec![b'x'; piece];
    let mut left = bytes;
    while left > 0 {
        left -= write(to, &buffer[..piece.min(left)])?;
    }
    Ok(())
}

fn receive(from: &OwnedFd, piece: usize) -> io::Result<usize> {
    Ok(read(from, &mut vec![0; piece])?)
}

fn end(end: End) -> io::Result<Infallible> {
    match end {
        // SAFETY: ends this process; nothing is left to be done.
        End::Code(code) => unsafe { libc::_exit(code.into()) },
        End::Raise(signal) => kill(getpid(), signal)?,
        End::Killed { .. } => loop {
            pause();
        },
        End::BrokenPipe => {
            // SAFETY: the default action is no handler that could run.
            unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
            let (read_end, write_end) = pipe2(OFlag::empty())?;
            drop(read_end);
            write(write_end, b"x")?;
        }
    }
    Err(io::Error::other("it should have died"))
}
