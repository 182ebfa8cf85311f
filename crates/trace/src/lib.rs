//! What the processes of a run did, as plain data.
//!
//! A trace is JSON Lines: a [`Header`], then one [`Event`] a line, then an end
//! line that counts them. It knows no operating system: an observer writes
//! it, pictures and rules read it, and so may other people's tools.
//!
//! Events stand in causal order: a process is created before it does
//! anything, bytes are written before they are read, a child ends before it
//! is waited for. `seq` counts them from 0.

#![forbid(unsafe_code)]

mod event;
mod lines;
mod who;

pub use event::{
    Call, Ending, Event, Held, Level, Object, Reached, WaitsFor, What,
};
pub use lines::{Copying, Header, ReadError, Reader, VERSION, Writer};
pub use who::{BadWho, Who};
