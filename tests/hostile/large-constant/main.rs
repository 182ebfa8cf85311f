//! A program of a terabyte.

static ALL: [u8; 1 << 40] = [1; 1 << 40];

fn main() {
    println!("{}", ALL[7]);
}
