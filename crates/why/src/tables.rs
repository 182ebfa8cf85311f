//! Reading many tables of descriptors. A child has those of its parent, so of
//! hundreds of workers with thousands each, nearly all have been read before:
//! kcmp(2) tells that faster than their text is read again.

use crate::proc::{Descriptor, Proc};

/// Reads tables one after the other.
#[derive(Debug)]
pub(crate) struct Tables {
    proc: Proc,
    /// The last large one, and whose. In the order of its numbers.
    model: (i32, Vec<Descriptor>),
}

/// A smaller table is not worth a comparison.
const LARGE: usize = 100;
/// After so many that differ, the rest is not compared.
const TRIED: usize = 8;

impl Tables {
    pub(crate) fn new(proc: Proc) -> Self {
        Self { proc, model: (0, Vec::new()) }
    }

    /// `None` if it may not be read.
    pub(crate) fn read(&mut self, tid: i32) -> Option<Vec<Descriptor>> {
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
            if is_same_file((*of, it.fd), (tid, it.fd)) {
                same.push(it.clone());
            } else if place == same.len() + TRIED {
                break;
            }
        }
        same
    }
}

/// Whether two descriptors, each of a thread, lead to one open file.
fn is_same_file(one: (i32, i32), other: (i32, i32)) -> bool {
    const KCMP_FILE: i32 = 0; // <linux/kcmp.h>
    let numbers = [one.1 as u64, other.1 as u64];
    let [first, second] = numbers;
    // SAFETY: kcmp(2) takes numbers, and no memory.
    let order = unsafe {
        libc::syscall(libc::SYS_kcmp, one.0, other.0, KCMP_FILE, first, second)
    };
    order == 0
}
