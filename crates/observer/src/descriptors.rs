//! A model of each process's descriptor table, kept from its calls: so that
//! a read need not look into /proc to know which pipe it reads.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::{fmt, fs};

use trace::Held;

/// What a descriptor names.
#[derive(Clone, Debug)]
pub(crate) struct Descriptor {
    /// As the kernel names it: `pipe:[160151]`, a path.
    pub(crate) object: Rc<str>,
    pub(crate) cloexec: bool,
    pub(crate) mode: Mode,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    Read,
    Write,
    Both,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "r",
            Self::Write => "w",
            Self::Both => "rw",
        })
    }
}

impl Descriptor {
    /// Whether bytes written there may be read by another process.
    pub(crate) fn is_channel(&self) -> bool {
        self.object.starts_with("pipe:[")
            || self.object.starts_with("socket:[")
            || self.is_fifo()
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.object.starts_with("/dev/pts/")
            || self.object.starts_with("/dev/tty")
    }

    fn is_fifo(&self) -> bool {
        self.object.starts_with("fifo:")
    }
}

/// The open descriptors of one process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Descriptors {
    open: BTreeMap<i32, Descriptor>,
    /// Whether something may have changed it that nobody saw.
    pub(crate) is_in_doubt: bool,
}

impl Descriptors {
    /// The table of a process that was not observed until now.
    pub(crate) fn of(pid: i32) -> Self {
        let mut table = Self::default();
        table.agree_with_kernel(pid);
        table
    }

    /// Takes in what no observed call has made, and drops what is not there;
    /// the latter.
    pub(crate) fn agree_with_kernel(
        &mut self,
        pid: i32,
    ) -> Vec<(i32, Descriptor)> {
        let Some(there) = numbers(pid) else { return Vec::new() };
        self.is_in_doubt = false;
        for fd in &there {
            if !self.open.contains_key(fd) {
                self.look_up(pid, *fd);
            }
        }
        self.take_if(|fd, _| !there.contains(&fd))
    }

    /// What `fd` names; asks the kernel if no observed call made it (it may
    /// have come through a socket).
    pub(crate) fn get(&mut self, pid: i32, fd: i32) -> Option<&Descriptor> {
        if !self.open.contains_key(&fd) {
            self.look_up(pid, fd);
            self.is_in_doubt |= self.open.contains_key(&fd);
        }
        self.open.get(&fd)
    }

    /// Reads one entry from /proc, which also knows its mode.
    pub(crate) fn look_up(&mut self, pid: i32, fd: i32) {
        let link = format!("/proc/{pid}/fd/{fd}");
        let Ok(target) = fs::read_link(&link) else { return };
        let flags = flags_of(pid, fd);
        let mut object = target.to_string_lossy().into_owned();
        if object.starts_with('/') && is_fifo(&link) {
            // One that lost its name meanwhile is the same for both sides.
            if let Some(name) = object.strip_suffix(" (deleted)") {
                object = name.to_owned();
            }
            object.insert_str(0, "fifo:");
        }
        self.open.insert(
            fd,
            Descriptor {
                object: object.into(),
                cloexec: flags & libc::O_CLOEXEC != 0,
                mode: mode_of(flags),
            },
        );
    }

    pub(crate) fn insert(&mut self, fd: i32, descriptor: Descriptor) {
        self.open.insert(fd, descriptor);
    }

    pub(crate) fn close(&mut self, fd: i32) -> Option<Descriptor> {
        self.open.remove(&fd)
    }

    /// Closes all of a range; what was closed.
    pub(crate) fn close_range(
        &mut self,
        first: i32,
        last: i32,
    ) -> Vec<(i32, Descriptor)> {
        self.take_if(|fd, _| (first..=last).contains(&fd))
    }

    /// What exec closes.
    pub(crate) fn close_on_exec(&mut self) -> Vec<(i32, Descriptor)> {
        self.take_if(|_, descriptor| descriptor.cloexec)
    }

    pub(crate) fn set_cloexec(&mut self, first: i32, last: i32, on: bool) {
        if first <= last {
            for (_, descriptor) in self.open.range_mut(first..=last) {
                descriptor.cloexec = on;
            }
        }
    }

    /// What is neither a file nor a device.
    pub(crate) fn channels(&self) -> Vec<Rc<str>> {
        let all = self.open.values();
        all.filter(|it| it.is_channel() || it.is_terminal())
            .map(|it| Rc::clone(&it.object))
            .collect()
    }

    /// Everything above 2.
    pub(crate) fn held(&self) -> Vec<Held> {
        self.open
            .range(3..)
            .map(|(fd, descriptor)| Held {
                fd: *fd,
                object: descriptor.object.to_string(),
                mode: descriptor.mode.to_string(),
            })
            .collect()
    }

    fn take_if(
        &mut self,
        is_taken: impl Fn(i32, &Descriptor) -> bool,
    ) -> Vec<(i32, Descriptor)> {
        let numbers: Vec<i32> = self
            .open
            .iter()
            .filter(|(fd, descriptor)| is_taken(**fd, descriptor))
            .map(|(fd, _)| *fd)
            .collect();
        numbers
            .into_iter()
            .filter_map(|fd| Some((fd, self.open.remove(&fd)?)))
            .collect()
    }
}

/// The numbers of a process's descriptors; `None` if that may not be asked.
fn numbers(pid: i32) -> Option<BTreeSet<i32>> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let names = entries.filter_map(Result::ok).map(|entry| entry.file_name());
    Some(names.filter_map(|name| name.to_str()?.parse().ok()).collect())
}

/// The mode in the flags of open(2).
pub(crate) fn mode_of(flags: i32) -> Mode {
    match flags & libc::O_ACCMODE {
        libc::O_RDONLY => Mode::Read,
        libc::O_WRONLY => Mode::Write,
        _ => Mode::Both,
    }
}

/// The `flags:` line of proc_pid_fdinfo(5), in octal.
pub(crate) fn flags_of(pid: i32, fd: i32) -> i32 {
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{fd}"));
    info.unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("flags:"))
        .and_then(|flags| i32::from_str_radix(flags.trim(), 8).ok())
        .unwrap_or(libc::O_RDWR)
}

fn is_fifo(link: &str) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(link).is_ok_and(|file| file.file_type().is_fifo())
}
