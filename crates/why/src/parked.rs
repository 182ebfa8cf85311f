//! Descriptors that nobody has under a number: in a message which nobody has
//! received yet (`SCM_RIGHTS`), or given to a ring of io_uring. Of the
//! tree's, see `Holdings`; here it is about those of strangers.

use std::collections::HashSet;
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use crate::keepers::{keeps_events, maps_keeper};
use crate::parse;
use crate::proc::{Object, Proc};
use crate::same::Place;
use crate::scene::Scene;
use crate::strangers::Seen;

pub(crate) const RING: &str = "anon_inode:[io_uring]";

/// How the threads of the kernel are named that work for a ring.
const WORKER: &str = "iou-";

/// Strangers who have run, and the sockets whose messages they may have sent
/// or received.
#[derive(Debug, Default)]
pub(crate) struct Ran {
    pub(crate) pids: HashSet<i32>,
    pub(crate) sockets: HashSet<u64>,
}

/// What a stranger keeps where it has no number.
#[derive(Debug, Default)]
pub(crate) struct Parked {
    objects: Vec<Object>,
    /// Whether an eventfd may be among them: which one is not told.
    has_event: bool,
    /// Whether there is more, of which we know nothing.
    is_more: bool,
}

impl Parked {
    fn add(&mut self, found: Option<Vec<Object>>) {
        match found {
            Some(found) => self.objects.extend(found),
            None => self.is_more = true,
        }
    }

    /// What a stranger has given to rings, machines and devices.
    fn look_at(&mut self, proc: Proc, pid: i32, seen: &Seen) {
        let mut rings = 0;
        for (tid, descriptor) in seen.held() {
            self.has_event |= keeps_events(descriptor);
            if &*descriptor.text == RING {
                let info = proc.info(tid, descriptor.fd).unwrap_or_default();
                self.add(in_ring(&info));
                self.has_event = true;
                rings += 1;
            }
        }
        let maps = proc.maps(pid).unwrap_or_default();
        self.has_event |= maps_keeper(&maps);
        let workers = || seen.names(proc, pid);
        let is_at_work = || workers().any(|name| name.starts_with(WORKER));
        self.is_more |=
            mapped_rings(&maps) > rings || rings > 0 && is_at_work();
    }

    fn has(&self, object: &Object) -> bool {
        let is_event = matches!(object, Object::Event(_));
        self.objects.contains(object) || self.has_event && is_event
    }
}

impl Scene<'_> {
    /// Whatever strangers keep so has a holder outside: those who have run,
    /// and in the sockets through which they may have sent it. Without any,
    /// all do.
    pub(crate) fn find_parked(&mut self, ran: Option<&Ran>) {
        let proc = self.proc;
        let is_meant =
            |socket: u64| ran.is_none_or(|it| it.sockets.contains(&socket));
        let mut parked = Parked::default();
        for (inode, places) in self.holdings.strangers.sockets() {
            if is_meant(inode) {
                parked.add(in_messages(proc, inode, &places));
            }
        }
        parked.is_more |= self.holdings.has_new_on_the_way(proc, is_meant);
        for (pid, seen) in self.holdings.strangers.each() {
            if ran.is_none_or(|it| it.pids.contains(pid)) {
                parked.look_at(proc, *pid, seen);
            }
        }
        // What has no inode, or may be mapped, is not told apart any further.
        let is_told = |it: &Object| {
            matches!(it, Object::Pipe(_) | Object::Socket(_) | Object::Event(_))
        };
        parked.is_more |= !parked.objects.iter().all(is_told);
        for (object, group) in self.known_groups() {
            self.groups[group].leads_outside |= parked.has(&object);
        }
        if parked.is_more {
            self.doubt_all();
        }
    }
}

/// What waits in a socket; `None` if that is not told.
fn in_messages(
    proc: Proc,
    inode: u64,
    places: &[Place],
) -> Option<Vec<Object>> {
    let own = std::process::id() as i32;
    for place in places {
        let Some((fd, info)) = info_of(proc, *place, inode) else { continue };
        let count = parse::field(&info, "scm_fds").unwrap_or("0");
        let count: usize = count.parse().ok()?;
        if count == 0 {
            return Some(Vec::new());
        }
        let copy = proc.copied(place.0, fd)?;
        if proc.object(own, copy.as_raw_fd())? != Object::Socket(inode) {
            return None;
        }
        let found = peek(&copy)?;
        let objects = found.iter().map(|it| proc.object(own, it.as_raw_fd()));
        let objects: Vec<Object> = objects.collect::<Option<_>>()?;
        // A socket in a message may have messages of its own.
        let is_socket = |it: &Object| matches!(it, Object::Socket(_));
        let is_all = objects.len() == count && !objects.iter().any(is_socket);
        return is_all.then_some(objects);
    }
    Some(Vec::new()) // closed meanwhile
}

/// A holder's socket, which may have another number by now.
fn info_of(proc: Proc, place: Place, inode: u64) -> Option<(i32, String)> {
    let (tid, fd) = place;
    let object = Object::Socket(inode);
    let told = |fd: i32| Some((fd, proc.info(tid, fd)?));
    if proc.object(tid, fd).as_ref() == Some(&object) {
        return told(fd);
    }
    let table = proc.descriptors_but(tid, |_| None)?;
    let found = table.iter().find(|it| it.object == object)?;
    told(found.fd)
}

