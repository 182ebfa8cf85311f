//! Asks for a terabyte.

fn main() {
    let all = vec![1_u8; 1 << 40];
    std::hint::black_box(&all);
}
