//! Takes a file into its program that has no end.

static ALL: &[u8] = include_bytes!("/dev/zero");

fn main() {
    println!("{}", ALL.len());
}
