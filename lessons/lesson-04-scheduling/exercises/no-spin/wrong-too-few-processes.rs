//! One process counts for itself: nobody has to wait.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: u64 =
        std::env::args().nth(1).ok_or("usage: no-spin N")?.parse()?;
    for number in 1..=count {
        println!("got {number}");
    }
    Ok(())
}
