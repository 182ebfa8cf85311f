//! Leaves the file.

fn main() {
    std::fs::write("result", "wanted").unwrap();
}
