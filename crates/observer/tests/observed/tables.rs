//! Every way to change a descriptor table. Each behaviour says what
//! /proc/self/fd shows, executes this program, and says it again.

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsRawFd, RawFd};

use libc::{c_int, c_long};
use nix::unistd::{chdir, getpid};

use crate::bytes::{Rights, sockets};
use crate::calls::{
    become_observed, child, close, code_of, pipe, system, wait,
};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "table-made" => makes_one_of_each(),
        "table-passed" => passes_some(),
        "table-changed" => changes_some(),
        "table-opened" => opens_some(),
        "table-shared" => shares_one(),
        "table-pidfd" => clones_with_pidfd(),
        "table-by-descriptor" => executes_a_descriptor(),
        "table-random" => does_anything(number as u64),
        "table-shows" => {
            show("after");
            0
        }
        _ => return None,
    })
}

/// One line: the pid, when, and each descriptor above 2 with what it names.
fn show(when: &str) {
    let mut line = format!("{} {when}", getpid());
    for entry in fs::read_dir("/proc/self/fd").expect("it is there") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a number");
        let fd = name.to_str().and_then(|it| it.parse().ok());
        let fd: i32 = fd.expect("a number");
        let Ok(object) = fs::read_link(&path) else { continue };
        let object = object.to_string_lossy().replace(' ', "_");
        // The directory that is being read is no part of the table.
        if fd > 2 && !object.starts_with("/proc/") {
            line.push_str(&format!(" {fd}={object}"));
        }
    }
    line.push('\n');
    crate::calls::write(1, line.as_bytes());
}

fn show_twice() -> u8 {
    show("before");
    -become_observed(&["table-shows"]) as u8
}

fn call(number: c_long, arguments: [c_long; 5]) -> c_int {
    system(number, arguments) as c_int
}

/// Not every machine grants each; both kinds, kept and closed by exec.
fn makes_one_of_each() -> u8 {
    let me = getpid().as_raw().into();
    let none = 0_u64;
    let signals = (&raw const none).expose_provenance() as c_long;
    let clock = libc::CLOCK_MONOTONIC.into();
    let file = libc::AF_UNIX.into();
    let stream: c_long = libc::SOCK_STREAM.into();
    for cloexec in [0, c_long::from(libc::O_CLOEXEC)] {
        call(libc::SYS_eventfd2, [0, cloexec, 0, 0, 0]);
        call(libc::SYS_epoll_create1, [cloexec, 0, 0, 0, 0]);
        call(libc::SYS_timerfd_create, [clock, cloexec, 0, 0, 0]);
        call(libc::SYS_signalfd4, [-1, signals, 8, cloexec, 0]);
        call(libc::SYS_inotify_init1, [cloexec, 0, 0, 0, 0]);
        call(libc::SYS_userfaultfd, [cloexec, 0, 0, 0, 0]);
        call(libc::SYS_memfd_secret, [cloexec, 0, 0, 0, 0]);
        call(libc::SYS_socket, [file, stream | cloexec, 0, 0, 0]);
        let kind = c_long::from(cloexec != 0); // FAN_CLOEXEC, MFD_CLOEXEC
        call(libc::SYS_fanotify_init, [kind, 0, 0, 0, 0]);
        let name = c"memory".as_ptr().expose_provenance() as c_long;
        call(libc::SYS_memfd_create, [name, kind, 0, 0, 0]);
    }
    let pidfd = call(libc::SYS_pidfd_open, [me, 0, 0, 0, 0]);
    call(libc::SYS_pidfd_getfd, [pidfd.into(), 1, 0, 0, 0]);
    #[cfg(target_arch = "x86_64")]
    for number in [
        libc::SYS_eventfd,
        libc::SYS_epoll_create,
        libc::SYS_inotify_init,
        libc::SYS_signalfd,
    ] {
        let first = if number == libc::SYS_signalfd { -1 } else { 1 };
        call(number, [first, signals, 8, 0, 0]);
    }
    show_twice()
}

