//! Bytes go through pipes, sockets and queues; processes wait for them.

use std::io::Write;
use std::rc::Rc;

use trace::What;

use crate::descriptors::{Descriptor, Mode};
use crate::keeper::Keeper;
use crate::messages::bytes_of;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::Tid;
use crate::table::Kind;
use crate::tree::Index;

impl<W: Write> Keeper<W> {
    pub(crate) fn transferred(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let arguments = call.arguments;
        let value = bytes_of(tid, call, value);
        if let Some(place) = written_place(call) {
            let fd = arguments[place] as i32;
            let bytes = u64::try_from(value).unwrap_or(0);
            self.count_output(index, fd, bytes);
        }
        match call.row.kind {
            Kind::Read => {
                self.receives(index, tid, call, value);
                self.moved(index, tid, call, 0, false, value);
            }
            Kind::Write => {
                let is_write = !self.takes_from_pipe(index, call);
                self.moved(index, tid, call, 0, is_write, value);
            }
            Kind::SendFile => {
                self.moved(index, tid, call, 0, true, value);
                self.moved(index, tid, call, 1, false, value);
            }
            Kind::Splice => {
                let output = written_place(call).unwrap_or(2);
                self.moved(index, tid, call, output, true, value);
                // tee leaves in the pipe what it copies.
                if call.row.name != "tee" {
                    self.moved(index, tid, call, 0, false, value);
                }
            }
            Kind::MqTransfer { is_send } => {
                self.queued(index, tid, call, is_send, value);
            }
            _ => {}
        }
    }

    fn queued(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        is_send: bool,
        value: i64,
    ) {
        let arguments = call.arguments;
        let queue = self.descriptor(index, arguments[0] as i32);
        let sent = is_send.then_some(arguments[2]);
        let what = What::Mq {
            call: call.row.name.to_owned(),
            object: queue.map(|it| it.object.to_string()).unwrap_or_default(),
            bytes: (value >= 0).then(|| sent.unwrap_or(value as u64)),
            errno: names::errno(value),
        };
        self.tell(index, tid, what);
    }

    /// vmsplice(2) on a read end moves bytes out of the pipe.
    fn takes_from_pipe(&mut self, index: Index, call: &PendingCall) -> bool {
        let fd = call.arguments[0] as i32;
        call.row.name == "vmsplice"
            && self
                .descriptor(index, fd)
                .is_some_and(|it| it.mode == Mode::Read)
    }

    fn moved(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        place: usize,
        is_write: bool,
        value: i64,
    ) {
        let fd = call.arguments[place] as i32;
        let Some(descriptor) = self.descriptor(index, fd) else { return };
        if !descriptor.is_channel() {
            return;
        }
        let mut bytes = u64::try_from(value).unwrap_or(0);
        if is_write {
            let rest = bytes.saturating_sub(call.told);
            if call.told > 0 && rest == 0 {
                return; // all of it is told already
            }
            bytes = rest;
            self.order.written(&descriptor.object, bytes);
        } else if only_looks(call) {
            return; // the bytes stay where they are
        } else if bytes > 0 {
            self.wait_for_writers(tid, &descriptor.object, bytes);
        }
        let what = What::Io {
            call: call.row.name.to_owned(),
            is_write,
            fd,
            object: descriptor.object.to_string(),
            bytes,
            errno: names::errno(value),
            from_us: call.from_us,
        };
        self.tell(index, tid, what);
    }

    /// Who is in the middle of a write to what has been read may have written
    /// just these bytes: that is told first.
    fn wait_for_writers(&mut self, reader: Tid, object: &Rc<str>, bytes: u64) {
        let source = Rc::clone(self.peers.get(object).unwrap_or(object));
        let now = self.now();
        if !self.order.read(&source, bytes, now) {
            return;
        }
        let writers = self.writers_to(&source, reader);
        let is_tracked = self.order.is_tracked(&source);
        for (tid, _) in &writers {
            // The only one that can have written these bytes, all at once.
            if is_tracked && writers.len() == 1 && self.writes_whole(*tid) {
                self.order.wait_surely_for(*tid);
            } else {
                self.order.wait_for(*tid);
            }
        }
    }

    /// Whether the call that a thread is in writes all of its bytes, or none.
    fn writes_whole(&mut self, tid: Tid) -> bool {
        let call = self.tree.thread(tid).and_then(|it| it.call.as_ref());
        call.is_some_and(|call| asked_for(call) == 0)
    }

