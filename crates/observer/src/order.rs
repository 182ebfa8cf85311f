//! The causal order of events.
//!
//! Stops arrive in any order: a reader may be reported to have its bytes
//! before the writer is reported to have written them. So an event whose
//! cause is still under way is held, with all that follow, until the threads
//! that may cause it have been heard. What they tell then stands before it.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::rc::Rc;

use trace::{Event, What, Writer};

use crate::proc_stat::is_asleep;
use crate::ptrace::Tid;

/// More events are never held: order yields to memory.
const HELD: usize = 10_000;

/// Above so many objects, those through which nothing is on its way are
/// forgotten.
const OBJECTS: usize = 4096;

/// A thread that must be heard before an event is told.
#[derive(Clone, Copy, Debug)]
struct Cause {
    tid: Tid,
    /// Whether it will be heard next, whatever happens. Any other may fall
    /// asleep unheard.
    is_sure: bool,
}

/// An event that waits for its causes.
#[derive(Debug)]
struct Held {
    event: Event,
    causes: Vec<Cause>,
    moves: Option<Moves>,
}

/// What an event does to the bytes that are under way.
#[derive(Debug)]
struct Moves {
    /// The pipe, or the socket that was written to.
    source: Rc<str>,
    /// Written (above 0) or read.
    bytes: i64,
    t_us: u64,
}

/// How many bytes were written to an object and not read.
#[derive(Debug)]
struct Balance {
    /// As far as is known.
    heard: i64,
    /// As far as is told: never below 0.
    told: i64,
    /// How many bytes find room. Half of it surely: a page need not be full.
    capacity: u64,
}

impl Balance {
    /// Of a new pipe (pipe(7)).
    const EMPTY: Self = Self { heard: 0, told: 0, capacity: 65_536 };
}

/// Bytes that were read before anybody told that they were written.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    /// From where.
    pub(crate) source: Rc<str>,
    pub(crate) bytes: u64,
    /// When they had been read.
    pub(crate) until_us: u64,
}

/// Events on their way out.
#[derive(Debug)]
pub(crate) struct Order<W: Write> {
    writer: Writer<W>,
    held: VecDeque<Held>,
    /// The causes of the next event.
    causes: Vec<Cause>,
    moves: Option<Moves>,
    /// Whether what is told now belongs before all that is held.
    is_settling: bool,
    /// The thread whose stop is being handled.
    speaking: Option<Tid>,
    under_way: HashMap<Rc<str>, Balance>,
    /// Whether what is told is given on when nothing more comes.
    is_live: bool,
    failed: Option<io::Error>,
}

impl<W: Write> Order<W> {
    pub(crate) fn new(writer: Writer<W>, is_live: bool) -> Self {
        Self {
            writer,
            held: VecDeque::new(),
            causes: Vec::new(),
            moves: None,
            is_settling: false,
            speaking: None,
            under_way: HashMap::new(),
            is_live,
            failed: None,
        }
    }

    /// The events that follow are those of this thread's stop.
    pub(crate) fn listen_to(&mut self, tid: Tid) {
        self.speaking = Some(tid);
    }

    /// What the thread's stop had to say is said; [`Order::release`] comes
    /// next. A thread that is still in its call may say more of it.
    pub(crate) fn heard(&mut self, tid: Tid, is_in_call: bool) {
        self.speaking = None;
        if is_in_call {
            return;
        }
        for held in &mut self.held {
            held.causes.retain(|cause| cause.tid != tid);
        }
    }

    /// The next event has a cause which that thread may not have told yet.
    pub(crate) fn wait_for(&mut self, tid: Tid) {
        let is_new = self.causes.iter().all(|cause| cause.tid != tid);
        if is_new && !is_asleep(tid) {
            self.causes.push(Cause { tid, is_sure: false });
        }
    }

    /// The same, of one that has done its work in the kernel: it returns now.
    pub(crate) fn wait_surely_for(&mut self, tid: Tid) {
        self.causes.push(Cause { tid, is_sure: true });
    }

    /// A pipe or socket is made whose writers are all observed.
    pub(crate) fn made(&mut self, object: &Rc<str>) {
        if self.under_way.len() > OBJECTS {
            self.under_way.retain(|_, it| it.heard != 0 || it.told != 0);
        }
        self.under_way.insert(Rc::clone(object), Balance::EMPTY);
    }

    /// The next event is that so many bytes were written to the object.
    pub(crate) fn written(&mut self, object: &Rc<str>, bytes: u64) {
        self.moved(object, bytes as i64, 0);
    }

    /// The next event is that so many bytes were read which had been written
    /// to the object. Whether that is not known of all of them.
    pub(crate) fn read(
        &mut self,
        object: &Rc<str>,
        bytes: u64,
        t_us: u64,
    ) -> bool {
        self.moved(object, -(bytes as i64), t_us).is_none_or(|it| it < 0)
    }

