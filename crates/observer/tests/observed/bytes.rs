//! Descriptors, and bytes on their way.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::ptr;

use libc::{c_int, c_void};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};

use crate::calls::{
    await_end, become_observed, child, close, code_of, pipe, read, system,
    write,
};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "end-of-file" => end_of_file(),
        "copies" => copies(),
        "leaves-open" => leaves_open(),
        "passes" => passes(),
        "moves-within" => moves_within(),
        "ping-pong" => ping_pong(number),
        "many-writers" => many_writers(number),
        "one-large-write" => one_large_write(),
        "peeks" => peeks(),
        _ => return None,
    })
}

/// Five bytes, then the end of file.
fn end_of_file() -> u8 {
    let [read_end, write_end] = pipe();
    let writer = child(|| {
        write(write_end, b"hello");
        0
    });
    close(write_end);
    await_end(read_end);
    code_of(writer)
}

/// dup2, F_DUPFD, close_range, and what exec closes.
fn copies() -> u8 {
    let [read_end, write_end] = pipe();
    // SAFETY: both descriptors are this program's.
    unsafe { libc::dup2(write_end, 20) };
    // SAFETY: no memory is involved.
    unsafe { libc::fcntl(read_end, libc::F_DUPFD, 30) };
    // SAFETY: no memory is involved.
    unsafe { libc::fcntl(read_end, libc::F_DUPFD_CLOEXEC, 40) };
    close(write_end);
    write(20, b"abc");
    read(30, &mut [0; 8]);
    code_of(child(|| {
        system(libc::SYS_close_range, [20, 30, 0, 0, 0]);
        -become_observed(&["exit", "0"]) as u8
    }))
}

/// What exec closes is said with ioctl(2), as Python says it.
fn leaves_open() -> u8 {
    let [read_end, write_end] = pipe();
    for (fd, request) in [
        (write_end, libc::FIOCLEX),
        (write_end, libc::FIONCLEX),
        (read_end, libc::FIOCLEX),
    ] {
        // SAFETY: no memory is involved.
        unsafe { libc::ioctl(fd, request) };
    }
    -become_observed(&["exit", "0"]) as u8
}

/// The write end of a pipe travels through a socket.
fn passes() -> u8 {
    let (one, other) = sockets();
    let receiver = child(|| {
        let mut rights = Rights::new(-1);
        rights.pass(other.as_raw_fd(), false, 0);
        write(rights.descriptor, b"through");
        0
    });
    let [read_end, write_end] = pipe();
    Rights::new(write_end).pass(one.as_raw_fd(), true, 0);
    close(write_end);
    await_end(read_end);
    code_of(receiver)
}

pub(crate) fn sockets() -> (OwnedFd, OwnedFd) {
    let kind = SockType::Stream;
    let flags = SockFlag::empty();
    socketpair(AddressFamily::Unix, kind, None, flags).expect("a socketpair")
}

/// A control message with one descriptor, as cmsg(3) lays it out.
#[repr(C)]
pub(crate) struct Rights {
    length: usize,
    level: c_int,
    kind: c_int,
    descriptor: RawFd,
    padding: c_int,
}

impl Rights {
    pub(crate) fn new(descriptor: RawFd) -> Self {
        let (level, kind) = (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        Self { length: 20, level, kind, descriptor, padding: 0 }
    }

    pub(crate) fn pass(
        &mut self,
        socket: RawFd,
        is_sender: bool,
        flags: c_int,
    ) {
        let mut byte = [b'!'];
        let mut part =
            libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        // SAFETY: null pointers and zero lengths are valid.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = &raw mut part;
        message.msg_iovlen = 1;
        message.msg_control = ptr::from_mut(self).cast::<c_void>();
        message.msg_controllen = size_of::<Self>();
        let result = if is_sender {
            // SAFETY: all parts live until the call is over.
            unsafe { libc::sendmsg(socket, &raw const message, flags) }
        } else {
            // SAFETY: all parts live until the call is over.
            unsafe { libc::recvmsg(socket, &raw mut message, flags) }
        };
        assert_eq!(result, 1, "one byte and a descriptor");
    }

    /// By recvmmsg(2), which fills an array.
    pub(crate) fn receive_many(socket: RawFd) {
        let mut rights = Self::new(-1);
        let mut byte = [0_u8];
        let mut part =
            libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
        // SAFETY: null pointers and zero lengths are valid.
        let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
        message.msg_hdr.msg_iov = &raw mut part;
        message.msg_hdr.msg_iovlen = 1;
        message.msg_hdr.msg_control = (&raw mut rights).cast::<c_void>();
        message.msg_hdr.msg_controllen = size_of::<Self>();
        let null = ptr::null_mut();
        // SAFETY: all parts live until the call is over.
        let count =
            unsafe { libc::recvmmsg(socket, &raw mut message, 1, 0, null) };
        assert_eq!(count, 1, "one message");
    }
}

/// sendfile(2) from a file into a pipe, splice(2) and tee(2) on to others.
fn moves_within() -> u8 {
    let file = std::fs::File::open("/proc/self/exe").expect("it is there");
    let (first, second, third) = (pipe(), pipe(), pipe());
    let reader = child(|| {
        close(second[1]);
        close(third[1]);
        await_end(second[0]);
        await_end(third[0]);
        0
    });
    let null = ptr::null_mut();
    // SAFETY: no offset is given.
    unsafe { libc::sendfile(first[1], file.as_raw_fd(), null, 100) };
    // SAFETY: no memory is involved.
    unsafe { libc::tee(first[0], second[1], 60, 0) };
    let null = ptr::null_mut();
    // SAFETY: no offsets are given.
    unsafe { libc::splice(first[0], null, third[1], null, 80, 0) };
    close(second[1]);
    close(third[1]);
    code_of(reader)
}

fn ping_pong(rounds: i32) -> u8 {
    let (there, back) = (pipe(), pipe());
    let ponger = child(|| {
        for _ in 0..rounds {
            read(there[0], &mut [0]);
            write(back[1], b"o");
        }
        0
    });
    for _ in 0..rounds {
        write(there[1], b"i");
        read(back[0], &mut [0]);
    }
    code_of(ponger)
}

/// Seven processes write to one pipe, an eighth reads in larger pieces.
fn many_writers(rounds: i32) -> u8 {
    let [read_end, write_end] = pipe();
    let writers: Vec<i32> = (1..=7_usize)
        .map(|k| {
            child(|| {
                for round in 0..rounds as usize {
                    write(write_end, &[b'.'; 300][..k * 31 + round % 80]);
                }
                0
            })
        })
        .collect();
    close(write_end);
    await_end(read_end);
    writers.into_iter().map(code_of).sum()
}

/// More than a pipe holds, in one call, read in small pieces.
fn one_large_write() -> u8 {
    let [read_end, write_end] = pipe();
    let writer = child(|| {
        close(read_end);
        write(write_end, &vec![b'.'; 300_000]);
        0
    });
    close(write_end);
    let mut bytes = [0; 1000];
    while read(read_end, &mut bytes) > 0 {}
    code_of(writer)
}

/// MSG_PEEK reads what stays there.
fn peeks() -> u8 {
    let (one, other) = sockets();
    write(one.as_raw_fd(), b"twelve bytes");
    let mut bytes = [0_u8; 64];
    let to = bytes.as_mut_ptr().cast();
    // SAFETY: the buffer is the array.
    unsafe { libc::recv(other.as_raw_fd(), to, 64, libc::MSG_PEEK) };
    read(other.as_raw_fd(), &mut bytes);
    0
}
