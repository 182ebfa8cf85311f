//! Contains a process tree, and says which means hold on this machine.
//!
//! Three levels. *Full*: [`run_inside()`] puts work and all that it starts
//! into namespaces of their own, below an init of ours, where nothing outside
//! can be named, signalled or written. *Partial*: no namespaces. *None*: not
//! contained. At both first levels each program is put under a [`Confinement`]
//! before it begins: Landlock, limits, no capabilities.
//!
//! A level is never stepped down silently: what is missing is an error that
//! names it, and [`probe()`] says what would help.

mod cgroup;
mod confinement;
mod enter;
mod landlock;
mod limits;
mod mounts;
mod probe;
mod rights;

pub use confinement::{Confinement, Prepared};
pub use enter::{Outside, Told, run_inside};
pub use landlock::lacks_landlock;
pub use limits::Limits;
pub use probe::{Mechanism, probe};
