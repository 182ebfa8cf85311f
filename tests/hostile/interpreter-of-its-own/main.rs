//! Names a loader of its own in its program.

#[used]
#[unsafe(link_section = ".interp")]
static LOADER: [u8; 11] = *b"@/bin/true\0";

fn main() {
    println!("something");
}
