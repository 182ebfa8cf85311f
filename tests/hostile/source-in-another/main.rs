//! Takes files of the course for modules of its own.

#[path = "@ANSWER@"]
mod answer;

#[path = "/proc/self/environ"]
mod environment;

fn main() {}