    /// The threads that are in the middle of a write to the object, and the
    /// place of its descriptor among their arguments.
    pub(crate) fn writers_to(
        &mut self,
        source: &Rc<str>,
        reader: Tid,
    ) -> Vec<(Tid, usize)> {
        let writers: Vec<(Tid, Index, usize, i32)> = self
            .tree
            .tids()
            .filter(|(tid, _)| *tid != reader)
            .filter_map(|(tid, thread)| {
                let call = thread.call.as_ref()?;
                let place = written_place(call)?;
                let fd = call.arguments[place] as i32;
                Some((tid, thread.process, place, fd))
            })
            .collect();
        let mut found = Vec::new();
        for (tid, process, place, fd) in writers {
            let written = self.descriptor(process, fd);
            if written.is_some_and(|it| it.object == *source) {
                found.push((tid, place));
            }
        }
        found
    }

    /// Writes what is held and whose causes are told. A writer that has more
    /// to write than there is room for returns later: what others read of it
    /// meanwhile is told as writes of its own.
    pub(crate) fn settle(&mut self) {
        while let Some(missing) = self.order.release() {
            let mut left = missing.bytes;
            for (tid, place) in self.writers_to(&missing.source, 0) {
                left -= self.tell_part(tid, place, left, missing.until_us);
            }
            self.order.settled(&missing, left);
        }
    }

    /// A thread was killed in a write, and its result is not known. Bytes that
    /// others have read and nobody told of were its.
    pub(crate) fn wrote_before_it_died(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) {
        if call.row.name != "write" {
            return;
        }
        let fd = call.arguments[0] as i32;
        let Some(descriptor) = self.descriptor(index, fd) else { return };
        let missing = self.order.missing(&descriptor.object);
        let bytes = missing.min(call.arguments[2].saturating_sub(call.told));
        if bytes > 0 {
            let value = (bytes + call.told) as i64;
            self.moved(index, tid, call, 0, true, value);
        }
    }

    /// Tells that a thread has written a part of what it writes; how much.
    fn tell_part(
        &mut self,
        tid: Tid,
        place: usize,
        missing: u64,
        until_us: u64,
    ) -> u64 {
        let Some(thread) = self.tree.thread(tid) else { return 0 };
        let index = thread.process;
        let Some(call) = thread.call.as_mut() else { return 0 };
        let bytes = missing.min(asked_for(call).saturating_sub(call.told));
        if bytes == 0 || call.from_us > until_us {
            return 0;
        }
        call.told += bytes;
        let fd = call.arguments[place] as i32;
        let (call, from_us) = (call.row.name.to_owned(), call.from_us);
        let Some(descriptor) = self.descriptor(index, fd) else { return 0 };
        let object = descriptor.object.to_string();
        let what = What::Io {
            call,
            is_write: true,
            fd,
            object,
            bytes,
            errno: None,
            from_us,
        };
        self.order.written(&descriptor.object, bytes);
        self.tell(index, tid, what);
        bytes
    }

    pub(crate) fn descriptor(
        &mut self,
        index: Index,
        fd: i32,
    ) -> Option<Descriptor> {
        let process = self.tree.process(index);
        let pid = process.pid;
        let descriptors = Rc::clone(&process.descriptors);
        let mut descriptors = descriptors.borrow_mut();
        descriptors.get(pid, fd).cloned()
    }
}

/// The place of the descriptor that a call writes to.
fn written_place(call: &PendingCall) -> Option<usize> {
    match call.row.kind {
        Kind::Write | Kind::SendFile => Some(0),
        Kind::Splice if call.row.name == "tee" => Some(1),
        Kind::Splice | Kind::CopyRange => Some(2),
        _ => None,
    }
}

/// Whether a read leaves the bytes where they are.
fn only_looks(call: &PendingCall) -> bool {
    let flags = match call.row.name {
        "recvfrom" | "recvmmsg" => call.arguments[3],
        "recvmsg" => call.arguments[2],
        _ => 0,
    };
    flags as i32 & libc::MSG_PEEK != 0
}

/// How much a write may write at most in parts.
fn asked_for(call: &PendingCall) -> u64 {
    let bytes = match call.row.name {
        "write" | "sendto" => call.arguments[2],
        "sendfile" | "tee" => call.arguments[3],
        "splice" => call.arguments[4],
        _ => u64::MAX, // its parts are counted in memory
    };
    // What fits into PIPE_BUF is written whole.
    if bytes <= libc::PIPE_BUF as u64 { 0 } else { bytes }
}
