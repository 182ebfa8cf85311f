//! A macro that doubles itself.

#![recursion_limit = "4096"]

macro_rules! twice {
    ($($all:tt)*) => { twice! { $($all)* $($all)* } };
}

twice! { x }

fn main() {}
