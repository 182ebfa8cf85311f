//! Unix sockets: who is at the other side. The kernel tells it through
//! NETLINK_SOCK_DIAG, see sock_diag(7). Other sockets lead to a network.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send,
    socket,
};

use crate::census::Task;
use crate::holdings::End;
use crate::parse::Syscall;
use crate::pipes::seen_from_here;
use crate::proc::{Descriptor, Object};
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

const LISTENING: u8 = 10; // TCP_LISTEN, <net/tcp_states.h>
const DATAGRAM: u8 = libc::SOCK_DGRAM as u8;

/// A unix socket.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct UnixSocket {
    kind: u8,
    state: u8,
    /// The inode of the other side; 0 while nobody has accepted it.
    peer: Option<u64>,
    /// A path, or a name that begins with a zero byte.
    name: Option<Vec<u8>>,
    /// The inode that the path led to when it was bound, the lower half.
    bound: Option<u32>,
    /// Those who have connected and were not accepted yet.
    queued: Vec<u64>,
}

/// Where connect(2) leads.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Address {
    /// Begins with a zero byte.
    Abstract(Vec<u8>),
    /// An inode, and the path that was given. Whoever waits while the path
    /// is bound anew still waits for the old one.
    File(u64, Vec<u8>),
}

/// All unix sockets of our network namespace, by inode.
#[derive(Debug, Default)]
pub(crate) struct Sockets(HashMap<u64, UnixSocket>);

impl Sockets {
    fn read() -> Self {
        Self(dump().unwrap_or_default())
    }

    /// The listeners that an abstract name, or a file, may lead to. A path
    /// is only text: another may lead to the same file, and the same to
    /// another.
    fn listeners(&self, at: &Address) -> Vec<u64> {
        let is_it = |socket: &UnixSocket| {
            socket.state == LISTENING
                && match at {
                    Address::Abstract(name) => {
                        socket.name.as_deref() == Some(name)
                    }
                    Address::File(inode, path) => {
                        let name = socket.name.as_deref().map(|name| {
                            name.strip_suffix(b"\0").unwrap_or(name)
                        });
                        socket.bound == Some(*inode as u32)
                            || name == Some(path)
                    }
                }
        };
        let all = self.0.iter().filter(|it| is_it(it.1));
        all.map(|it| *it.0).collect()
    }

    /// The listening socket in whose queue a connection waits.
    fn with_queued(&self, inode: u64) -> Option<u64> {
        let is_it = |socket: &UnixSocket| socket.queued.contains(&inode);
        self.0.iter().find(|it| is_it(it.1)).map(|it| *it.0)
    }
}

