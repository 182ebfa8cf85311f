//! A bounded buffer as a monitor.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::Result;

use crate::condition::Condition;
use crate::locks::Mutex;
use crate::shared::{Share, Shared};

pub(crate) const SLOTS: u32 = 3;

/// The fields are private: nobody can touch the state without the lock.
pub(crate) struct Buffer {
    lock: Mutex,
    not_full: Condition,
    not_empty: Condition,
    state: Shared<State>,
}

/// Only read and written under the lock, which also gives the order: so
/// Relaxed is enough.
#[derive(Default)]
struct State {
    slots: [AtomicU32; SLOTS as usize],
    put: AtomicU32,
    taken: AtomicU32,
    closed: AtomicU32,
}
// SAFETY: numbers, which change atomically.
unsafe impl Share for State {}

impl Buffer {
    pub(crate) fn new() -> Result<Self> {
        let lock = Mutex::new()?;
        Ok(Self {
            not_full: Condition::new(&lock)?,
            not_empty: Condition::new(&lock)?,
            state: Shared::new(State::default())?,
            lock,
        })
    }

    /// Waits while the buffer is full.
    pub(crate) fn put(&self, item: u32) -> Result {
        let mut guard = self.lock.lock()?;
        while self.filled() == SLOTS {
            self.not_full.wait(&mut guard)?;
        }
        let number = self.state.put.load(Relaxed);
        self.slot(number).store(item, Relaxed);
        self.state.put.store(number + 1, Relaxed);
        Ok(self.not_empty.wake_one()?)
    }

    /// Waits while the buffer is empty; `None` when nothing can come.
    pub(crate) fn take(&self) -> Result<Option<u32>> {
        let mut guard = self.lock.lock()?;
        while self.filled() == 0 {
            if self.state.closed.load(Relaxed) == 1 {
                return Ok(None);
            }
            self.not_empty.wait(&mut guard)?;
        }
        let number = self.state.taken.load(Relaxed);
        let item = self.slot(number).load(Relaxed);
        self.state.taken.store(number + 1, Relaxed);
        self.not_full.wake_one()?;
        Ok(Some(item))
    }

    /// Nothing more will be put: every waiting consumer must hear it.
    pub(crate) fn close(&self) -> Result {
        let _guard = self.lock.lock()?;
        self.state.closed.store(1, Relaxed);
        Ok(self.not_empty.wake_all()?)
    }

    fn filled(&self) -> u32 {
        self.state.put.load(Relaxed) - self.state.taken.load(Relaxed)
    }

    fn slot(&self, number: u32) -> &AtomicU32 {
        &self.state.slots[(number % SLOTS) as usize]
    }
}