/// Descriptors come through a socket: kept, closed by exec, and two by one
/// recvmmsg(2).
fn passes_some() -> u8 {
    let (one, other) = sockets();
    let [read_end, write_end] = pipe();
    for flags in [0, libc::MSG_CMSG_CLOEXEC] {
        Rights::new(read_end).pass(one.as_raw_fd(), true, 0);
        Rights::new(-1).pass(other.as_raw_fd(), false, flags);
    }
    Rights::new(write_end).pass(one.as_raw_fd(), true, 0);
    Rights::receive_many(other.as_raw_fd());
    show_twice()
}

/// Flags and copies.
fn changes_some() -> u8 {
    let ends: Vec<RawFd> = (0..5).flat_map(|_| pipe()).collect();
    let ioctl = |fd: RawFd, what: libc::Ioctl| {
        call(libc::SYS_ioctl, [fd.into(), what as c_long, 0, 0, 0]);
    };
    ioctl(ends[0], libc::FIOCLEX);
    ioctl(ends[1], libc::FIOCLEX);
    ioctl(ends[1], libc::FIONCLEX);
    let cloexec = c_long::from(libc::O_CLOEXEC);
    call(libc::SYS_dup3, [ends[1].into(), ends[2].into(), cloexec, 0, 0]);
    call(libc::SYS_dup3, [ends[3].into(), 50, 0, 0, 0]);
    let fcntl = |fd: RawFd, what: c_int, with: c_long| {
        call(libc::SYS_fcntl, [fd.into(), what.into(), with, 0, 0]);
    };
    fcntl(ends[4], libc::F_SETFD, 1);
    fcntl(ends[5], libc::F_DUPFD, 60);
    fcntl(ends[5], libc::F_DUPFD_CLOEXEC, 60);
    let only_mark = c_long::from(libc::CLOSE_RANGE_CLOEXEC);
    let (first, last) = (ends[6].into(), ends[7].into());
    call(libc::SYS_close_range, [first, last, only_mark, 0, 0]);
    let unshared = c_long::from(libc::CLOSE_RANGE_UNSHARE);
    let last = ends[8].into();
    call(libc::SYS_close_range, [last, last, unshared, 0, 0]);
    show_twice()
}

/// Paths that do not say what they lead to, and a terminal's other side.
fn opens_some() -> u8 {
    let [read_end, _] = pipe();
    chdir("/etc").expect("it is there");
    let open = |path: &str, flags: c_int| {
        let path = CString::new(path).expect("no NUL");
        // SAFETY: the path lives over the call.
        unsafe { libc::open(path.as_ptr(), flags) }
    };
    open("passwd", libc::O_RDONLY);
    open("/dev/null", libc::O_WRONLY | libc::O_CLOEXEC);
    open("/dev/null", libc::O_WRONLY);
    open(&format!("/dev/fd/{read_end}"), libc::O_RDONLY);
    open(&format!("/proc/self/fd/{read_end}"), libc::O_RDONLY);
    let terminal = open("/dev/ptmx", libc::O_RDWR | libc::O_NOCTTY);
    let number = 0;
    let unlock = (&raw const number).expose_provenance() as c_long;
    let terminal = terminal.into();
    let ioctl = |what: libc::Ioctl, with: c_long| {
        call(libc::SYS_ioctl, [terminal, what as c_long, with, 0, 0]);
    };
    ioctl(libc::TIOCSPTLCK, unlock);
    ioctl(libc::TIOCGPTPEER, (libc::O_RDWR | libc::O_NOCTTY).into());
    show_twice()
}

/// A process with the table of its parent, then with its own.
fn shares_one() -> u8 {
    let ends = pipe();
    let flags = libc::CLONE_FILES | libc::SIGCHLD;
    let made = call(libc::SYS_clone, [flags.into(), 0, 0, 0, 0]);
    if made == 0 {
        pipe();
        call(libc::SYS_unshare, [libc::CLONE_FILES.into(), 0, 0, 0, 0]);
        close(ends[0]);
        pipe();
        crate::calls::leave(show_twice());
    }
    wait(made, 0);
    show_twice()
}

