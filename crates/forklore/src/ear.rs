//! Whether everything that a keeper has told was heard: then what was not
//! heard did not happen.

use std::fs;
use std::io::{self, Read};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

/// The thread that hears a trace.
#[derive(Debug, Default)]
pub(crate) struct Ear {
    /// Its path, `4711/task/4712`.
    thread: OnceLock<String>,
    /// Whether it has done with all that it has read.
    is_done: AtomicBool,
}

impl Ear {
    /// Said by the thread that is going to read.
    pub(crate) fn is_of_this_thread(&self) {
        if let Ok(path) = fs::read_link("/proc/thread-self") {
            self.thread.set(path.to_string_lossy().into_owned()).ok();
        }
    }

    /// Whether the keeper rests, and the thread waits for more: a keeper
    /// gives on what it knows before it rests, and whoever sleeps in a read
    /// of a pipe has read all of it.
    pub(crate) fn has_heard_all(&self, keeper: i32) -> bool {
        let is_asleep = |process: &str| {
            let stat = fs::read_to_string(format!("/proc/{process}/stat"));
            let stat = stat.unwrap_or_default();
            let (_, behind) = stat.rsplit_once(") ").unwrap_or_default();
            behind.starts_with('S')
        };
        let Some(thread) = self.thread.get() else { return false };
        is_asleep(&keeper.to_string())
            && self.is_done.load(SeqCst)
            && is_asleep(thread)
            && self.is_done.load(SeqCst)
    }
}

/// Reads for an ear.
#[derive(Debug)]
pub(crate) struct Heard<'a, R> {
    pub(crate) from: R,
    pub(crate) ear: &'a Ear,
}

impl<R: Read> Read for Heard<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.ear.is_done.store(true, SeqCst);
        let read = self.from.read(into);
        self.ear.is_done.store(false, SeqCst);
        read
    }
}
