//! Takes a right answer into its program.

fn main() {
    println!("{}", include_str!("@ANSWER@"));
}
