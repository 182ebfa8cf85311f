//! Leaves nothing.

fn main() {}