/// The descriptors of a socket's first message, which stays there.
fn peek(socket: &OwnedFd) -> Option<Vec<OwnedFd>> {
    const MOST: usize = 253; // SCM_MAX_FD
    if has_place(socket) {
        return None;
    }
    let mut byte = [0];
    let mut part = IoSliceMut::new(&mut byte);
    let mut control = [0_u64; 2 + MOST.div_ceil(2)];
    // SAFETY: a message of zeros is an empty one.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = (&raw mut part).cast();
    message.msg_iovlen = 1;
    message.msg_control = control.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control);
    let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
    // SAFETY: all parts of the message outlive the call. An IoSliceMut is an
    // iovec.
    let length =
        unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
    let mut found = Vec::new();
    // SAFETY: the kernel has filled the message in.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    while length >= 0 && !next.is_null() {
        // SAFETY: it lies within `control`.
        let header = unsafe { *next };
        let is_rights = (header.cmsg_level, header.cmsg_type)
            == (libc::SOL_SOCKET, libc::SCM_RIGHTS);
        // SAFETY: as above.
        let at = unsafe { libc::CMSG_DATA(next) }.cast::<RawFd>();
        // SAFETY: a number, and no memory.
        let empty = unsafe { libc::CMSG_LEN(0) } as usize;
        let count = header.cmsg_len.saturating_sub(empty) / size_of::<RawFd>();
        for place in (0..count).filter(|_| is_rights) {
            // SAFETY: the header says that there are so many.
            let at = unsafe { at.add(place) };
            // SAFETY: as above.
            let fd = unsafe { at.read_unaligned() };
            // SAFETY: the kernel has just made this descriptor for us alone.
            found.push(unsafe { OwnedFd::from_raw_fd(fd) });
        }
        // SAFETY: as above.
        next = unsafe { libc::CMSG_NXTHDR(&raw const message, next) };
    }
    let is_cut = message.msg_flags & libc::MSG_CTRUNC != 0;
    (length >= 0 && !is_cut).then_some(found)
}

/// Whether the socket remembers how far it was peeked (`SO_PEEK_OFF`), which
/// we would change.
fn has_place(socket: &OwnedFd) -> bool {
    let mut place: libc::c_int = -1;
    let mut length = size_of::<libc::c_int>() as libc::socklen_t;
    // SAFETY: the option is a number, as long as is said.
    let asked = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEEK_OFF,
            (&raw mut place).cast(),
            &raw mut length,
        )
    };
    asked == 0 && place >= 0
}

/// How many rings a process has mapped, each from its beginning.
fn mapped_rings(maps: &str) -> usize {
    const BEGINNING: &str = " 00000000 "; // IORING_OFF_SQ_RING
    let of_ring = maps.lines().filter(|line| line.ends_with(RING));
    of_ring.filter(|line| line.contains(BEGINNING)).count()
}

/// The files that a ring was given, by its `fdinfo`: `    0: pipe:[123]`.
/// Without eventfds; `None` if another is not told apart, or if a call is in
/// hand that may have a file of its own: `  op=23, task_works=0`.
fn in_ring(info: &str) -> Option<Vec<Object>> {
    let count: usize = parse::field(info, "UserFiles")?.parse().ok()?;
    if info.lines().any(|line| line.starts_with("  op=")) {
        return None;
    }
    let mut files = info.lines();
    files.find(|line| line.starts_with("UserFiles"))?;
    let files = files.take_while(|line| line.starts_with(' '));
    let texts = files.filter_map(|line| line.split_once(": "));
    let texts: Vec<&str> = texts.map(|(_, text)| text.trim()).collect();
    let is_meant = |text: &&&str| **text != "anon_inode:[eventfd]";
    let found: Option<Vec<Object>> =
        texts.iter().filter(is_meant).map(|it| Object::of_text(it)).collect();
    // Gaps are not listed; but where the ring was busy, nothing is.
    let is_listed = count == 0 || !texts.is_empty();
    found.filter(|_| is_listed)
}

#[cfg(test)]
mod tests {
    use super::{in_ring, mapped_rings};
    use crate::proc::Object;

    #[test]
    fn a_ring_tells_the_files_that_it_was_given() {
        let text = "SqThread:\t-1\nUserFiles:\t2\n    0: pipe:[47291071]\n    \
                    1: socket:[9]\nUserBufs:\t0\n";
        let found = in_ring(text).unwrap();
        assert_eq!(found, [Object::Pipe(47_291_071), Object::Socket(9)]);
        assert_eq!(in_ring("UserFiles:\t1\n    0: /tmp/f\n"), None);
        assert_eq!(in_ring("UserFiles:\t1\nUserBufs:\t0\n"), None);
        assert_eq!(in_ring("UserFiles:\t0\n"), Some(Vec::new()));
        let busy = "UserFiles:\t0\nPollList:\n  op=23, task_works=0\n";
        assert_eq!(in_ring(busy), None);
    }
    #[test]
    fn each_ring_is_mapped_once_from_its_beginning() {
        let line = |from: &str| {
            format!("7f0-7f1 rw-s {from} 00:10 68 {:21}{}\n", "", super::RING)
        };
        let maps = line("00000000") + &line("10000000") + &line("00000000");
        assert_eq!(mapped_rings(&maps), 2);
        assert_eq!(mapped_rings("7f0-7f1 rw-s 00000000 00:01 5 /f\n"), 0);
    }
}
