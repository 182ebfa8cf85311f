//! Lets the compiler compute without end.

#![allow(long_running_const_eval)]

const fn count() -> u64 {
    let mut number = 0_u64;
    loop {
        number = number.wrapping_add(1);
        if number == u64::MAX {
            return number;
        }
    }
}

const ALL: u64 = count();

fn main() {
    println!("{ALL}");
}
