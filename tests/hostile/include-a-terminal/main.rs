//! Takes into its program what is typed while it is built.

static TYPED: &[u8] = include_bytes!("/dev/tty");

fn main() {
    println!("{}", TYPED.len());
}
