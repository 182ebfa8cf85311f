//! Sleeps for an hour.

use std::thread;
use std::time::Duration;

fn main() {
    thread::sleep(Duration::from_secs(3600));
}
