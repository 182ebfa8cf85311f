//! All reading of `/proc` goes through here, so that a test can make it
//! refuse, as another user's process would.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, readlinkat};
use nix::sys::stat::fstatat;

use crate::parse::{self, Mapping, Stat, Status, Syscall};

/// What is not read, as if the kernel had refused it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Refusal {
    /// `/proc/PID/syscall`, as under Yama at 1 and 2.
    pub syscall: bool,
    /// `/proc/PID/mem` and what else needs the right to attach.
    pub memory: bool,
    /// `/proc/PID/fd` and `fdinfo`, as for another user's process.
    pub descriptors: bool,
}

/// Reads the tables of processes. A file that is gone is `None`: its process
/// may have ended meanwhile.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Proc {
    refusal: Refusal,
    is_sealed: bool,
}

/// In which call a task is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Called {
    /// In this one.
    In(Syscall),
    /// In none: it runs, or waits in a fault or a stop.
    Nothing,
    /// The kernel does not tell.
    Refused,
}

/// What a descriptor leads to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Object {
    /// An unnamed pipe, by its inode.
    Pipe(u64),
    /// A socket, by its inode.
    Socket(u64),
    /// A FIFO, by device and inode.
    Fifo(u64, u64),
    /// A file or a POSIX message queue, by device and inode.
    File(u64, u64),
    /// A terminal or another device.
    Device,
    /// `[eventfd]`, `[timerfd]` …; all of a kind share one inode.
    Anonymous,
    /// An eventfd, by its number.
    Event(u64),
}

impl Object {
    /// By what `/proc` writes, where that tells it.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let pipe = inode_of(text, "pipe:[").map(Self::Pipe);
        pipe.or_else(|| inode_of(text, "socket:[").map(Self::Socket))
    }
}

/// A descriptor of some process.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Descriptor {
    pub(crate) fd: i32,
    pub(crate) object: Object,
    /// As `/proc` writes it: `pipe:[160151]`.
    pub(crate) text: Rc<str>,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// Whether a name still leads to it.
    pub(crate) is_named: bool,
}

impl Proc {
    pub(crate) fn new(refusal: Refusal, is_sealed: bool) -> Self {
        Self { refusal, is_sealed }
    }

    pub(crate) fn refuses_descriptors(self) -> bool {
        self.refusal.descriptors
    }

    pub(crate) fn refuses_memory(self) -> bool {
        self.refusal.memory
    }

    /// Every pid there is.
    pub(crate) fn pids(self) -> Vec<i32> {
        numbers(Path::new("/proc"))
    }

    /// The one that was given last; it falls where numbers begin anew.
    pub(crate) fn last_pid(self) -> Option<i32> {
        let load = text("/proc/loadavg")?;
        load.split_ascii_whitespace().next_back()?.parse().ok()
    }

    pub(crate) fn tids(self, pid: i32) -> Vec<i32> {
        numbers(Path::new(&format!("/proc/{pid}/task")))
    }

    pub(crate) fn stat(self, pid: i32) -> Option<Stat> {
        parse::stat(&text(&format!("/proc/{pid}/stat"))?)
    }

    pub(crate) fn thread_stat(self, pid: i32, tid: i32) -> Option<Stat> {
        parse::stat(&text(&format!("/proc/{pid}/task/{tid}/stat"))?)
    }

    pub(crate) fn status(self, tid: i32) -> Option<Status> {
        Some(parse::status(&text(&format!("/proc/{tid}/status"))?))
    }

    /// The children that a thread has; `None` where the kernel has no such
    /// file.
    pub(crate) fn children(self, pid: i32, tid: i32) -> Option<Vec<i32>> {
        let children = text(&format!("/proc/{pid}/task/{tid}/children"))?;
        let children = children.split_ascii_whitespace();
        Some(children.filter_map(|pid| pid.parse().ok()).collect())
    }

    pub(crate) fn called(self, pid: i32, tid: i32) -> Called {
        if self.refusal.syscall {
            return Called::Refused;
        }
        match text(&format!("/proc/{pid}/task/{tid}/syscall")) {
            None => Called::Refused,
            Some(text) => match parse::syscall(&text) {
                Some(syscall) => Called::In(syscall),
                None => Called::Nothing,
            },
        }
    }

    /// The kernel's function in which a task waits.
    pub(crate) fn channel(self, pid: i32, tid: i32) -> Option<String> {
        text(&format!("/proc/{pid}/task/{tid}/wchan"))
    }

    /// How many a thread has, 0 where the kernel does not count them; `None`
    /// if they may not be read.
    pub(crate) fn count_descriptors(self, tid: i32) -> Option<usize> {
        if self.refusal.descriptors {
            return None;
        }
        let folder = fs::metadata(format!("/proc/{tid}/fd")).ok()?;
        Some(folder.len() as usize)
    }