    /// Whether all that is written to the object is observed.
    pub(crate) fn is_tracked(&self, object: &str) -> bool {
        self.under_way.contains_key(object)
    }

    /// Whether bytes were written to the object that nobody has read.
    pub(crate) fn has_bytes(&self, object: &str) -> bool {
        self.under_way.get(object).is_some_and(|balance| balance.heard > 0)
    }

    /// Whether so many bytes more surely find room in a pipe.
    pub(crate) fn has_room(&self, object: &str, bytes: u64) -> bool {
        self.under_way.get(object).is_some_and(|balance| {
            let found = u64::try_from(balance.heard).unwrap_or(0);
            found.saturating_add(bytes) <= balance.capacity / 2
        })
    }

    /// Somebody has made a pipe smaller or larger (`F_SETPIPE_SZ`).
    pub(crate) fn resized(&mut self, object: &str, capacity: u64) {
        if let Some(balance) = self.under_way.get_mut(object) {
            balance.capacity = capacity;
        }
    }

    /// How many bytes were read from the object that nobody is known to have
    /// written.
    pub(crate) fn missing(&self, object: &str) -> u64 {
        let balance = self.under_way.get(object);
        let heard = balance.map_or(0, |balance| balance.heard);
        u64::try_from(-heard).unwrap_or(0)
    }

    fn moved(
        &mut self,
        object: &Rc<str>,
        bytes: i64,
        t_us: u64,
    ) -> Option<i64> {
        // Elsewhere others may write, unobserved.
        let balance = self.under_way.get_mut(object)?;
        balance.heard += bytes;
        self.moves = Some(Moves { source: Rc::clone(object), bytes, t_us });
        Some(balance.heard)
    }

    /// The next event is not told.
    pub(crate) fn forget_next(&mut self) {
        self.causes.clear();
        self.moves = None;
    }

    pub(crate) fn push(&mut self, event: Event) {
        let causes = std::mem::take(&mut self.causes);
        let moves = self.moves.take();
        let held = Held { event, causes, moves };
        if self.is_settling {
            return self.write(held);
        }
        // What a thread did may be the cause of what is held; that it, or its
        // process, has ended is not, and may be an effect of the rest.
        let is_end = matches!(
            held.event.what,
            What::Exit { .. } | What::Thread { began: None } | What::Cpu { .. }
        );
        let effect = self.speaking.filter(|_| !is_end).and_then(|tid| {
            self.held.iter().position(|held| {
                held.causes.iter().any(|cause| cause.tid == tid)
            })
        });
        let is_free = held.causes.is_empty() && self.lack(&held) == 0;
        if effect.is_none() && is_free && self.held.is_empty() {
            return self.write(held);
        }
        let place = effect.unwrap_or(self.held.len());
        self.held.insert(place, held);
    }

    /// How many bytes an event reads before anybody told that they were
    /// written.
    fn lack(&self, held: &Held) -> u64 {
        let Some(moves) = &held.moves else { return 0 };
        let balance = self.under_way.get(&moves.source);
        let told = balance.map_or(0, |balance| balance.told);
        u64::try_from(-(told + moves.bytes)).unwrap_or(0)
    }

    /// Whether an event waits for a thread that may fall asleep unheard.
    pub(crate) fn is_holding(&self) -> bool {
        let first = self.held.front();
        first.is_some_and(|held| !held.causes.iter().any(|it| it.is_sure))
    }

    /// Writes what waits for nobody who still runs. Stops at an event whose
    /// bytes are missing for good: their writer has not returned yet, since
    /// it has more to write. The caller tells of them, until
    /// [`Order::settled`].
    pub(crate) fn release(&mut self) -> Option<Missing> {
        let is_full = self.held.len() > HELD;
        while let Some(mut held) = self.held.pop_front() {
            held.causes.retain(|cause| {
                !is_full && (cause.is_sure || !is_asleep(cause.tid))
            });
            if !held.causes.is_empty() {
                self.held.push_front(held);
                break;
            }
            let bytes = self.lack(&held);
            if let Some(moves) = held.moves.as_ref().filter(|_| bytes > 0) {
                let source = Rc::clone(&moves.source);
                let missing = Missing { source, bytes, until_us: moves.t_us };
                self.held.push_front(held);
                self.is_settling = true;
                return Some(missing);
            }
            self.write(held);
        }
        None
    }

    /// What could be told of missing bytes is told; the rest, `left`, came
    /// unobserved.
    pub(crate) fn settled(&mut self, missing: &Missing, left: u64) {
        self.is_settling = false;
        if let Some(balance) = self.under_way.get_mut(&missing.source) {
            balance.heard += left as i64;
            balance.told += left as i64;
        }
    }

