//! The first process: forked, seized, filtered, then the program.
//!
//! Whether this machine allows that is found out by doing it.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use libc::{c_int, sock_filter, sock_fprog};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal, kill, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, execv, fork, getpid, getppid, pipe2};

use crate::filter;
use crate::plan::{Act, Plan};
use crate::plan_calls::rows;
use crate::ptrace::{Report, Resume, Stop, Tid, next_report, resume, seize};
use crate::request::Confined;
use crate::signals::Inherited;

/// A run that has begun.
#[derive(Debug)]
pub(crate) struct Launched {
    pub(crate) first: Tid,
    /// Where it stands: at its first observed call, or further.
    pub(crate) report: Report,
    trouble: OwnedFd,
}

/// Why a run did not begin.
#[derive(Debug)]
pub(crate) enum Failed {
    /// This machine does not let a process observe its child: which call was
    /// refused, and why.
    Refused(&'static str, Errno),
    /// Something else, before that.
    Other(io::Error),
}

impl From<Errno> for Failed {
    fn from(errno: Errno) -> Self {
        Self::Other(errno.into())
    }
}

/// Starts the program under the filter, seized by this process.
pub(crate) fn launch(
    path: &CStr,
    arguments: &[CString],
    plan: Option<&Plan>,
    inherited: &Inherited,
    confined: Option<&Confined>,
) -> Result<Launched, Failed> {
    let program = filter::program(rows(plan, confined.is_some()));
    let is_on_one_cpu = plan.is_some_and(|plan| plan.has(&Act::OneCpu));
    let (gate, opener) = pipe2(OFlag::O_CLOEXEC)?;
    let (trouble, teller) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: the keeper has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(opener);
            drop(trouble);
            if is_on_one_cpu {
                stay_on_one_cpu();
            }
            let trouble = become_program(gate, || {
                execute(path, arguments, inherited, || {
                    confine(confined).map_err(Trouble::Confine)?;
                    install(&program).map_err(Trouble::Filter)
                })
            });
            tell(teller, trouble)
        }
        ForkResult::Parent { child } => {
            drop(gate);
            drop(teller);
            if let Err(errno) = seize(child.as_raw()) {
                kill(child, Signal::SIGKILL).ok();
                waitpid(child, None).ok();
                return Err(Failed::Refused("PTRACE_SEIZE", errno));
            }
            // The end of file opens the gate.
            drop(opener);
            await_filter(child.as_raw(), trouble)
        }
    }
}

/// Waits until the first process stands at a call which the filter names.
fn await_filter(first: Tid, trouble: OwnedFd) -> Result<Launched, Failed> {
    loop {
        let report = match next_report(true) {
            Ok(Some((tid, report))) if tid == first => report,
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno.into()),
        };
        match report {
            Report::Stopped(Stop::Seccomp) => {
                return Ok(Launched { first, report, trouble });
            }
            Report::Stopped(Stop::Signal(signal)) => {
                resume(first, Resume::Run, signal).ok();
            }
            Report::Stopped(Stop::Group(_)) => {
                resume(first, Resume::Listen, 0).ok();
            }
            Report::Stopped(_) => {
                resume(first, Resume::Run, 0).ok();
            }
            Report::Ended { .. } => {
                return Err(match read_trouble(trouble) {
                    Some(Trouble::Filter(errno)) => {
                        Failed::Refused("seccomp", errno)
                    }
                    Some(Trouble::Exec(errno)) => errno.into(),
                    Some(Trouble::Confine(errno)) => {
                        Failed::Other(io::Error::other(format!(
                            "the program cannot be contained: {}",
                            errno.desc()
                        )))
                    }
                    None => Failed::Other(io::Error::other(
                        "the first process was killed before it began",
                    )),
                });
            }
        }
    }
}

impl Launched {
    /// What kept the program from being executed: `None` if it ran.
    ///
    /// Blocks until the one or the other; the tracee must have been let go
    /// on.
    pub(crate) fn trouble(self) -> Option<io::Error> {
        trouble_of(self.trouble)
    }
}

/// Starts the program without observing it.
pub(crate) fn start(
    path: &CStr,
    arguments: &[CString],
    inherited: &Inherited,
) -> io::Result<(i32, OwnedFd)> {
    let (trouble, teller) = pipe2(OFlag::O_CLOEXEC)?;
    let keeper = getpid();
    // SAFETY: the keeper has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(trouble);
            let trouble = execute(path, arguments, inherited, || {
                prctl::set_pdeathsig(Signal::SIGKILL)
                    .map_err(Trouble::Filter)?;
                if getppid() != keeper {
                    // It died before the line above.
                    return Err(Trouble::Filter(Errno::ESRCH));
                }
                // So that its keeper may kill whatever comes of it.
                prctl::set_no_new_privs().map_err(Trouble::Filter)
            });
            tell(teller, trouble)
        }
        ForkResult::Parent { child } => Ok((child.as_raw(), trouble)),
    }
}

