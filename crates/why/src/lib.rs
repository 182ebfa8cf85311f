//! Says why a process tree does not move: who waits for what, who could wake
//! it, why nobody will, and which call is missing.
//!
//! No ptrace(2) and no privilege: only `/proc`, sock_diag(7), and the memory
//! of processes that we may read.
//!
//! # How
//! 1. The quiet test: every task waits, and in consecutive looks each is in
//!    the same call with the same arguments, and has not been switched to in
//!    between. Whatever is read between two such looks was true at one time.
//! 2. For each task, who could end its wait. A pipe: whoever holds the other
//!    end. A child: itself. A lock: its holder.
//! 3. A task may move if it runs, if its wait has a time limit, if somebody
//!    outside could end it, or if one of those who could end it may move.
//!    What is left is proved stuck.
//! 4. Among the stuck, the knots on which all others depend, and what is
//!    wrong there.
//!
//! # Who counts
//! Also those count who would hardly be expected to help: whoever holds
//! either end of a pipe may make it larger, whoever holds a socket may shut it
//! down, whoever holds a timer or an epoll set may set the one and add to the
//! other. They are not named as causes, but while one of them may move, nobody
//! is called stuck. Holders are looked for in every process that we may read,
//! thread by thread where tables were parted, and in sockets that have
//! descriptors on their way. A process for which the kernel works while it
//! waits (io_uring, io_submit(2)) may move whoever depends on it.
//!
//! # What cannot be seen
//! - An alarm(2) or setitimer(2): the kernel tells nobody, and execve(2) keeps
//!   it. A task that handles SIGALRM counts as moving. Where SIGALRM would end
//!   a process, the verdict "stuck" has the reservation [`Unless::Alarm`], in
//!   the answer and in its last sentence. There is none if an observer saw
//!   every such call ([`Question::has_all_alarms`]), or if root may read that
//!   the kernel has no such timer at all.
//! - The descriptors of a process that we may not read. One inherits from its
//!   parent, so such a process counts as a holder if it is the parent of the
//!   first process (or further above, with nobody between whom we can read), a
//!   child of such a one, or if it began later than the tree and has one of
//!   the tree's ancestors for a parent, as who has left the tree has, and is
//!   of the same user or session. A closed tree has no such holder.
//! - What a stranger does to a process from outside with the right to trace
//!   it: ptrace(2), pidfd_getfd(2), writing to `/proc/PID/fd`.
//! - Where kcmp(2) is refused (in a container, for one), sets and timers are
//!   told apart by their looks, and a set with an event or a timer in it
//!   counts as moving.
//!
//! What is not understood counts as moving too.

mod ages;
mod alarms;
mod answer;
mod calls;
mod causes;
mod census;
mod cgroups;
mod children;
mod doubts;
mod error;
mod futex;
mod graph;
mod helpers;
mod hindered;
mod hints;
mod holdings;
mod lessons;
mod limits;
mod locks;
mod memory;
mod moving;
mod names;
mod notices;
mod on_the_way;
mod parked;
mod parse;
mod pipes;
mod plain;
mod proc;
mod question;
mod queues;
mod same;
mod says;
mod scene;
mod sets;
mod signals;
mod sock_diag;
mod sockets;
mod strangers;
mod tables;
mod tell;
mod unseen;
mod wait;

pub use answer::{
    Answer, Basis, Cause, Holder, Process, SHOWN, Thread, Unless, VERSION,
    Verdict, WaitsFor,
};
pub use error::Error;
pub use plain::plain;
pub use proc::Refusal;
pub use question::{Question, Tree, explain, watch, watch_and_tell};