impl Scene<'_> {
    fn unix_sockets(&mut self) -> Rc<Sockets> {
        let sockets = self.sockets.take();
        let sockets = sockets.unwrap_or_else(|| Rc::new(Sockets::read()));
        self.sockets = Some(Rc::clone(&sockets));
        sockets
    }

    pub(crate) fn receive(
        &mut self,
        task: &Task,
        descriptor: &Descriptor,
    ) -> Wait {
        let sockets = self.unix_sockets();
        let inode = inode(descriptor);
        match sockets.0.get(&inode) {
            Some(it) if it.state == LISTENING => {
                self.accept(task, descriptor.fd)
            }
            _ => {
                let timeout = libc::SO_RCVTIMEO;
                self.talk(task, descriptor, Kind::SocketData, timeout)
            }
        }
    }

    pub(crate) fn send(
        &mut self,
        task: &Task,
        descriptor: &Descriptor,
    ) -> Wait {
        self.talk(task, descriptor, Kind::SocketRoom, libc::SO_SNDTIMEO)
    }

    fn talk(
        &mut self,
        task: &Task,
        descriptor: &Descriptor,
        kind: Kind,
        timeout: i32,
    ) -> Wait {
        let sockets = self.unix_sockets();
        let inode = inode(descriptor);
        let Some(it) = sockets.0.get(&inode) else {
            return self.foreign(task, inode, kind);
        };
        if self.has_time_limit(task, descriptor.fd, timeout) {
            return Wait::moves(Kind::Sleep);
        }
        let mut wakers = Vec::new();
        let peer = it.peer.filter(|peer| *peer != 0);
        let peer = peer.or_else(|| sockets.with_queued(inode));
        if let Some(peer) = peer {
            let group = self.group(&Object::Socket(peer), End::Both);
            wakers.push(Waker::Group(group));
            if self.is_empty(group) {
                // In a queue, or in a message on its way.
                wakers.push(Waker::Outside);
            }
        } else if it.kind != DATAGRAM {
            wakers.push(Waker::Outside);
        } else if it.name.is_some() || kind == Kind::SocketRoom {
            wakers.extend([Waker::Stranger, Waker::Anybody]);
        }
        let wait = Wait::new(kind, wakers);
        match in_words(it) {
            Some(name) => wait.on(format!("the socket {name}")),
            None => wait,
        }
    }

    /// A socket that our network namespace does not know: of another kind,
    /// or of another namespace, where nobody tells us the other side.
    fn foreign(&mut self, task: &Task, inode: u64, kind: Kind) -> Wait {
        let pid = self.census.processes[task.process].pid;
        let table = self.proc.table(&format!("{pid}/net/unix"));
        let is_unix = table.is_some_and(|table| {
            let inode = inode.to_string();
            table.lines().any(|line| {
                line.split_ascii_whitespace().nth(6) == Some(&inode)
            })
        });
        match is_unix {
            // Its other side may be anywhere in the tree, or outside.
            true => Wait::new(kind, vec![Waker::Anybody, Waker::Outside]),
            false => Wait::moves(Kind::Network),
        }
    }

    pub(crate) fn accept(&mut self, task: &Task, fd: i32) -> Wait {
        let sockets = self.unix_sockets();
        let descriptor = self.descriptor(task, fd);
        let socket = descriptor.as_ref().map(inode);
        let socket = socket.and_then(|inode| sockets.0.get(&inode));
        let Some(socket) = socket else {
            return Wait::moves(Kind::Network).through(fd);
        };
        if self.has_time_limit(task, fd, libc::SO_RCVTIMEO) {
            return Wait::moves(Kind::Sleep).through(fd);
        }
        let name = in_words(socket).unwrap_or_default();
        Wait::new(Kind::Accept, vec![Waker::Stranger, Waker::Anybody])
            .on(format!("the socket {name}"))
            .through(fd)
    }

    /// connect(2) waits while the queue of the listener is full.
    pub(crate) fn connect(&mut self, task: &Task, call: &Syscall) -> Wait {
        let fd = call.arguments[0] as i32;
        let pid = self.census.processes[task.process].pid;
        let length = call.arguments[2].min(110) as usize;
        let mut address = vec![0; length.max(3)];
        let is_read =
            self.proc.copy(pid, call.arguments[1], &mut address[..length]);
        let family = u16::from_ne_bytes([address[0], address[1]]);
        if !is_read || i32::from(family) != libc::AF_UNIX {
            return Wait::moves(Kind::Network).through(fd);
        }
        if self.has_time_limit(task, fd, libc::SO_SNDTIMEO) {
            return Wait::moves(Kind::Sleep).through(fd);
        }
        let name = match address[2] {
            0 => &address[2..length.max(2)],
            _ => address[2..].split(|it| *it == 0).next().unwrap_or(&[]),
        };
        let wakers = self.listeners(task, fd, name);
        let name = printable(name);
        Wait::new(Kind::Connect, wakers)
            .on(format!("the socket {name}"))
            .through(fd)
    }

    /// Those who hold the socket that would have to accept.
    fn listeners(&mut self, task: &Task, fd: i32, name: &[u8]) -> Vec<Waker> {
        let sockets = self.unix_sockets();
        let own = self.descriptor(task, fd).as_ref().map(inode);
        // Of another network namespace, other sockets have its names.
        if own.is_none_or(|own| !sockets.0.contains_key(&own)) {
            return vec![Waker::Outside];
        }
        let pid = self.census.processes[task.process].pid;
        let listeners = match name {
            [0, ..] => sockets.listeners(&Address::Abstract(name.to_vec())),
            _ => {
                let path = Path::new(OsStr::from_bytes(name));
                let full = seen_from_here(pid, libc::AT_FDCWD, path);
                fs::metadata(full).map_or_else(
                    |_| Vec::new(),
                    |file| {
                        let at = Address::File(file.ino(), name.to_vec());
                        sockets.listeners(&at)
                    },
                )
            }
        };
        let mut wakers = Vec::new();
        for inode in listeners {
            let group = self.group(&Object::Socket(inode), End::Both);
            wakers.push(Waker::Group(group));
            if self.is_empty(group) {
                wakers.push(Waker::Outside);
            }
        }
        if wakers.is_empty() {
            wakers.push(Waker::Outside);
        }
        wakers
    }

    /// Whether a wait at a socket has an end. Only the socket itself knows,
    /// so it is asked through a copy of the descriptor, which is closed at
    /// once. Where that is refused, it counts as timed.
    fn has_time_limit(&self, task: &Task, fd: i32, option: i32) -> bool {
        let pid = self.census.processes[task.process].pid;
        let Some(copy) = self.proc.copied(pid, fd) else { return true };
        let mut limit = libc::timeval { tv_sec: 0, tv_usec: 0 };
        let mut length = size_of::<libc::timeval>() as libc::socklen_t;
        // SAFETY: the option is a timeval, as long as is said.
        let asked = unsafe {
            libc::getsockopt(
                copy.as_raw_fd(),
                libc::SOL_SOCKET,
                option,
                (&raw mut limit).cast(),
                &raw mut length,
            )
        };
        asked != 0 || limit.tv_sec != 0 || limit.tv_usec != 0
    }
}

impl crate::proc::Proc {
    /// Our own copy of another process's descriptor.
    fn copied(self, pid: i32, fd: i32) -> Option<OwnedFd> {
        if self.refuses_memory() {
            return None;
        }
        let process = crate::question::pidfd(pid)?;
        // SAFETY: pidfd_getfd(2) takes numbers, and no memory.
        let copy = unsafe {
            libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), fd, 0)
        };
        // SAFETY: the kernel has just made this descriptor for us alone.
        (copy >= 0).then(|| unsafe { OwnedFd::from_raw_fd(copy as i32) })
    }
}

fn inode(descriptor: &Descriptor) -> u64 {
    match descriptor.object {
        Object::Socket(inode) => inode,
        _ => 0,
    }
}

fn in_words(socket: &UnixSocket) -> Option<String> {
    socket.name.as_deref().map(printable)
}

fn printable(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    text.trim_end_matches('\0').replace('\0', "@")
}

/// Asks for every unix socket, with name, other side and queue.
fn dump() -> Option<HashMap<u64, UnixSocket>> {
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
