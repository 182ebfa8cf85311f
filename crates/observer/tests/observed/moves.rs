//! Bytes moved by the less known calls, and openings that wait.

use std::fs;
use std::io::IoSlice;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use libc::c_long;
use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::Mode;
use nix::unistd::{chdir, chroot, geteuid, mkfifo};

use crate::calls::{
    await_long_sleep, child, code_of, my_pid, pipe, read, system, write,
};

pub(crate) fn behave(name: &str) -> Option<u8> {
    Some(match name {
        "messages" => messages(),
        "vectors" => vectors(),
        "splices-from" => splices_from(),
        "opens-relative" => opens_fifo(false),
        "opens-in-folder" => opens_fifo(true),
        "opens-elsewhere" => opens_elsewhere(),
        "prints-by-all-means" => prints_by_all_means(),
        _ => return None,
    })
}

/// Three datagrams by one call, read by two calls.
fn messages() -> u8 {
    let kind = SockType::Datagram;
    let flags = SockFlag::empty();
    let (one, other) =
        socketpair(AddressFamily::Unix, kind, None, flags).expect("a pair");
    let mut text = [b'.'; 16];
    let sent = transfer_many(libc::SYS_sendmmsg, &one, &mut text, [5, 7, 11]);
    let first =
        transfer_many(libc::SYS_recvmmsg, &other, &mut text, [16, 16, 0]);
    (sent != 3 || first != 3).into()
}

/// sendmmsg(2) or recvmmsg(2): how many messages went.
fn transfer_many(
    number: c_long,
    socket: &OwnedFd,
    text: &mut [u8; 16],
    lengths: [usize; 3],
) -> c_long {
    let mut parts = lengths.map(|iov_len| libc::iovec {
        iov_base: text.as_mut_ptr().cast(),
        iov_len,
    });
    let mut list = parts.each_mut().map(|part| {
        // SAFETY: null pointers and zero lengths are valid.
        let mut message: libc::mmsghdr = unsafe { std::mem::zeroed() };
        message.msg_hdr.msg_iov = part;
        message.msg_hdr.msg_iovlen = 1;
        message
    });
    let at = list.as_mut_ptr().expose_provenance() as c_long;
    system(number, [socket.as_raw_fd().into(), at, 3, 0, 0])
}

/// pwritev2(2) and preadv2(2) at the current place of a pipe.
fn vectors() -> u8 {
    let [read_end, write_end] = pipe();
    let parts = [IoSlice::new(b"one"), IoSlice::new(b"three")];
    // SAFETY: an IoSlice is an iovec; both live over the call.
    let written =
        unsafe { libc::pwritev2(write_end, parts.as_ptr().cast(), 2, -1, 0) };
    let mut bytes = [0_u8; 32];
    let part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: 32 };
    // SAFETY: the buffer is the array.
    let got = unsafe { libc::preadv2(read_end, &raw const part, 1, -1, 0) };
    (written != 8 || got != 8).into()
}

/// vmsplice(2) on a read end takes bytes out.
fn splices_from() -> u8 {
    let [read_end, write_end] = pipe();
    write(write_end, b"nine here");
    let mut bytes = [0_u8; 32];
    let part = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: 32 };
    // SAFETY: the buffer is the array.
    let got = unsafe { libc::vmsplice(read_end, &raw const part, 1, 0) };
    (got != 9).into()
}

/// A child opens a FIFO by a name that only its own folder explains, and
/// waits until its parent opens the other side.
fn opens_fifo(by_folder: bool) -> u8 {
    let folder = std::env::temp_dir().join(format!("fifo-{}", my_pid()));
    fs::create_dir(&folder).expect("it is new");
    mkfifo(&folder.join("other-side"), Mode::S_IRWXU).expect("it is new");
    let reader = child(|| {
        let fd = if by_folder {
            open_in(&folder, "other-side")
        } else {
            chdir(&folder).expect("it is there");
            let mode = Mode::empty();
            open("other-side", OFlag::O_RDONLY, mode)
                .expect("a FIFO")
                .into_raw_fd()
        };
        (read(fd, &mut [0; 4]) != 4).into()
    });
    await_long_sleep(reader, libc::SYS_openat);
    let path: PathBuf = folder.join("other-side");
    let file = open(&path, OFlag::O_WRONLY, Mode::empty()).expect("a FIFO");
    write(file.as_raw_fd(), b"four");
    let code = code_of(reader);
    fs::remove_dir_all(&folder).ok();
    code
}

/// A child with a root directory of its own opens a FIFO by a path that leads
/// everybody else to a plain file. 77: it may not have one.
fn opens_elsewhere() -> u8 {
    let folder = std::env::temp_dir().join(format!("root-{}", my_pid()));
    let path = folder.join("either");
    let within = path.strip_prefix("/").expect("it is absolute");
    let within = folder.join(within);
    let parent = within.parent().expect("it has one");
    fs::create_dir_all(parent).expect("it is new");
    fs::write(&path, "plain").expect("it is new");
    mkfifo(&within, Mode::S_IRWXU).expect("it is new");
    let reader = child(|| {
        if !geteuid().is_root() && unshare(CloneFlags::CLONE_NEWUSER).is_err() {
            return 77;
        }
        chroot(&folder).expect("nothing forbids it");
        // Not to wait for a writer here: the other opens it as well.
        let fifo = open(&path, OFlag::O_RDWR, Mode::empty()).expect("a FIFO");
        write(fifo.as_raw_fd(), b"four");
        (read(fifo.as_raw_fd(), &mut [0; 4]) != 4).into()
    });
    let code = code_of(reader);
    fs::remove_dir_all(&folder).ok();
    code
}

fn open_in(folder: &Path, name: &str) -> RawFd {
    let folder = fs::File::open(folder).expect("it is there");
    let name = std::ffi::CString::new(name).expect("no NUL");
    // SAFETY: the name lives over the call.
    unsafe { libc::openat(folder.as_raw_fd(), name.as_ptr(), libc::O_RDONLY) }
}

/// A copy of standard output, and a call that is not write(2).
fn prints_by_all_means() -> u8 {
    // SAFETY: no memory is involved.
    let copy = unsafe { libc::dup(1) };
    let line = [b'y'; 4096];
    let parts = [IoSlice::new(&line)];
    // SAFETY: an IoSlice is an iovec; both live over the call.
    while unsafe { libc::writev(copy, parts.as_ptr().cast(), 1) } > 0 {}
    0
}
