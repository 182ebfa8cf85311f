//! The work, each in the ways that the lessons teach.

pub(crate) mod array;
pub(crate) mod bandwidth;
pub(crate) mod counter;
pub(crate) mod creating;
pub(crate) mod ending;
pub(crate) mod hand_off;
pub(crate) mod queue;
pub(crate) mod round_trip;
pub(crate) mod state;
pub(crate) mod tree;
