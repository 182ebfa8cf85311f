//! Reading many tables of descriptors. A child has those of its parent, so of
//! hundreds of workers with thousands each, nearly all have been read before:
//! kcmp(2) tells that faster than their text is read again.

use crate::proc::{Descriptor, Proc};

/// Reads tables one after the other.
#[derive(Debug)]
pub(crate) struct Reader {
    proc: Proc,
    /// The last large one, and whose. In the order of its numbers.
    model: (i32, Vec<Descriptor>),
    /// How many tables were read that had more or fewer descriptors a moment
    /// before.
    pub(crate) gaps: usize,
}

/// The tables of a process, each with the thread through which it was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(crate) read: Vec<(i32, Vec<Descriptor>)>,
    /// Whether none was refused.
    pub(crate) is_complete: bool,
}

impl Tables {
    /// Adds what a later look has seen.
    pub(crate) fn join(&mut self, later: Self) {
        for (tid, list) in later.read {
            let Some(known) = self.read.iter_mut().find(|it| it.0 == tid)
            else {
                self.read.push((tid, list));
                continue;
            };
            for descriptor in list {
                if !known.1.contains(&descriptor) {
                    known.1.push(descriptor);
                }
            }
        }
        self.is_complete = later.is_complete;
    }
}

/// A smaller table is not worth a comparison.
const LARGE: usize = 100;
/// After so many that differ, the rest is not compared.
const TRIED: usize = 8;

impl Reader {
    pub(crate) fn new(proc: Proc) -> Self {
        Self { proc, model: (0, Vec::new()), gaps: 0 }
    }

    /// Every table that one of these threads has. Threads share one, unless
    /// they called unshare(2); a thread that has ended has none.
    pub(crate) fn tables(&mut self, tids: &[i32]) -> Tables {
        let proc = self.proc;
        let mut tables = Tables { read: Vec::new(), is_complete: true };
        for tid in tids {
            let is_known = tables.read.iter().any(|(known, _)| {
                proc.is_same_table(*known, *tid) == Some(true)
            });
            if is_known {
                continue;
            }
            match self.read(*tid) {
                Some(list) if tables.read.iter().any(|it| it.1 == list) => {}
                Some(list) => tables.read.push((*tid, list)),
                None => {
                    let stat = proc.stat(*tid);
                    let is_there = stat.is_some_and(|it| !it.has_ended());
                    tables.is_complete &= !is_there;
                }
            }
        }
        tables
    }

    /// `None` if it may not be read.
    fn read(&mut self, tid: i32) -> Option<Vec<Descriptor>> {
        // Zero before Linux 6.2.
        let count = self.proc.count_descriptors(tid)?;
        let same = match count {
            1..LARGE => Vec::new(),
            _ => self.same(tid),
        };
        if count > 0 && same.len() == count {
            return Some(same);
        }
        let known = |fd: i32| {
            let place = same.binary_search_by_key(&fd, |it| it.fd).ok()?;
            Some(same[place].clone())
        };
        let mut table = self.proc.descriptors_but(tid, known)?;
        self.gaps += usize::from(count > 0 && count != table.len());
        if table.len() >= LARGE {
            table.sort_by_key(|it| it.fd);
            self.model = (tid, table.clone());
        }
        Some(table)
    }

    /// Those of the last large table that this thread has too.
    fn same(&self, tid: i32) -> Vec<Descriptor> {
        let (of, model) = &self.model;
        let mut same = Vec::new();
        for (place, it) in model.iter().enumerate() {
            if self.proc.is_same_file((*of, it.fd), (tid, it.fd)) == Some(true)
            {
                same.push(it.clone());
            } else if place == same.len() + TRIED {
                break;
            }
        }
        same
    }
}
