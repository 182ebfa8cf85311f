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
//! thread by thread where tables were parted. A process for which the kernel
//! works while it waits (io_uring, io_submit(2)) may move whoever depends on
//! it.
//!
//! Strangers go on while they are looked at. They are looked at until for all
//! whose sockets lead to each other there was a moment at which they rested,
//! and until nobody new is there: at that moment none of them had what the
//! tree needs, and who has not inherited it by then never will. Descriptors in messages that nobody has
//! received, and those that were given to a ring, are looked for too; which
//! they are is read by a look into the message (`MSG_PEEK`) through a copy of
//! the socket, or else they may be any.
//!
//! A task may be kept in its call by something else: a frozen cgroup, a
//! filter of seccomp(2) that has somebody else asked, a page that somebody
//! else fills. It counts as moved from outside.
//!
//! # What cannot be seen
//! - An alarm(2) or setitimer(2): the kernel tells nobody, and execve(2) keeps
//!   it. A task that handles SIGALRM counts as moving. Where SIGALRM would end
//!   a process, the verdict "stuck" has the reservation [`Unless::Alarm`], in
//!   the answer and in its last sentence. There is none if an observer saw
//!   every such call ([`Question::has_all_alarms`]), or if root may read that
//!   the kernel has no such timer at all.
//! - Which eventfd a memory cgroup of version 1 raises: where one is mounted,
//!   a wait for an eventfd has the reservation [`Unless::Cgroup`]. Nor which
//!   one a virtual machine or a device was given: where somebody has one,
//!   such a wait counts as moving.
//! - The descriptors of a process that we may not read. One inherits from its
//!   parent, so such a process counts as a holder if it is the parent of the
//!   first process (or further above, with nobody between whom we can read), a
//!   child of such a one, or if it began later than the tree and has one of
//!   the tree's ancestors for a parent, as who has left the tree has, and is
//!   of the same user or session. An older one of the same user counts if the
//!   pipe is older still; of anything but a pipe the age is not told. Before
//!   Linux 6.15 a pipe that was read looks younger: the verdict has the
//!   reservation [`Unless::Age`], but where we began the tree and do not have
//!   the pipe. A closed tree has no such holder.
//! - Processes beyond our pid namespace. A pipe that is older than the first
//!   process of the namespace leads there; of anything else the age is not
//!   told. Whoever uses a file by its name there takes no part in a closed
//!   tree.
//! - A stranger that never rests while it is looked at, and moves a descriptor
//!   at every look from where the look has not come to where it has been: it
//!   is looked at 12 times, and 30 times if it does not have the same each
//!   time; its own sockets are looked into 8 times. If several never rest
//!   whose sockets lead to each other, nobody is called stuck; but sockets are
//!   not known that are there for less time than a look takes.
//! - A ring of io_uring that its process has neither as a descriptor nor
//!   mapped, since it has registered it with itself
//!   (`IORING_REGISTER_RING_FDS`, `IORING_SETUP_REGISTERED_FD_ONLY`). Of a
//!   stranger's ring that is only mapped, or that has work in hand, nobody
//!   knows which files it has: while one is there, every object has a holder
//!   outside.
//! - What a stranger does to a process from outside with the right to trace
//!   it: ptrace(2), pidfd_getfd(2), writing to `/proc/PID/fd`, killing it.
//! - Where kcmp(2) is refused (in a container, for one), sets and timers are
//!   told apart by their looks, and a set with an event or a timer in it
//!   counts as moving.
//! - A closed tree is a promise of who asks: who opens its objects by their
//!   names, breaks it. Whoever holds one of its objects counts all the same,
//!   also one to whom it only sends.
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
mod closes;
mod doubts;
mod error;
mod fifos;
mod futex;
mod graph;
mod helpers;
mod hindered;
mod hints;
mod holdings;
mod keepers;
mod lessons;
mod limits;
mod links;
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
mod restless;
mod rings;
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
pub use helpers::RESTS;
pub use plain::plain;
pub use proc::Refusal;
pub use question::{Question, Tree, explain, watch, watch_and_tell};
