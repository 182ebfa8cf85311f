//! Short reads and writes: how short the kernel could have made them.
//!
//! A read may end where a write ended: as if the reader had come before the
//! next one. Only a write that is not atomic (above `PIPE_BUF`) may be taken
//! in parts, page by page. So the observer keeps, for each pipe, where the
//! writes that are still to be read end.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::Write;
use std::rc::Rc;

use crate::descriptors::flags_of;
use crate::keeper::Keeper;
use crate::messages::bytes_of;
use crate::pending::PendingCall;
use crate::plan::Act;
use crate::ptrace::Tid;
use crate::table::Kind;
use crate::tree::Index;

const PIPE_BUF: u64 = libc::PIPE_BUF as u64;
const MOST_WRITES: usize = 1 << 16;

/// What went through the pipes and stream sockets of a run.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    /// By the object that is written to.
    by_object: HashMap<Rc<str>, Stream>,
    are_streams: HashMap<Rc<str>, bool>,
}

/// The bytes of one pipe, or of one direction of a socket, by their place
/// in the stream.
#[derive(Debug, Default)]
struct Stream {
    written: u64,
    read: u64,
    /// Where each write that is not fully read begins and ends.
    writes: VecDeque<(u64, u64)>,
    /// Two writes overlapped, or bytes came by another way: the borders
    /// mean nothing until the stream is empty.
    is_blurred: bool,
}

impl Stream {
    fn add(&mut self, bytes: u64, is_alone: bool) {
        let start = self.written;
        self.written += bytes;
        self.is_blurred |= !is_alone;
        // The reader may have been reported first.
        if self.written > self.read {
            self.writes.push_back((start, self.written));
        }
        if self.writes.len() > MOST_WRITES {
            // Somebody outside of the run reads them.
            self.writes.clear();
            self.is_blurred = true;
        }
    }

    fn take(&mut self, bytes: u64) {
        self.read += bytes;
        while self.writes.front().is_some_and(|(_, end)| *end <= self.read) {
            self.writes.pop_front();
        }
        self.is_blurred &= self.read < self.written;
    }

    /// How much a read may get at least, if it asks for `length`.
    fn first_part(
        &self,
        length: u64,
        is_pipe: bool,
        drawn: u64,
    ) -> Option<u64> {
        let (start, end) = *self.writes.front()?;
        if self.is_blurred {
            return None;
        }
        let whole = end - self.read;
        let parts = (end - start) / PIPE_BUF;
        let border = start + PIPE_BUF * (1 + drawn % parts.max(1));
        let is_split = is_pipe && end - start > PIPE_BUF;
        let part = match border.checked_sub(self.read) {
            Some(part) if is_split && part > 0 && part < whole => part,
            _ => whole,
        };
        (part < length).then_some(part)
    }
}

impl<W: Write> Keeper<W> {
    /// How much of a read or write may be done, if not all.
    pub(crate) fn short_length(
        &mut self,
        tid: Tid,
        index: Index,
        call: &PendingCall,
        drawn: u64,
    ) -> Option<u64> {
        let [fd, _, length, ..] = call.arguments;
        if !matches!(call.row.name, "read" | "write" | "recvfrom" | "sendto") {
            return None;
        }
        let object = self.descriptor(index, fd as i32)?;
        if !object.is_channel() || !self.is_stream(tid, &object.object) {
            return None;
        }
        let is_pipe = !object.object.starts_with("socket:[");
        if call.row.kind == Kind::Write {
            let pages = (length.saturating_sub(1)) / PIPE_BUF;
            // In packet mode (O_DIRECT) each write is its own.
            let is_cut = is_pipe
                && length > PIPE_BUF
                && flags_of(tid, fd as i32) & libc::O_DIRECT == 0;
            return is_cut.then(|| PIPE_BUF * (1 + drawn % pages.max(1)));
        }
        // What is left unread in a FIFO is gone with its last descriptor.
        if object.object.starts_with("fifo:") {
            return None;
        }
        // Another may take first what this one is measured for.
        if !self.is_alone(tid, Kind::Read, &object.object) {
            return None;
        }
        let source = self.source_of(&object.object);
        let planner = self.planner.as_ref()?;
        let stream = planner.streams.by_object.get(&source)?;
        stream.first_part(length, is_pipe, drawn)
    }

    /// Counts the bytes of a call that has returned.
    pub(crate) fn count_bytes(
        &mut self,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let Some(planner) = self.planner.as_ref() else { return };
        let is_short = |act: &Act| matches!(act, Act::ShortIo { .. });
        if !planner.plan.acts().iter().any(is_short) || value <= 0 {
            return;
        }
        let Some(index) = self.tree.index_of(tid) else { return };
        let bytes = bytes_of(tid, call, value) as u64;
        match call.row.kind {
            Kind::Read => self.count(tid, index, call, 0, bytes, false),
            Kind::Write => self.count(tid, index, call, 0, bytes, true),
            Kind::SendFile => {
                self.count(tid, index, call, 0, bytes, true);
                self.count(tid, index, call, 1, bytes, false);
            }
            Kind::Splice => {
                let is_tee = call.row.name == "tee";
                let output = if is_tee { 1 } else { 2 };
                self.count(tid, index, call, output, bytes, true);
                if !is_tee {
                    self.count(tid, index, call, 0, bytes, false);
                }
            }
            _ => {}
        }
    }

