//! Notices when a file is saved, and never reads half of it.
//!
//! Editors save by writing into the file (truncate, write, close) or by
//! renaming another one to its name. Both are events of its folder: a write
//! that is closed, a name that arrives. Between the first byte and the close
//! the file is not read. Where a folder tells no events (folders of another
//! machine, or of the host of a container), the file is looked at, and read
//! when two looks find the same.

use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use nix::sys::statfs::{FsType, statfs};

use super::source::{Stamp, read};

/// How often a file is looked at that tells no events.
const LOOK: Duration = Duration::from_millis(250);
/// How often one that tells them, in case that one was not told.
const NET: Duration = Duration::from_secs(1);

/// File systems whose files somebody else may write, unheard here.
const SILENT: &[(i64, &str)] = &[
    (0x6969, "NFS"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x786f_4256, "vboxsf"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
];

/// What has become of the file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Change {
    /// It was saved: its bytes.
    Saved(Vec<u8>),
    /// It is gone, or cannot be read: why.
    Lost(String),
}

/// Watches one file.
#[derive(Debug)]
pub(crate) struct Watcher {
    path: PathBuf,
    events: Option<Inotify>,
    /// Why there are no events.
    because: Option<String>,
    /// Somebody has written and not closed the file yet.
    is_writing: bool,
    /// It has been saved since it was read.
    is_saved: bool,
    /// The file as it was read last; `None` if it was lost.
    known: Option<Stamp>,
    /// What the last look found, if that is not known.
    found: Option<Option<Stamp>>,
    looked: Instant,
}

impl Watcher {
    /// Watches a file from now on; `polls` is whether to do without events.
    pub(crate) fn new(path: &Path, polls: bool) -> Self {
        let listened = match polls {
            true => Err("it was asked for".to_owned()),
            false => listen(path),
        };
        let (events, because) = match listened {
            Ok(events) => (Some(events), None),
            Err(because) => (None, Some(because)),
        };
        Self {
            path: path.to_owned(),
            events,
            because,
            is_writing: false,
            is_saved: false,
            known: None,
            found: None,
            looked: Instant::now(),
        }
    }

    /// Why the file is looked at; `None` if its folder tells events.
    pub(crate) fn polls_because(&self) -> Option<&str> {
        self.because.as_deref()
    }

    /// What becomes readable when there are events.
    pub(crate) fn events(&self) -> Option<BorrowedFd<'_>> {
        self.events.as_ref().map(|it| it.as_fd())
    }

    /// Whether somebody is writing at this moment.
    pub(crate) fn is_writing(&self) -> bool {
        self.is_writing
    }

    /// When to look again, if nothing is heard before.
    pub(crate) fn patience(&self) -> Duration {
        if self.is_saved && !self.is_writing {
            return Duration::ZERO;
        }
        self.pause().saturating_sub(self.looked.elapsed())
    }

    fn pause(&self) -> Duration {
        if self.events.is_some() { NET } else { LOOK }
    }

    /// The file as it is now.
    pub(crate) fn read(&mut self) -> Change {
        self.found = None;
        self.is_saved = false;
        // Taken before: who writes meanwhile makes another.
        self.known = Stamp::at(&self.path);
        match read(&self.path) {
            Ok(bytes) => Change::Saved(bytes),
            Err(error) => Change::Lost(error.to_string()),
        }
    }

    /// What has happened since the last call, if anything.
    pub(crate) fn look(&mut self) -> Option<Change> {
        self.hear();
        if self.is_saved && !self.is_writing {
            let change = self.read();
            // Who has begun to write again meanwhile may have cut it.
            self.hear();
            let is_whole = !self.is_saved && !self.is_writing;
            // Between two renames of an editor there is no file.
            if is_whole && matches!(change, Change::Saved(_)) {
                return Some(change);
            }
        }
        if self.is_writing || self.looked.elapsed() < self.pause() {
            return None;
        }
        self.looked = Instant::now();
        let now = Stamp::at(&self.path);
        if now == self.known {
            self.found = None;
            return None;
        }
        if self.found == Some(now) {
            return Some(self.read());
        }
        self.found = Some(now);
        None
    }

    /// Takes in all events.
    fn hear(&mut self) {
        while let Some(events) = &self.events {
            match events.read_events() {
                Ok(heard) => {
                    for event in heard {
                        let is_ours = event.name.as_deref().is_some_and(|it| {
                            Some(it) == self.path.file_name()
                        });
                        self.take(event.mask, is_ours);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(_) => break,
            }
        }
    }

    fn take(&mut self, mask: AddWatchFlags, is_ours: bool) {
        let is = |flags| mask.intersects(flags);
        let ends = AddWatchFlags::IN_IGNORED | AddWatchFlags::IN_MOVE_SELF;
        if is(AddWatchFlags::IN_Q_OVERFLOW) {
            self.is_writing = false;
        } else if is(ends) {
            // The folder is another one now, or gone.
            self.is_writing = false;
            self.events = listen(&self.path).ok();
            self.is_saved = true;
        } else if is_ours && is(AddWatchFlags::IN_MODIFY) {
            self.is_writing = true;
        } else if is_ours {
            let whole =
                AddWatchFlags::IN_CLOSE_WRITE | AddWatchFlags::IN_MOVED_TO;
            self.is_writing = false;
            self.is_saved = is(whole);
        }
    }
}

fn listen(path: &Path) -> Result<Inotify, String> {
    let folder = path.parent().unwrap_or(path);
    if let Ok(system) = statfs(folder)
        && let Some(name) = silent(system.filesystem_type())
    {
        return Err(format!("{name} tells no events of others"));
    }
    let heard = AddWatchFlags::IN_MODIFY
        | AddWatchFlags::IN_CLOSE_WRITE
        | AddWatchFlags::IN_MOVED_TO
        | AddWatchFlags::IN_MOVED_FROM
        | AddWatchFlags::IN_DELETE
        | AddWatchFlags::IN_MOVE_SELF
        | AddWatchFlags::IN_ONLYDIR;
    Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)
        .and_then(|events| events.add_watch(folder, heard).map(|_| events))
        .map_err(|errno| errno.desc().to_owned())
}

fn silent(system: FsType) -> Option<&'static str> {
    let number = system.0 & 0xffff_ffff; // of 32 bits, with a sign or not
    SILENT.iter().find(|(it, _)| *it == number).map(|(_, name)| *name)
}
