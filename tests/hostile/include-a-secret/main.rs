//! Takes a file of whoever builds it into its program.

fn main() {
    println!("{}", include_str!("@CANARY@"));
}
