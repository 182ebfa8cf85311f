//! Level full: what a keeper tells of what processes do, and how it ends.

#[path = "../support/mod.rs"]
mod support;

mod causes;
mod channels;
mod endings;
mod kin;
mod namespaces;
mod refusals;
mod signals;
mod tables;
mod zombies;
