//! The text of `/proc`, as plain data. Whatever has another form is `None`:
//! then less is known, and less is said.

/// `/proc/PID/stat`, the fields that are needed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stat {
    pub(crate) name: String,
    pub(crate) state: char,
    pub(crate) parent: i32,
    pub(crate) session: i32,
    pub(crate) flags: u32,
    pub(crate) threads: usize,
    pub(crate) start: u64,
}

const OF_THE_KERNEL: u32 = 0x0020_0000; // PF_KTHREAD, <linux/sched.h>

impl Stat {
    pub(crate) fn is_of_the_kernel(&self) -> bool {
        self.flags & OF_THE_KERNEL != 0
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// The name may contain anything, so counting starts at its last
/// parenthesis.
pub(crate) fn stat(text: &str) -> Option<Stat> {
    let (before, behind) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let fields: Vec<&str> = behind.split_ascii_whitespace().collect();
    Some(Stat {
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        flags: fields.get(6)?.parse().ok()?,
        threads: fields.get(17)?.parse().ok()?,
        start: fields.get(19)?.parse().ok()?,
    })
}

/// `/proc/PID/status`, the fields that are needed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Status {
    pub(crate) state: char,
    /// The process to which the thread belongs.
    pub(crate) process: i32,
    /// The id inside the innermost namespace: the one which its own program
    /// sees.
    pub(crate) seen: i32,
    pub(crate) tracer: i32,
    /// The real user id.
    pub(crate) user: u32,
    /// Of this thread, and of its process.
    pub(crate) pending: u64,
    pub(crate) blocked: u64,
    pub(crate) ignored: u64,
    pub(crate) caught: u64,
    /// Whether a filter of seccomp(2) decides upon its calls.
    pub(crate) is_filtered: bool,
    /// Context switches of both kinds.
    pub(crate) switches: u64,
}

pub(crate) fn status(text: &str) -> Status {
    let mut status = Status::default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        let set = || u64::from_str_radix(value, 16).unwrap_or_default();
        let number = || value.parse().unwrap_or_default();
        match key {
            "State" => status.state = value.chars().next().unwrap_or_default(),
            "Tgid" => status.process = number(),
            "NSpid" => {
                let last = value.split_ascii_whitespace().next_back();
                let last = last.and_then(|last| last.parse().ok());
                status.seen = last.unwrap_or_default();
            }
            "TracerPid" => status.tracer = number(),
            "Uid" => {
                let first = value.split_ascii_whitespace().next();
                let first = first.and_then(|first| first.parse().ok());
                status.user = first.unwrap_or_default();
            }
            "SigPnd" | "ShdPnd" => status.pending |= set(),
            "SigBlk" => status.blocked = set(),
            "SigIgn" => status.ignored = set(),
            "SigCgt" => status.caught = set(),
            "Seccomp" => status.is_filtered = value == "2",
            "voluntary_ctxt_switches" | "nonvoluntary_ctxt_switches" => {
                status.switches += value.parse::<u64>().unwrap_or_default();
            }
            _ => {}
        }
    }
    status
}

/// A system call and its arguments.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Syscall {
    pub(crate) number: i64,
    pub(crate) arguments: [u64; 6],
    /// Where the program goes on after it.
    pub(crate) program: u64,
}

/// `/proc/PID/syscall`: `None` for a task that runs, or waits outside of a
/// call.
pub(crate) fn syscall(text: &str) -> Option<Syscall> {
    let mut words = text.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = hex(words.next()?)?;
    }
    let _stack = words.next()?;
    let program = hex(words.next()?)?;
    (number >= 0).then_some(Syscall { number, arguments, program })
}

fn hex(word: &str) -> Option<u64> {
    let digits = word.strip_prefix("0x").unwrap_or(word);
    u64::from_str_radix(digits, 16).ok()
}

/// A line of `/proc/PID/maps`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Mapping {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) is_shared: bool,
    pub(crate) is_code: bool,
    pub(crate) is_writable: bool,
    pub(crate) offset: u64,
    /// Device and inode: the same for everybody who maps the same memory.
    pub(crate) file: (u64, u64),
    pub(crate) path: String,
}

