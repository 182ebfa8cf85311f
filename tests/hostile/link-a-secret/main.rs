//! Tells the linker to read a file of whoever builds it.

#[link(name = "hostile", kind = "static")]
unsafe extern "C" {}

fn main() {
    println!("built");
}
