//! The children are threads, and have no exit code.

use std::env::args;
use std::error::Error;
use std::sync::mpsc::channel;
use std::thread::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    let number: usize = args().nth(1).ok_or("usage: fan N")?.parse()?;
    let (tell, told) = channel();
    for i in 0..number {
        let tell = tell.clone();
        Builder::new().spawn(move || tell.send(i))?;
    }
    drop(tell);
    let mut ends = vec![String::new(); number];
    for i in told {
        println!("{i} code {i}");
        ends[i] = i.to_string();
    }
    println!("sorted: {}", ends.join(" "));
    Ok(())
}