    fn count(
        &mut self,
        tid: Tid,
        index: Index,
        call: &PendingCall,
        place: usize,
        bytes: u64,
        is_write: bool,
    ) {
        let fd = call.arguments[place] as i32;
        let Some(object) = self.descriptor(index, fd) else { return };
        if !object.is_channel() {
            return;
        }
        let name = if is_write {
            Rc::clone(&object.object)
        } else {
            self.source_of(&object.object)
        };
        let is_alone = !is_write || self.is_alone(tid, Kind::Write, &name);
        let Some(planner) = self.planner.as_mut() else { return };
        let stream = planner.streams.by_object.entry(name).or_default();
        if is_write {
            stream.add(bytes, is_alone);
        } else if call.arguments[3] as i32 & libc::MSG_PEEK == 0
            || !call.row.name.starts_with("recv")
        {
            stream.take(bytes);
        }
    }

    /// Where the bytes are written that are read here.
    fn source_of(&self, object: &Rc<str>) -> Rc<str> {
        Rc::clone(self.peers.get(object).unwrap_or(object))
    }

    /// Whether nobody else is in such a call on this object.
    fn is_alone(&mut self, tid: Tid, kind: Kind, object: &Rc<str>) -> bool {
        let others: Vec<(Index, i32)> = self
            .tree
            .tids()
            .filter(|(other, _)| *other != tid)
            .filter_map(|(_, thread)| {
                let call = thread.call.as_ref()?;
                (call.row.kind == kind)
                    .then(|| (thread.process, call.arguments[0] as i32))
            })
            .collect();
        !others.into_iter().any(|(index, fd)| {
            self.descriptor(index, fd).is_some_and(|it| it.object == *object)
        })
    }

    /// Whether bytes have no borders there: a pipe, a FIFO, a stream socket.
    fn is_stream(&mut self, tid: Tid, object: &Rc<str>) -> bool {
        let Some(inode) = object
            .strip_prefix("socket:[")
            .and_then(|rest| rest.strip_suffix(']'))
        else {
            return true;
        };
        let Some(planner) = self.planner.as_mut() else { return false };
        let known = planner.streams.are_streams.entry(Rc::clone(object));
        *known.or_insert_with(|| is_stream_socket(tid, inode))
    }
}

fn is_stream_socket(tid: Tid, inode: &str) -> bool {
    let lines = |name: &str| {
        fs::read_to_string(format!("/proc/{tid}/net/{name}"))
            .unwrap_or_default()
    };
    // Num RefCount Protocol Flags Type St Inode Path; type 1 is a stream.
    for line in lines("unix").lines() {
        let mut words = line.split_whitespace().skip(4);
        let kind = words.next();
        if words.nth(1) == Some(inode) {
            return kind == Some("0001");
        }
    }
    let is_here = |line: &str| line.split_whitespace().nth(9) == Some(inode);
    ["tcp", "tcp6"].iter().any(|name| lines(name).lines().any(is_here))
}

#[cfg(test)]
mod tests {
    use super::{PIPE_BUF, Stream};

    #[test]
    fn a_read_ends_where_a_write_ended() {
        let mut stream = Stream::default();
        stream.add(4, true);
        stream.add(16, true);
        assert_eq!(stream.first_part(64, true, 5), Some(4));
        assert_eq!(stream.first_part(4, true, 5), None);
        assert_eq!(stream.first_part(3, true, 5), None);
        stream.take(4);
        assert_eq!(stream.first_part(64, true, 5), Some(16));
        stream.take(16);
        assert_eq!(stream.first_part(64, true, 5), None);
    }

    #[test]
    fn only_a_write_above_pipe_buf_is_taken_in_parts() {
        for drawn in 0..20 {
            let mut stream = Stream::default();
            stream.add(PIPE_BUF, true);
            assert_eq!(stream.first_part(9999, true, drawn), Some(PIPE_BUF));
            let mut stream = Stream::default();
            stream.add(5 * PIPE_BUF, true);
            let part = stream.first_part(99_999, true, drawn).unwrap();
            assert_eq!(part % PIPE_BUF, 0);
            assert!(part <= 5 * PIPE_BUF);
            let part = stream.first_part(99_999, false, drawn).unwrap();
            assert_eq!(part, 5 * PIPE_BUF);
        }
    }

    #[test]
    fn a_read_that_is_reported_before_its_write_keeps_the_borders() {
        let mut stream = Stream::default();
        stream.take(4);
        stream.add(4, true);
        assert_eq!(stream.first_part(64, true, 0), None);
        stream.add(8, true);
        assert_eq!(stream.first_part(64, true, 0), Some(8));
    }

    #[test]
    fn where_writers_overlap_no_read_is_cut() {
        let mut stream = Stream::default();
        stream.add(4, false);
        stream.add(8, true);
        assert_eq!(stream.first_part(64, true, 0), None);
        stream.take(12);
        stream.add(8, true);
        assert_eq!(stream.first_part(64, true, 0), Some(8));
    }
}