pub(crate) fn mapping(line: &str) -> Option<Mapping> {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = words.next()?.split_once('-')?;
    let access = words.next()?;
    let offset = hex(words.next()?)?;
    let (major, minor) = words.next()?.split_once(':')?;
    let inode = words.next()?.parse().ok()?;
    let path: Vec<&str> = words.collect();
    Some(Mapping {
        from: hex(from)?,
        to: hex(to)?,
        is_shared: access.ends_with('s'),
        is_code: access.contains('x'),
        is_writable: access.contains('w'),
        offset,
        file: (device(hex(major)?, hex(minor)?), inode),
        path: path.join(" "),
    })
}

/// A device number as stat(2) has it, from its two parts.
pub(crate) fn device(major: u64, minor: u64) -> u64 {
    libc::makedev(major as u32, minor as u32)
}

/// A held lock, as `/proc/PID/fdinfo/FD` has it in a `lock:` line and
/// `/proc/locks` in a line of its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct HeldLock {
    /// `FLOCK`, `POSIX`, `OFDLCK`.
    pub(crate) kind: String,
    pub(crate) is_exclusive: bool,
    /// Who took it, which for flock(2) need not be who holds it.
    pub(crate) pid: i32,
    pub(crate) file: (u64, u64),
    /// First and last byte.
    pub(crate) range: (u64, u64),
    /// Whether it is only asked for.
    pub(crate) is_waiting: bool,
}

/// `1: FLOCK  ADVISORY  WRITE 4711 fe:00:1234 0 EOF`
pub(crate) fn held_lock(line: &str) -> Option<HeldLock> {
    let line = line.strip_prefix("lock:").unwrap_or(line);
    let mut words = line.split_ascii_whitespace().skip(1).peekable();
    let is_waiting = words.next_if(|word| word.ends_with("->")).is_some();
    let kind = words.next()?.to_owned();
    let access = words.nth(1)?;
    let pid = words.next()?.parse().ok()?;
    let mut file = words.next()?.split(':');
    let device = device(hex(file.next()?)?, hex(file.next()?)?);
    let inode = file.next()?.parse().ok()?;
    let first = words.next()?.parse().ok()?;
    let last = match words.next()? {
        "EOF" => u64::MAX,
        last => last.parse().ok()?,
    };
    Some(HeldLock {
        kind,
        is_exclusive: access == "WRITE",
        pid,
        file: (device, inode),
        range: (first, last),
        is_waiting,
    })
}

/// A field of `/proc/PID/fdinfo/FD`, `eventfd-id: 3`.
pub(crate) fn field<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

/// A descriptor that an epoll set watches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Watched {
    /// Its number when it was added.
    pub(crate) fd: i32,
    pub(crate) events: u32,
    /// How many entries before it have the same number: of files that were
    /// added under it one after the other.
    pub(crate) nth: u32,
    /// Device and inode of the file that was added, which the number may
    /// have left since.
    pub(crate) inode: Option<(u64, u64)>,
}

/// `tfd:        3 events:       19 data: 0  pos:0 ino:1f sdev:10`
pub(crate) fn watched(info: &str) -> Vec<Watched> {
    let mut found: Vec<Watched> = Vec::new();
    for line in info.lines() {
        if let Some(mut watched) = watched_by(line) {
            let is_same = |it: &&Watched| it.fd == watched.fd;
            watched.nth = found.iter().filter(is_same).count() as u32;
            found.push(watched);
        }
    }
    found
}

fn watched_by(line: &str) -> Option<Watched> {
    let mut words = line.strip_prefix("tfd:")?.split_ascii_whitespace();
    let fd = words.next()?.parse().ok()?;
    let events = u32::from_str_radix(words.nth(1)?, 16).ok()?;
    let inode = words.find_map(|word| word.strip_prefix("ino:"));
    let device = words.find_map(|word| word.strip_prefix("sdev:"));
    let inode = device.and_then(hex).zip(inode.and_then(hex));
    Some(Watched { fd, events, nth: 0, inode })
}

/// A line of `/proc/sysvipc/sem`, `msg` or `shm`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SystemV {
    pub(crate) key: i32,
    pub(crate) id: i32,
    /// Semaphores in the set, messages in the queue, or attachments.
    pub(crate) count: u64,
}

