//! Makes threads without end.

use std::thread::{Builder, park};

fn main() {
    let mut threads = Vec::new();
    while let Ok(thread) = Builder::new().stack_size(16 << 10).spawn(park) {
        threads.push(thread);
    }
    park();
}
