//! A program of hundreds of megabytes, of which hundreds would be kept.

static LARGE: [u8; 200 << 20] = [1; 200 << 20];

fn main() {
    assert_eq!(std::hint::black_box(&LARGE)[7], 1);
}