/// Why a machine does not let a process observe its child.
pub(crate) fn refusal(call: &str, errno: Errno) -> String {
    let status = fs::read_to_string("/proc/self/status");
    let is_traced = status.is_ok_and(|it| !it.contains("TracerPid:\t0\n"));
    let because = if is_traced { ", since it is itself traced" } else { "" };
    format!(
        "this machine does not let a process observe its child{because}: \
         {call}: {}",
        errno.desc()
    )
}

/// What kept the program from being executed: `None` if it ran.
pub(crate) fn trouble_of(trouble: OwnedFd) -> Option<io::Error> {
    match read_trouble(trouble)? {
        Trouble::Filter(errno)
        | Trouble::Exec(errno)
        | Trouble::Confine(errno) => Some(errno.into()),
    }
}

/// What went wrong in the first process.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// This machine refuses the filter.
    Filter(Errno),
    /// It refuses the program.
    Exec(Errno),
    /// It refuses what was to contain it.
    Confine(Errno),
}

/// Ends the first process with its reason.
fn tell(teller: OwnedFd, trouble: Trouble) -> ! {
    let (kind, errno) = match trouble {
        Trouble::Filter(errno) => (1, errno as i32),
        Trouble::Exec(errno) => (2, errno as i32),
        Trouble::Confine(errno) => (3, errno as i32),
    };
    let [a, b, c, d] = errno.to_ne_bytes();
    File::from(teller).write_all(&[kind, a, b, c, d]).ok();
    // SAFETY: ends the child without running the keeper's code.
    unsafe { libc::_exit(127) }
}

fn read_trouble(trouble: OwnedFd) -> Option<Trouble> {
    let mut bytes = [0; 5];
    File::from(trouble).read_exact(&mut bytes).ok()?;
    let [kind, a, b, c, d] = bytes;
    let errno = Errno::from_raw(i32::from_ne_bytes([a, b, c, d]));
    Some(match kind {
        1 => Trouble::Filter(errno),
        3 => Trouble::Confine(errno),
        _ => Trouble::Exec(errno),
    })
}

/// On the first CPU that this process may use: its children inherit that.
fn stay_on_one_cpu() {
    let myself = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(myself) else { return };
    let is_allowed = |cpu: &usize| allowed.is_set(*cpu) == Ok(true);
    if let Some(cpu) = (0..CpuSet::count()).find(is_allowed) {
        let mut one = CpuSet::new();
        one.set(cpu).ok();
        sched_setaffinity(myself, &one).ok();
    }
}

fn confine(confined: Option<&Confined>) -> Result<(), Errno> {
    confined.map_or(Ok(()), |confined| confined())
}

fn become_program(gate: OwnedFd, execute: impl FnOnce() -> Trouble) -> Trouble {
    // Nothing the program does may happen before it is seized.
    io::copy(&mut File::from(gate), &mut io::sink()).ok();
    if let Err(errno) = prctl::set_no_new_privs() {
        return Trouble::Filter(errno);
    }
    execute()
}

/// Executes the program; returns only if that is refused.
fn execute(
    path: &CStr,
    arguments: &[CString],
    inherited: &Inherited,
    prepare: impl FnOnce() -> Result<(), Trouble>,
) -> Trouble {
    // Rust ignores it; the program shall find what a shell would give.
    // SAFETY: the default action is no handler that could run.
    let restored = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
    let restored = restored.and_then(|_| inherited.restore());
    // If it installs the filter, every observed call is seen from here on.
    let restored = restored.map_err(Trouble::Filter);
    if let Err(trouble) = restored.and_then(|()| prepare()) {
        return trouble;
    }
    match execv(path, arguments) {
        Ok(never) => match never {},
        Err(errno) => Trouble::Exec(errno),
    }
}

fn install(program: &[sock_filter]) -> Result<(), Errno> {
    let program = sock_fprog {
        len: program.len() as u16,
        filter: program.as_ptr().cast_mut(),
    };
    let none: c_int = 0;
    // SAFETY: the kernel copies the program during the call.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            none,
            &raw const program,
        )
    };
    Errno::result(result).map(drop)
}
