//! Calls itself without end.

fn deeper(depth: u64) -> u64 {
    let here = std::hint::black_box([depth; 512]);
    deeper(depth + 1) + here[1]
}

fn main() {
    println!("{}", deeper(0));
}