/// `column` is the place of the count: 3 for semaphores, 4 for messages, 6
/// for attachments.
pub(crate) fn system_v(line: &str, column: usize) -> Option<SystemV> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    Some(SystemV {
        key: words.first()?.parse().ok()?,
        id: words.get(1)?.parse().ok()?,
        count: words.get(column)?.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{
        device, field, held_lock, mapping, stat, status, syscall, system_v,
        watched,
    };

    #[test]
    fn a_name_made_to_mislead_does_not() {
        let text = "4711 (a) R 1 (b) S 4710 4711 4711 0 -1 4194304 1 2 3 4 5 \
                    6 7 8 20 0 3 0 912345 1000 200 18446744073709551615";
        let stat = stat(text).unwrap();
        assert_eq!(stat.name, "a) R 1 (b");
        assert_eq!((stat.state, stat.parent), ('S', 4710));
        assert_eq!((stat.threads, stat.start), (3, 912_345));
        assert!(!stat.is_of_the_kernel());
    }

    #[test]
    fn half_a_line_is_none() {
        for text in ["", "4711 (sh", "4711 (sh) S", "4711 (sh) S x y"] {
            assert_eq!(stat(text), None, "{text}");
        }
    }

    #[test]
    fn switches_of_both_kinds_are_counted() {
        let text = "Name:\tsh\nState:\tS (sleeping)\nTgid:\t12\nTracerPid:\t0\n\
                    Uid:\t1000\t0\t0\t0\nNSpid:\t12\t3\n\
                    SigPnd:\t0000000000000200\nShdPnd:\t0000000000000001\n\
                    SigBlk:\t0000000000010000\n\
                    voluntary_ctxt_switches:\t40\n\
                    nonvoluntary_ctxt_switches:\t2\n";
        let status = status(text);
        assert_eq!((status.state, status.tracer), ('S', 0));
        assert_eq!((status.process, status.seen), (12, 3));
        assert_eq!(status.user, 1000);
        assert_eq!((status.pending, status.blocked), (0x201, 0x10000));
        assert_eq!(status.switches, 42);
    }

    #[test]
    fn a_call_is_read_with_its_arguments() {
        let text = "0 0x3 0x7ffc 0x1000 0x0 0x0 0x0 0x7ffd 0x7f00\n";
        let call = syscall(text).unwrap();
        assert_eq!((call.number, call.arguments[0]), (0, 3));
        assert_eq!(call.program, 0x7f00);
        for text in ["running\n", "-1 0x7ffd 0x7f00\n", "", "0 0x3"] {
            assert_eq!(syscall(text), None, "{text}");
        }
    }

    #[test]
    fn a_lock_is_read_from_both_tables() {
        let text = "lock:\t1: POSIX  ADVISORY  WRITE 6792 fe:00:1001 5 14";
        let lock = held_lock(text).unwrap();
        assert_eq!((lock.kind.as_str(), lock.pid), ("POSIX", 6792));
        assert_eq!((lock.file, lock.range), ((device(0xfe, 0), 1001), (5, 14)));
        assert!(lock.is_exclusive && !lock.is_waiting);
        let text = "2: -> FLOCK  ADVISORY  READ 7234 fe:00:1001 0 EOF";
        let lock = held_lock(text).unwrap();
        assert!(lock.is_waiting && !lock.is_exclusive);
        assert_eq!((lock.pid, lock.range), (7234, (0, u64::MAX)));
    }

    #[test]
    fn a_mapping_is_read_with_its_file() {
        let text = "7f00-7f10 rw-s 00001000 00:01 1027   /dev/zero (deleted)";
        let mapping = mapping(text).unwrap();
        assert!(mapping.is_shared);
        assert_eq!((mapping.from, mapping.offset), (0x7f00, 0x1000));
        assert_eq!(mapping.file, (device(0, 1), 1027));
        assert_eq!(mapping.path, "/dev/zero (deleted)");
    }

    #[test]
    fn an_epoll_set_is_read_with_its_members() {
        let text = "pos:\t0\nflags:\t02\ntfd:        5 events:       19 \
                    data:                5  pos:0 ino:1f sdev:d\n\
                    tfd:        5 events:        1 data: 6\n";
        let watched = watched(text);
        assert_eq!(watched.len(), 2);
        assert_eq!((watched[0].fd, watched[0].events), (5, 0x19));
        assert_eq!((watched[0].nth, watched[1].nth), (0, 1));
        assert_eq!(watched[0].inode, Some((0xd, 0x1f)));
        assert_eq!(watched[1].inode, None);
        assert_eq!(field(text, "flags"), Some("02"));
    }

    #[test]
    fn a_system_v_object_is_read_with_its_count() {
        let line = " 0 3 600 1 0 0 0 0 0 0";
        let set = system_v(line, 3).unwrap();
        assert_eq!((set.key, set.id, set.count), (0, 3, 1));
        assert_eq!(system_v("       key      semid perms", 3), None);
    }
}
