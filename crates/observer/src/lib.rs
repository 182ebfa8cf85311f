//! Runs a command and yields the trace of its processes.
//!
//! [`observe`] starts a *keeper*: this program once more, with one thread,
//! which seizes the first process of the run with ptrace(2) and follows all
//! that come of it. So every program that observes calls [`keeper_main`]
//! before anything else.
//!
//! Where ptrace(2) or seccomp(2) is refused, the run is watched from outside
//! (level light), and its trace says so.

mod attributes;
mod bare;
mod belongings;
mod by_number;
mod ceiling;
mod closed;
mod described;
mod descriptors;
mod entered;
mod filter;
mod forbidden;
mod forbidden_calls;
mod held;
mod inject;
mod instruction;
mod keeper;
mod launch;
mod light;
mod living;
mod messages;
mod names;
mod namespace;
mod newborn;
mod observation;
mod order;
mod pending;
mod plan;
mod plan_calls;
mod plan_hold;
mod plan_io;
mod plan_run;
mod plan_signals;
mod plan_start;
mod plan_state;
mod plan_store;
mod plan_time;
mod privilege;
mod proc_stat;
mod programs;
mod ptrace;
mod refused;
mod registers;
mod request;
mod returned;
mod search;
mod sent;
mod signals;
mod stops;
mod strings;
mod table;
mod transfers;
mod tree;
mod turns;
mod waits;
mod weight;
mod zombies;

#[doc(hidden)]
pub use bare::only_stop;
pub use ceiling::{Ceilings, Reason};
pub use observation::{Observation, Observed};
pub use plan::{BadPlan, Plan};
pub use proc_stat::waited_for_cpu;
pub use request::{
    Confine, Confined, Request, Surroundings, keeper_main, keeper_main_with,
    observe, observe_in,
};