    /// All of a thread's, of which those need not be read that are `known`
    /// by their numbers; `None` if they may not be.
    pub(crate) fn descriptors_but(
        self,
        pid: i32,
        mut known: impl FnMut(i32) -> Option<Descriptor>,
    ) -> Option<Vec<Descriptor>> {
        if self.refusal.descriptors {
            return None;
        }
        let path = format!("/proc/{pid}/fd");
        let folder = fs::File::open(&path).ok()?;
        let entries = fs::read_dir(&path).ok()?;
        let mut all = Vec::new();
        for entry in entries {
            let name = entry.ok()?.file_name();
            let Some(fd) = name.to_str().and_then(|it| it.parse().ok()) else {
                continue;
            };
            match known(fd) {
                Some(descriptor) => all.push(descriptor),
                None => all.extend(descriptor(pid, &folder, fd, &name)?),
            }
        }
        Some(all)
    }

    /// What a descriptor leads to.
    pub(crate) fn object(self, pid: i32, fd: i32) -> Option<Object> {
        let folder = fs::File::open(format!("/proc/{pid}/fd")).ok()?;
        let name = OsString::from(fd.to_string());
        Some(descriptor(pid, &folder, fd, &name)??.object)
    }

    pub(crate) fn info(self, pid: i32, fd: i32) -> Option<String> {
        if self.refusal.descriptors {
            return None;
        }
        text(&format!("/proc/{pid}/fdinfo/{fd}"))
    }

    /// Device and inode of the file behind a descriptor, as the kernel
    /// writes both.
    pub(crate) fn inode(self, pid: i32, fd: i32) -> Option<(u64, u64)> {
        let file = fs::metadata(format!("/proc/{pid}/fd/{fd}")).ok()?;
        let (major, minor) = (libc::major(file.dev()), libc::minor(file.dev()));
        Some((u64::from(major) << 20 | u64::from(minor), file.ino()))
    }

    pub(crate) fn mappings(self, pid: i32) -> Option<Vec<Mapping>> {
        if self.refusal.memory {
            return None;
        }
        let maps = self.maps(pid)?;
        Some(maps.lines().filter_map(parse::mapping).collect())
    }

    /// How much memory a process has, in pages: all of it, its program, and
    /// what it may write. Anybody may read that.
    pub(crate) fn size(self, pid: i32) -> Option<[u64; 3]> {
        let sizes = text(&format!("/proc/{}/statm", self.living(pid)))?;
        let sizes: Vec<u64> = sizes
            .split_ascii_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let size = [*sizes.first()?, *sizes.get(3)?, *sizes.get(5)?];
        (size[0] > 0).then_some(size)
    }

    /// `/proc/PID/maps`, as it stands there.
    pub(crate) fn maps(self, pid: i32) -> Option<String> {
        if self.refusal.memory {
            return None;
        }
        let maps = text(&format!("/proc/{pid}/maps"))?;
        match maps.is_empty() {
            true => text(&format!("/proc/{}/maps", self.living(pid))),
            false => Some(maps),
        }
    }

    /// A thread of a process that has not ended. Of a first thread that has,
    /// /proc shows neither memory nor descriptors.
    pub(crate) fn living(self, pid: i32) -> i32 {
        let has_ended =
            |stat: Option<Stat>| stat.is_none_or(|stat| stat.has_ended());
        if !has_ended(self.stat(pid)) {
            return pid;
        }
        let mut tids = self.tids(pid).into_iter();
        tids.find(|tid| !has_ended(self.thread_stat(pid, *tid))).unwrap_or(pid)
    }

    /// Fills `bytes` from a process's memory. Whether all could be read.
    pub(crate) fn copy(self, pid: i32, from: u64, bytes: &mut [u8]) -> bool {
        if self.refusal.memory {
            return false;
        }
        let mut copied = |pid: i32| {
            let memory = fs::File::open(format!("/proc/{pid}/mem"));
            memory.is_ok_and(|memory| memory.read_exact_at(bytes, from).is_ok())
        };
        let other = || Some(self.living(pid)).filter(|tid| *tid != pid);
        copied(pid) || other().is_some_and(copied)
    }