    /// Writes what is held, the end line, and reports the first failure.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        for held in std::mem::take(&mut self.held) {
            self.write(held);
        }
        match self.failed {
            Some(error) => Err(error),
            None => self.writer.finish(),
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Gives on all that is written.
    pub(crate) fn flush(&mut self) {
        if self.failed.is_none() {
            self.failed = self.writer.flush().err();
        }
    }

    /// Whether nobody reads the trace any more.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    fn write(&mut self, mut held: Held) {
        if let Some(moves) = &held.moves
            && let Some(balance) = self.under_way.get_mut(&moves.source)
        {
            balance.told += moves.bytes;
        }
        if self.failed.is_none() {
            self.failed = self.writer.write(&mut held.event).err();
        }
    }
}

#[cfg(test)]
mod tests {
    use trace::{Header, Level, Reader, Who};

    use super::*;

    /// Nobody has such a number, so nobody is found asleep.
    const WRITER: Tid = i32::MAX;
    const OTHER: Tid = i32::MAX - 1;
    const READER: Tid = i32::MAX - 2;

    fn order() -> Order<Vec<u8>> {
        let header = Header::new(Level::Full, Vec::new());
        Order::new(Writer::new(Vec::new(), &header).unwrap(), false)
    }

    fn says(order: &mut Order<Vec<u8>>, tid: Tid, causes: &[Tid], name: &str) {
        order.listen_to(tid);
        causes.iter().for_each(|cause| order.wait_for(*cause));
        order.push(event(name, What::Continue));
        order.heard(tid, false);
        assert!(order.release().is_none(), "no bytes are told");
    }

    fn event(name: &str, what: What) -> Event {
        Event {
            seq: 0,
            t_us: 0,
            who: Who::first(),
            pid: 1,
            pid_seen: None,
            start: 0,
            tid: None,
            name: name.to_owned(),
            what,
        }
    }

    fn names(order: Order<Vec<u8>>) -> Vec<String> {
        let text = order.finish().unwrap();
        let events = Reader::new(&*text).unwrap();
        events.map(|event| event.unwrap().name).collect()
    }

    #[test]
    fn a_cause_told_late_stands_before_its_effect() {
        let mut order = order();
        says(&mut order, READER, &[WRITER], "read");
        says(&mut order, OTHER, &[], "between");
        says(&mut order, WRITER, &[], "write");
        says(&mut order, OTHER, &[], "after");
        assert_eq!(names(order), ["write", "read", "between", "after"]);
    }

    #[test]
    fn a_cause_does_not_overtake_its_own_earlier_events() {
        let mut order = order();
        says(&mut order, READER, &[OTHER], "first read");
        says(&mut order, WRITER, &[], "pipe");
        says(&mut order, READER, &[WRITER], "second read");
        says(&mut order, WRITER, &[], "write");
        says(&mut order, OTHER, &[], "first write");
        let expected =
            ["first write", "first read", "pipe", "write", "second read"];
        assert_eq!(names(order), expected);
    }

    #[test]
    fn a_cause_may_have_a_cause() {
        let mut order = order();
        says(&mut order, READER, &[WRITER], "last");
        says(&mut order, WRITER, &[OTHER], "middle");
        says(&mut order, OTHER, &[], "first");
        assert_eq!(names(order), ["first", "middle", "last"]);
    }

    #[test]
    fn who_is_killed_in_a_call_ends_behind_the_effects_of_the_call() {
        let mut order = order();
        says(&mut order, READER, &[WRITER], "read");
        says(&mut order, READER, &[], "kill");
        order.listen_to(WRITER);
        order.push(event("write", What::Continue));
        order.push(event("thread", What::Thread { began: None }));
        let how = trace::Ending::Code { code: 0 };
        order.push(event("exit", What::Exit { how }));
        order.heard(WRITER, false);
        assert!(order.release().is_none(), "no bytes are told");
        assert_eq!(names(order), ["write", "read", "kill", "thread", "exit"]);
    }

    #[test]
    fn a_pipe_has_room_until_half_of_it_may_be_full() {
        let mut order = order();
        let pipe: Rc<str> = "pipe:[1]".into();
        assert!(!order.has_room(&pipe, 1), "it is not observed");
        order.made(&pipe);
        assert!(order.has_room(&pipe, 32_768) && !order.has_bytes(&pipe));
        order.written(&pipe, 32_768);
        assert!(!order.has_room(&pipe, 1) && order.has_bytes(&pipe));
        order.read(&pipe, 32_768, 0);
        assert!(order.has_room(&pipe, 32_768) && !order.has_bytes(&pipe));
        order.resized(&pipe, 4_096);
        assert!(order.has_room(&pipe, 2_048));
        assert!(!order.has_room(&pipe, 4_096));
    }
}
