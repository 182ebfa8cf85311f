//! Does something.

fn main() {
    println!("something");
}
