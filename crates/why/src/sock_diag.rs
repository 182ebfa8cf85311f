//! NETLINK_SOCK_DIAG, see sock_diag(7): every unix socket of our network
//! namespace, with what /proc/net/unix does not tell.

use std::collections::HashMap;
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send,
    socket,
};

use crate::sockets::UnixSocket;

/// Asks for every unix socket, with name, other side and queue.
pub(crate) fn dump() -> Option<HashMap<u64, UnixSocket>> {
    const BY_FAMILY: u16 = 20; // SOCK_DIAG_BY_FAMILY, <linux/sock_diag.h>
    const SHOW: u32 = 1 | 2 | 4 | 8; // UDIAG_SHOW_NAME, _VFS, _PEER, _ICONS
    let link = socket(
        AddressFamily::Netlink,
        SockType::Datagram,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkSockDiag,
    )
    .ok()?;
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let mut request = Vec::new();
    request.extend(40_u32.to_ne_bytes()); // struct nlmsghdr
    request.extend(BY_FAMILY.to_ne_bytes());
    request.extend(flags.to_ne_bytes());
    request.extend([0; 8]);
    request.extend([libc::AF_UNIX as u8, 0, 0, 0]); // struct unix_diag_req
    request.extend(u32::MAX.to_ne_bytes()); // of every state
    request.extend(0_u32.to_ne_bytes());
    request.extend(SHOW.to_ne_bytes());
    request.extend([0; 8]);
    send(link.as_raw_fd(), &request, MsgFlags::empty()).ok()?;
    let mut sockets = HashMap::new();
    let mut answer = vec![0; 65_536];
    loop {
        let length = recv(link.as_raw_fd(), &mut answer, MsgFlags::empty());
        if !take_messages(&answer[..length.ok()?], &mut sockets) {
            return Some(sockets);
        }
    }
}

/// Whether more messages follow.
fn take_messages(
    mut bytes: &[u8],
    sockets: &mut HashMap<u64, UnixSocket>,
) -> bool {
    const HEADER: usize = 16;
    while bytes.len() >= HEADER {
        let length = word(bytes, 0) as usize;
        let kind = i32::from(u16::from_ne_bytes([bytes[4], bytes[5]]));
        let is_last = matches!(kind, libc::NLMSG_DONE | libc::NLMSG_ERROR);
        if is_last || length < HEADER || length > bytes.len() {
            return false;
        }
        if let Some((inode, socket)) = message(&bytes[HEADER..length]) {
            sockets.insert(inode, socket);
        }
        let next = length.next_multiple_of(4).min(bytes.len());
        bytes = &bytes[next..];
    }
    true
}

/// A `struct unix_diag_msg` and its attributes.
fn message(bytes: &[u8]) -> Option<(u64, UnixSocket)> {
    const NAME: u16 = 0; // UNIX_DIAG_NAME, <linux/unix_diag.h>
    const BOUND: u16 = 1; // UNIX_DIAG_VFS
    const PEER: u16 = 2;
    const QUEUED: u16 = 3;
    let mut attributes = bytes.get(16..)?;
    let mut socket =
        UnixSocket { kind: bytes[1], state: bytes[2], ..UnixSocket::default() };
    while attributes.len() >= 4 {
        let length =
            usize::from(u16::from_ne_bytes([attributes[0], attributes[1]]));
        let kind = u16::from_ne_bytes([attributes[2], attributes[3]]);
        let value = attributes.get(4..length)?;
        match kind {
            NAME => socket.name = Some(value.to_vec()),
            BOUND => socket.bound = Some(word(value, 0)),
            PEER => socket.peer = Some(word(value, 0).into()),
            QUEUED => {
                let words = value.chunks_exact(4);
                socket.queued = words.map(|it| word(it, 0).into()).collect();
            }
            _ => {}
        }
        let next = length.next_multiple_of(4).min(attributes.len());
        attributes = &attributes[next..];
    }
    Some((word(bytes, 4).into(), socket))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|it| it.try_into().ok());
    word.map_or(0, u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_socket_is_read_with_its_other_side() {
        let mut bytes = vec![1, 1, 1, 0];
        bytes.extend(77_u32.to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend([8, 0, 2, 0]);
        bytes.extend(78_u32.to_ne_bytes());
        bytes.extend([7, 0, 0, 0, b'/', b'a', 0, 0]);
        let (inode, socket) = message(&bytes).unwrap();
        assert_eq!((inode, socket.peer), (77, Some(78)));
        assert_eq!(socket.name.as_deref(), Some(&b"/a\0"[..]));
    }
}
