//! Sends a datagram to a server.

use std::net::UdpSocket;

fn main() {
    if UdpSocket::bind("127.0.0.1:0").is_ok() {
        println!("escaped");
    }
}
