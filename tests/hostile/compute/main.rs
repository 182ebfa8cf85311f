//! Computes without end.

fn main() {
    let mut number = 0_u64;
    loop {
        number = std::hint::black_box(number + 1);
    }
}
