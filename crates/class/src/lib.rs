//! Grades a class: from a folder of submissions to records, grades and pages.
//!
//! [`Submissions`] says what was handed in and what of it is taken; a
//! [`Grading`] judges each submission by a grader of its own, and keeps a
//! [`Record`] of each in a [`Store`]. Everything behind that reads records
//! alone.
//!
//! Names, sources and what programs print come from strangers: whatever is
//! shown of them is made harmless for where it is shown.

#![forbid(unsafe_code)]

mod ask;
mod collect;
mod folder;
mod grades;
mod grading;
mod manifest;
mod merge;
mod moment;
mod page;
mod publish;
mod record;
mod roster;
mod settings;
mod shard;
mod store;
mod submissions;
mod tables;

pub use collect::{Collected, Collection, Git, from_git, from_zip};
pub use grading::{Done, Grading, Job, Report, remove};
pub use manifest::Manifest;
pub use merge::{merge, shares};
pub use moment::Moment;
pub use publish::{Published, publish};
pub use record::{Finding, Key, Outcome, Record, VERSION, Verdict, seed_of};
pub use roster::{Known, STUDENTS, System, Table, known};
pub use settings::{Late, Override, Settings};
pub use shard::Shard;
pub use store::{Hold, Store};
pub use submissions::{Student, Submissions, student_id};
