//! Sends a datagram to a socket with a name, as a system's log has one.

use std::os::unix::net::UnixDatagram;

fn main() {
    let socket = UnixDatagram::unbound().unwrap();
    if socket.send_to(b"hostile-mark", "@DATAGRAM@").is_ok() {
        println!("escaped");
    }
}
