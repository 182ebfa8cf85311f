//! Why no answer can be given.

use std::fmt;

/// A pid that cannot be asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Error {
    /// Nobody has this pid.
    Gone(i32),
    /// It has ended and waits to be collected.
    Zombie(i32),
    /// It belongs to the kernel and has no program.
    KernelThread(i32),
    /// Every process of the machine is below it.
    Init,
    /// It is the process that asks, which moves while it asks.
    Asker(i32),
    /// What /proc shows are the processes of another pid namespace: its
    /// numbers are not ours.
    ForeignProc(i32),
    /// It is a thread; its process has another pid.
    Thread {
        /// The number that was given.
        tid: i32,
        /// The process to which it belongs.
        pid: i32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(pid) => write!(
                f,
                "cannot explain pid {pid}: there is no such process; it has \
                 ended, or the number is wrong"
            ),
            Self::Zombie(pid) => write!(
                f,
                "cannot explain pid {pid}: it has ended and is a zombie; ask \
                 about its parent, which has not waited for it"
            ),
            Self::KernelThread(pid) => write!(
                f,
                "cannot explain pid {pid}: it is a thread of the kernel and \
                 runs no program; ask about a process of yours"
            ),
            Self::Init => write!(
                f,
                "cannot explain pid 1: every process of this machine is \
                 below it; ask about the first process of your program"
            ),
            Self::Asker(pid) => write!(
                f,
                "cannot explain pid {pid}: it is the process that asks, and \
                 it moves while it asks; ask about another"
            ),
            Self::ForeignProc(pid) => write!(
                f,
                "cannot explain pid {pid}: /proc is that of another pid \
                 namespace, with other numbers; mount one of this namespace \
                 there, as unshare --mount-proc does"
            ),
            Self::Thread { tid, pid } => write!(
                f,
                "cannot explain pid {tid}: it is a thread of process {pid}; \
                 ask about that"
            ),
        }
    }
}

impl std::error::Error for Error {}
