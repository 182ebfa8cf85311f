//! Descriptor tables: who holds which end, from when until when.

use std::collections::{BTreeMap, HashMap};

use crate::plain::clean;
use crate::story::{Deed, End, Holding, Mark, Moment, Place, Story};

/// The descriptors of all processes while the events are read.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// By process: descriptor -> entry.
    open: Vec<BTreeMap<i32, Entry>>,
    /// By process: how many descriptors it has for an end.
    ends: Vec<BTreeMap<Place, usize>>,
    /// The kernel's name of an object -> its newest channel. A socket's name
    /// tells the end as well.
    names: HashMap<String, Place>,
    /// Who acts, among its process's threads.
    pub(crate) thread: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    holding: usize,
    is_cloexec: bool,
}

/// What a descriptor will name.
pub(crate) struct Target<'a> {
    pub(crate) place: Option<Place>,
    pub(crate) object: &'a str,
    pub(crate) is_cloexec: bool,
}

impl Tables {
    pub(crate) fn new(processes: usize) -> Self {
        Self {
            open: vec![BTreeMap::new(); processes],
            ends: vec![BTreeMap::new(); processes],
            names: HashMap::new(),
            thread: 0,
        }
    }

    pub(crate) fn name(&mut self, object: &str, place: Place) {
        self.names.insert(object.to_owned(), place);
    }

    /// The end of a channel of this run that an object's name means.
    ///
    /// # Arguments
    /// `is_write`: which end, for a pipe, whose ends share their name.
    pub(crate) fn find(&self, object: &str, is_write: bool) -> Option<Place> {
        let place = *self.names.get(object)?;
        Some(match (place.end, is_write) {
            (End::Read | End::Write, true) => {
                Place { end: End::Write, ..place }
            }
            (End::Read | End::Write, false) => {
                Place { end: End::Read, ..place }
            }
            _ => place,
        })
    }

    /// The end behind a descriptor, if the table knows it.
    pub(crate) fn place(
        &self,
        story: &Story,
        who: usize,
        fd: i32,
    ) -> Option<Place> {
        story.holdings[self.open[who].get(&fd)?.holding].place
    }

    pub(crate) fn open(
        &mut self,
        story: &mut Story,
        who: usize,
        fd: i32,
        to: &Target<'_>,
        at: Moment,
    ) {
        let old = self.open[who].remove(&fd);
        if let Some(place) = to.place {
            *self.ends[who].entry(place).or_default() += 1;
        }
        let holding = story.holdings.len();
        story.holdings.push(Holding {
            process: who,
            fd,
            place: to.place,
            object: clean(to.object),
            from: at,
            until: None,
            is_used: false,
            kept_over_exec: None,
        });
        self.open[who].insert(fd, Entry { holding, is_cloexec: to.is_cloexec });
        // dup2(2) closes what the number meant before, silently.
        if let Some(old) = old {
            self.end(story, who, old, at, false);
        }
    }

    pub(crate) fn close(
        &mut self,
        story: &mut Story,
        who: usize,
        fd: i32,
        at: Moment,
        by_exec: bool,
    ) {
        if let Some(entry) = self.open[who].remove(&fd) {
            self.end(story, who, entry, at, by_exec);
        }
    }

    fn end(
        &mut self,
        story: &mut Story,
        who: usize,
        entry: Entry,
        at: Moment,
        by_exec: bool,
    ) {
        let held = &mut story.holdings[entry.holding];
        held.until = Some(at);
        let Some(place) = held.place else { return };
        let Some(count) = self.ends[who].get_mut(&place) else { return };
        *count -= 1;
        if *count == 0 {
            self.ends[who].remove(&place);
            let deed = Deed::LetGo { place, by_exec };
            let thread = self.thread;
            story.processes[who].marks.push(Mark { at, thread, deed });
        }
    }

    /// A new process starts with copies of its parent's descriptors.
    pub(crate) fn inherit(
        &mut self,
        story: &mut Story,
        parent: usize,
        child: usize,
        at: Moment,
    ) {
        let copies: Vec<(i32, Entry)> =
            self.open[parent].iter().map(|(fd, entry)| (*fd, *entry)).collect();
        for (fd, entry) in copies {
            if self.open[child].contains_key(&fd) {
                continue;
            }
            let held = &story.holdings[entry.holding];
            let (place, object) = (held.place, held.object.clone());
            let to =
                Target { place, object: &object, is_cloexec: entry.is_cloexec };
            self.open(story, child, fd, &to, at);
        }
    }

    /// The next exec will not close this descriptor.
    pub(crate) fn keep(&mut self, who: usize, fd: i32) {
        if let Some(entry) = self.open[who].get_mut(&fd) {
            entry.is_cloexec = false;
        }
    }

    /// What a successful exec does to a table.
    pub(crate) fn exec(&mut self, story: &mut Story, who: usize, at: Moment) {
        let closed: Vec<i32> = self.open[who]
            .iter()
            .filter(|(_, entry)| entry.is_cloexec)
            .map(|(fd, _)| *fd)
            .collect();
        for fd in closed {
            self.close(story, who, fd, at, true);
        }
        for entry in self.open[who].values() {
            let held = &mut story.holdings[entry.holding];
            held.kept_over_exec = Some(at);
            held.is_used = false;
        }
    }

    pub(crate) fn used(&self, story: &mut Story, who: usize, fd: i32) {
        if let Some(entry) = self.open[who].get(&fd) {
            story.holdings[entry.holding].is_used = true;
        }
    }

    /// The process ended, and with it what it held.
    ///
    /// # Returns
    /// The ends of channels among it.
    pub(crate) fn exit(
        &mut self,
        story: &mut Story,
        who: usize,
        at: Moment,
    ) -> Vec<Place> {
        for entry in std::mem::take(&mut self.open[who]).values() {
            story.holdings[entry.holding].until = Some(at);
        }
        std::mem::take(&mut self.ends[who]).into_keys().collect()
    }
}
