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
//! # What cannot be seen
//! An alarm(2) is told nowhere: a task that would notice SIGALRM counts as
//! moving. What is not understood counts as moving too. A process of another
//! user that holds one of the tree's descriptors is seen only where the tree
//! itself has no holder left; a descriptor on its way in a message is seen
//! only if the socket that will receive it is of the tree.

mod answer;
mod calls;
mod causes;
mod census;
mod children;
mod error;
mod futex;
mod graph;
mod hints;
mod holdings;
mod lessons;
mod locks;
mod memory;
mod moving;
mod names;
mod parse;
mod pipes;
mod plain;
mod proc;
mod question;
mod queues;
mod says;
mod scene;
mod sets;
mod signals;
mod sockets;
mod tables;
mod tell;
mod wait;

pub use answer::{
    Answer, Basis, Cause, Holder, Process, SHOWN, Thread, VERSION, Verdict,
    WaitsFor,
};
pub use error::Error;
pub use plain::plain;
pub use proc::Refusal;
pub use question::{Question, Tree, explain, watch};
