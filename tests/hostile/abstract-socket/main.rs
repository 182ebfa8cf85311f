//! Connects to a socket that has a name in no folder.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};

fn main() {
    let address = SocketAddr::from_abstract_name("@ABSTRACT@");
    let address = address.expect("the name is short");
    if UnixStream::connect_addr(&address).is_ok() {
        println!("escaped");
    }
}
