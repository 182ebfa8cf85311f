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

use crate::census::Task;
use crate::holdings::End;
use crate::parse::Syscall;
use crate::pipes::seen_from_here;
use crate::proc::{Descriptor, Object};
use crate::scene::Scene;
use crate::sock_diag::dump;
use crate::wait::{Kind, Wait, Waker};

const LISTENING: u8 = 10; // TCP_LISTEN, <net/tcp_states.h>
pub(crate) const DATAGRAM: u8 = libc::SOCK_DGRAM as u8;

/// A unix socket.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct UnixSocket {
    pub(crate) kind: u8,
    pub(crate) state: u8,
    /// The inode of the other side; 0 while nobody has accepted it.
    pub(crate) peer: Option<u64>,
    /// A path, or a name that begins with a zero byte.
    pub(crate) name: Option<Vec<u8>>,
    /// The inode that the path led to when it was bound, the lower half.
    pub(crate) bound: Option<u32>,
    /// Those who have connected and were not accepted yet.
    pub(crate) queued: Vec<u64>,
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
pub(crate) struct Sockets(pub(crate) HashMap<u64, UnixSocket>);

impl Sockets {
    pub(crate) fn read() -> Self {
        Self(dump().unwrap_or_default())
    }

    /// The sockets that an abstract name, or a file, may lead to: of
    /// datagrams, or else those that listen. A path is only text: another may
    /// lead to the same file, and the same to another.
    fn bound_to(&self, at: &Address, kind: u8) -> Vec<u64> {
        let is_it = |socket: &UnixSocket| {
            let is_meant = match kind {
                DATAGRAM => socket.kind == DATAGRAM,
                _ => socket.state == LISTENING,
            };
            is_meant
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

    /// Those who are connected to a socket.
    fn connected_to(&self, inode: u64) -> Vec<u64> {
        let all = self.0.iter().filter(|it| it.1.peer == Some(inode));
        all.map(|it| *it.0).collect()
    }

    /// The listening socket in whose queue a connection waits.
    fn with_queued(&self, inode: u64) -> Option<u64> {
        let is_it = |socket: &UnixSocket| socket.queued.contains(&inode);
        self.0.iter().find(|it| is_it(it.1)).map(|it| *it.0)
    }
}

impl Scene<'_> {
    pub(crate) fn unix_sockets(&mut self) -> Rc<Sockets> {
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

    /// sendto(2) and sendmsg(2), which may name a receiver: then whoever
    /// holds that socket makes room.
    pub(crate) fn send_to(&mut self, task: &Task, call: &Syscall) -> Wait {
        let fd = call.arguments[0] as i32;
        let mut wait = self.output(task, fd);
        if wait.kind != Kind::SocketRoom {
            return wait;
        }
        let arguments = &call.arguments;
        let pid = self.census.processes[task.process].pid;
        let place = match call.number {
            libc::SYS_sendto => Some([arguments[4], arguments[5]]),
            // A struct msghdr begins with its name, and the first of many
            // with a struct msghdr.
            _ => self.proc.words(pid, arguments[1]).map(|it: [u32; 4]| {
                let at = u64::from(it[1]) << 32 | u64::from(it[0]);
                [at, u64::from(it[2])]
            }),
        };
        match place {
            Some([0, _]) => {}
            Some([at, length]) => {
                let address = self.address(pid, at, length);
                let name = address.filter(|it| it.len() > 2);
                wait.wakers.extend(match name.as_deref().map(named) {
                    Some(name) => self.bound_to(task, fd, name, DATAGRAM),
                    None => vec![Waker::Outside],
                });
            }
            None => wait.wakers.push(Waker::Outside),
        }
        wait
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
        // Whoever holds this side may shut it down.
        let own = self.group(&descriptor.object, End::Both);
        let wakers = self.other_side(it, inode, kind, &sockets);
        let wait = Wait::new(kind, wakers).or([Waker::Group(own)]);
        match in_words(it) {
            Some(name) => wait.on(format!("the socket {name}")),
            None => wait,
        }
    }

    /// Who could send to a socket, or make room at its other side.
    fn other_side(
        &mut self,
        it: &UnixSocket,
        inode: u64,
        kind: Kind,
        sockets: &Sockets,
    ) -> Vec<Waker> {
        let peer = it.peer.filter(|peer| *peer != 0);
        let peer = peer.or_else(|| sockets.with_queued(inode));
        let is_datagram = it.kind == DATAGRAM;
        let mut sides: Vec<u64> = peer.into_iter().collect();
        if is_datagram {
            // They may still send, also when this one has disconnected.
            sides.extend(sockets.connected_to(inode));
            sides.sort_unstable();
            sides.dedup();
        }
        let mut wakers = Vec::new();
        for side in &sides {
            let group = self.group(&Object::Socket(*side), End::Both);
            wakers.push(Waker::Group(group));
            if self.is_empty(group) {
                // In a queue, or in a message on its way.
                wakers.push(Waker::Outside);
            }
        }
        let is_open = it.name.is_some() || kind == Kind::SocketRoom;
        if sides.is_empty() && !is_datagram {
            wakers.push(Waker::Outside);
        } else if is_datagram && is_open && peer.is_none() {
            wakers.extend([Waker::Stranger, Waker::Anybody]);
        }
        wakers
    }

    /// A socket that our network namespace does not know: of another kind,
    /// or of another namespace, where nobody tells us the other side.
    fn foreign(&mut self, task: &Task, inode: u64, kind: Kind) -> Wait {
        let pid = self.census.processes[task.process].pid;
        match self.proc.knows_as_unix(pid, inode) {
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
        let own = descriptor.map(|it| self.group(&it.object, End::Both));
        Wait::new(Kind::Accept, vec![Waker::Stranger, Waker::Anybody])
            .or(own.map(Waker::Group))
            .on(format!("the socket {name}"))
            .through(fd)
    }

    /// connect(2) waits while the queue of the listener is full.
    pub(crate) fn connect(&mut self, task: &Task, call: &Syscall) -> Wait {
        let fd = call.arguments[0] as i32;
        let pid = self.census.processes[task.process].pid;
        let address = self.address(pid, call.arguments[1], call.arguments[2]);
        let Some(address) = address else {
            return Wait::moves(Kind::Network).through(fd);
        };
        if self.has_time_limit(task, fd, libc::SO_SNDTIMEO) {
            return Wait::moves(Kind::Sleep).through(fd);
        }
        let name = named(&address);
        let wakers = self.bound_to(task, fd, name, 0);
        let name = printable(name);
        Wait::new(Kind::Connect, wakers)
            .on(format!("the socket {name}"))
            .through(fd)
    }

    /// The address of a unix socket in a process's memory, in which at least
    /// one byte of a name stands.
    fn address(&self, pid: i32, at: u64, length: u64) -> Option<Vec<u8>> {
        let length = length.min(110) as usize;
        let mut address = vec![0; length.max(3)];
        let is_read = self.proc.copy(pid, at, &mut address[..length]);
        let family = u16::from_ne_bytes([address[0], address[1]]);
        let is_unix = i32::from(family) == libc::AF_UNIX;
        (is_read && is_unix).then_some(address)
    }

    /// Those who hold the socket that would have to accept, or to receive.
    fn bound_to(
        &mut self,
        task: &Task,
        fd: i32,
        name: &[u8],
        kind: u8,
    ) -> Vec<Waker> {
        let sockets = self.unix_sockets();
        let own = self.descriptor(task, fd).as_ref().map(inode);
        // Of another network namespace, other sockets have its names.
        if own.is_none_or(|own| !sockets.0.contains_key(&own)) {
            return vec![Waker::Outside];
        }
        let pid = self.census.processes[task.process].pid;
        let listeners = match name {
            [0, ..] => {
                sockets.bound_to(&Address::Abstract(name.to_vec()), kind)
            }
            _ => {
                let path = Path::new(OsStr::from_bytes(name));
                let full = seen_from_here(pid, libc::AT_FDCWD, path);
                fs::metadata(full).map_or_else(
                    |_| Vec::new(),
                    |file| {
                        let at = Address::File(file.ino(), name.to_vec());
                        sockets.bound_to(&at, kind)
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
    /// Whether a socket is a unix socket of a process's network namespace.
    pub(crate) fn knows_as_unix(self, pid: i32, inode: u64) -> bool {
        let table = self.table(&format!("{pid}/net/unix"));
        table.is_some_and(|table| {
            let inode = inode.to_string();
            table.lines().any(|line| {
                line.split_ascii_whitespace().nth(6) == Some(&inode)
            })
        })
    }

    /// Our own copy of another process's descriptor.
    pub(crate) fn copied(self, pid: i32, fd: i32) -> Option<OwnedFd> {
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

/// The name in an address: a path, or what begins with a zero byte.
fn named(address: &[u8]) -> &[u8] {
    match address[2] {
        0 => &address[2..],
        _ => address[2..].split(|it| *it == 0).next().unwrap_or(&[]),
    }
}

fn in_words(socket: &UnixSocket) -> Option<String> {
    socket.name.as_deref().map(printable)
}

fn printable(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    text.trim_end_matches('\0').replace('\0', "@")
}
