//! Puts functions of its own in place of the C library's.

#[unsafe(no_mangle)]
extern "C" fn write(_: i32, _: *const u8, length: usize) -> isize {
    length as isize
}

#[unsafe(no_mangle)]
extern "C" fn getppid() -> i32 {
    1
}

fn main() {
    println!("hidden");
}