    /// Words of 32 bits from a process's memory.
    pub(crate) fn words<const N: usize>(
        self,
        pid: i32,
        from: u64,
    ) -> Option<[u32; N]> {
        let mut bytes = vec![0; 4 * N];
        if !self.copy(pid, from, &mut bytes) {
            return None;
        }
        let mut words = [0; N];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_ne_bytes(bytes.try_into().ok()?);
        }
        Some(words)
    }

    /// A path in a process's memory.
    pub(crate) fn path(self, pid: i32, from: u64) -> Option<PathBuf> {
        let mut path = Vec::new();
        // Byte by byte, since the next page may not be there.
        for at in from..from.checked_add(4096)? {
            let mut byte = [0];
            if !self.copy(pid, at, &mut byte) {
                return None;
            }
            match byte {
                [0] => return Some(OsString::from_vec(path).into()),
                [byte] => path.push(byte),
            }
        }
        None
    }

    /// Whether it made timers with timer_create(2). Whether they are armed
    /// is not told.
    pub(crate) fn has_timers(self, pid: i32) -> bool {
        let timers = text(&format!("/proc/{pid}/timers"));
        timers.is_some_and(|timers| !timers.is_empty())
    }

    /// Whether its program is of this machine's word size: calls of another
    /// have other numbers.
    pub(crate) fn is_native(self, pid: i32) -> bool {
        const CLASS: u64 = 4; // EI_CLASS, elf(5)
        let mut class = [0];
        let program = fs::File::open(format!("/proc/{pid}/exe"));
        match program.map(|it| it.read_exact_at(&mut class, CLASS)) {
            Ok(Ok(())) => class == [size_of::<usize>() as u8 / 4],
            _ => true,
        }
    }

    /// Whether /proc is that of our pid namespace. Calls that take a pid would
    /// otherwise mean another process.
    pub(crate) fn is_ours(self) -> bool {
        let own = std::process::id().to_string();
        fs::read_link("/proc/self").is_ok_and(|it| it == Path::new(&own))
    }

    /// Whether our pid namespace is not the first: then there are processes
    /// that it does not show, and that may take part.
    pub(crate) fn is_below_others(self) -> bool {
        const FIRST: &str = "pid:[4026531836]"; // PROC_PID_INIT_INO
        let own = fs::read_link("/proc/self/ns/pid");
        !self.is_sealed && own.is_ok_and(|own| own != Path::new(FIRST))
    }

    /// A namespace, `ipc:[4026531839]`.
    pub(crate) fn namespace(self, pid: i32, name: &str) -> Option<PathBuf> {
        fs::read_link(format!("/proc/{pid}/ns/{name}")).ok()
    }

    /// `/proc/locks`, `/proc/sysvipc/sem` …
    pub(crate) fn table(self, name: &str) -> Option<String> {
        text(&format!("/proc/{name}"))
    }
}

/// From the folder on, and not from the root: of the time that a table of
/// thousands takes, most is the way there. `None` if it may not be read, though
/// the folder may: root reads that without the right to inspect the process.
fn descriptor(
    pid: i32,
    folder: &fs::File,
    fd: i32,
    name: &OsStr,
) -> Option<Option<Descriptor>> {
    match readlinkat(folder, name) {
        Ok(text) => Some(told(pid, folder, fd, name, &text)),
        Err(Errno::EACCES | Errno::EPERM) => None,
        Err(_) => Some(None), // closed meanwhile
    }
}

fn told(
    pid: i32,
    folder: &fs::File,
    fd: i32,
    name: &OsStr,
    text: &OsStr,
) -> Option<Descriptor> {
    let text: Rc<str> = text.to_string_lossy().into();
    let stat = |flags| fstatat(folder, name, flags).ok();
    let mode = stat(AtFlags::AT_SYMLINK_NOFOLLOW)?.st_mode;
    let mut is_named = false;
    let object = if let Some(object) = Object::of_text(&text) {
        object
    } else if &*text == "anon_inode:[eventfd]" {
        // All share one inode; but each has a number of its own.
        let info = self::text(&format!("/proc/{pid}/fdinfo/{fd}"))?;
        let id = parse::field(&info, "eventfd-id");
        let id = id.and_then(|id| id.parse().ok());
        id.map_or(Object::Anonymous, Object::Event)
    } else if text.starts_with("anon_inode:") || &*text == "/dev/null" {
        Object::Anonymous
    } else {
        let file = stat(AtFlags::empty())?;
        is_named = file.st_nlink > 0;
        object(file.st_mode, file.st_dev, file.st_ino)
    };
    Some(Descriptor {
        fd,
        object,
        text,
        is_readable: mode & libc::S_IRUSR != 0,
        is_writable: mode & libc::S_IWUSR != 0,
        is_named,
    })
}

/// What a file is, by its metadata.
pub(crate) fn object_of(file: &fs::Metadata) -> Object {
    object(file.mode(), file.dev(), file.ino())
}

fn object(mode: u32, device: u64, inode: u64) -> Object {
    match mode & libc::S_IFMT {
        libc::S_IFIFO => Object::Fifo(device, inode),
        libc::S_IFCHR | libc::S_IFBLK => Object::Device,
        _ => Object::File(device, inode),
    }
}

fn inode_of(text: &str, kind: &str) -> Option<u64> {
    text.strip_prefix(kind)?.strip_suffix(']')?.parse().ok()
}

fn numbers(folder: &Path) -> Vec<i32> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// A name or an argument may hold bytes that are no UTF-8.
fn text(path: &str) -> Option<String> {
    let mut file = fs::File::open(path).ok()?;
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    // fs::read asks for a size first, which nothing in /proc has.
    loop {
        match file.read(&mut part).ok()? {
            0 => return Some(String::from_utf8_lossy(&bytes).into_owned()),
            length => bytes.extend_from_slice(&part[..length]),
        }
    }
}