fn clones_with_pidfd() -> u8 {
    let pidfd = -1;
    let at = (&raw const pidfd).expose_provenance() as c_long;
    let flags = libc::CLONE_PIDFD | libc::SIGCHLD;
    let made = call(libc::SYS_clone, [flags.into(), 0, at, 0, 0]);
    if made == 0 {
        crate::calls::leave(show_twice());
    }
    wait(made, 0);
    show_twice()
}

/// fexecve(3), without a path.
fn executes_a_descriptor() -> u8 {
    let program = fs::File::open("/proc/self/exe").expect("it is there");
    let list =
        [c"observed".as_ptr(), c"table-shows".as_ptr(), std::ptr::null()];
    let at = |it: *const std::ffi::c_char| it.expose_provenance() as c_long;
    let list = (&raw const list).expose_provenance() as c_long;
    let none = [0_u64];
    let none = (&raw const none).expose_provenance() as c_long;
    let flags = libc::AT_EMPTY_PATH.into();
    let fd = program.as_raw_fd().into();
    let path = at(c"".as_ptr());
    -call(libc::SYS_execveat, [fd, path, list, none, flags]) as u8
}

/// Numbers that look random, the same for each seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        // The constants are those of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// Forty changes by each of up to four processes.
fn does_anything(seed: u64) -> u8 {
    let mut dice = Dice(seed);
    let mut children = Vec::new();
    for _ in 0..40 {
        if dice.below(20) == 0 && children.len() < 3 {
            let seed = dice.below(1 << 20) as u64;
            children.push(child(|| {
                let mut dice = Dice(seed);
                (0..20).for_each(|_| change_one(&mut dice));
                show_twice()
            }));
        }
        change_one(&mut dice);
    }
    children.into_iter().map(code_of).for_each(drop);
    show_twice()
}

/// Numbers from 3 to 30, whether they are open or not.
fn change_one(dice: &mut Dice) {
    let fd = 3 + dice.below(28) as c_long;
    let other = 3 + dice.below(28) as c_long;
    let on = dice.below(2) as c_long;
    let cloexec = on * c_long::from(libc::O_CLOEXEC);
    let (local, stream) = (libc::AF_UNIX.into(), libc::SOCK_STREAM);
    let mut ends = [0; 2];
    let at = (&raw mut ends).expose_provenance() as c_long;
    let null = c"/dev/null".as_ptr().expose_provenance() as c_long;
    let here = libc::AT_FDCWD.into();
    let ioctl = if on == 1 { libc::FIOCLEX } else { libc::FIONCLEX };
    let (get, set) = (libc::F_DUPFD_CLOEXEC.into(), libc::F_SETFD.into());
    let (number, arguments) = match dice.below(12) {
        0 | 1 => (libc::SYS_pipe2, [at, cloexec, 0, 0, 0]),
        2 => {
            let kind = c_long::from(stream) | cloexec;
            (libc::SYS_socketpair, [local, kind, 0, at, 0])
        }
        3 => (libc::SYS_openat, [here, null, cloexec, 0, 0]),
        4 => (libc::SYS_dup, [fd, 0, 0, 0, 0]),
        5 | 6 => (libc::SYS_dup3, [fd, other, cloexec, 0, 0]),
        7 => (libc::SYS_fcntl, [fd, get, other, 0, 0]),
        8 => (libc::SYS_fcntl, [fd, set, on, 0, 0]),
        9 => (libc::SYS_ioctl, [fd, ioctl as c_long, 0, 0, 0]),
        10 => (libc::SYS_eventfd2, [0, cloexec, 0, 0, 0]),
        _ => (libc::SYS_close_range, [fd, fd + 2, 0, 0, 0]),
    };
    call(number, arguments);
}
