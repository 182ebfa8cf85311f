//! Connects to a server.

use std::net::TcpStream;

fn main() {
    if TcpStream::connect("127.0.0.1:@PORT@").is_ok() {
        println!("escaped");
    }
}
