//! Sends a message with an address to a socket with a name.

use std::os::unix::net::UnixDatagram;
use std::{mem, ptr};

use nix::libc;

fn main() {
    use std::os::fd::AsRawFd;
    let socket = UnixDatagram::unbound().unwrap();
    // SAFETY: all fields may be zero.
    let mut to: libc::sockaddr_un = unsafe { mem::zeroed() };
    to.sun_family = libc::AF_UNIX as u16;
    for (at, byte) in to.sun_path.iter_mut().zip(b"@DATAGRAM@") {
        *at = *byte as _;
    }
    let mut bytes = libc::iovec {
        iov_base: c"hostile-mark".as_ptr().cast_mut().cast(),
        iov_len: 12,
    };
    // SAFETY: as above.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_name = ptr::from_mut(&mut to).cast();
    message.msg_namelen = mem::size_of_val(&to) as u32;
    message.msg_iov = &mut bytes;
    message.msg_iovlen = 1;
    // SAFETY: all that the message names lives over the call.
    if unsafe { libc::sendmsg(socket.as_raw_fd(), &message, 0) } > 0 {
        println!("escaped");
    }
}
