//! A monitor: state, its lock and its conditions in one type, whose methods
//! are the only way in.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{
    Context, Error, Result, exit_child, expect_success, role, say,
    until_blocked,
};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

use crate::shared::Shared;

use buffer::{Buffer, SLOTS};

const ITEMS: u32 = 12;

type Tally = [AtomicU32; ITEMS as usize];

pub(crate) fn run() -> Result {
    let buffer = Buffer::new()?;
    let tally = Shared::new(Tally::default())?;

    // SAFETY: this process has one thread.
    let producer =
        match unsafe { fork() }.context("cannot fork the producer")? {
            ForkResult::Child => exit_child(producer(&buffer)),
            ForkResult::Parent { child } => child,
        };
    // Nobody else uses the buffer yet: it can only be waiting for a free slot.
    until_blocked(producer)?;
    say!("producer: {SLOTS} items are in the buffer; it is full, so I wait");

    let mut children = vec![producer];
    for _ in 0..2 {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork a consumer")? {
            ForkResult::Child => exit_child(consumer(&buffer, &tally)),
            ForkResult::Parent { child } => children.push(child),
        }
    }
    for child in children {
        expect_success(waitpid(child, None)?)?;
    }
    if tally.iter().any(|times| times.load(Relaxed) != 1) {
        return Err(Error::new(format!("taken, times: {:?}", *tally)));
    }
    say!("2 consumers: {ITEMS} items, every one taken once");
    Ok(())
}

fn producer(buffer: &Buffer) -> Result {
    role("producer");
    for item in 0..ITEMS {
        buffer.put(item)?;
    }
    buffer.close()
}

fn consumer(buffer: &Buffer, tally: &Tally) -> Result {
    role("consumer");
    while let Some(item) = buffer.take()? {
        tally[item as usize].fetch_add(1, Relaxed);
    }
    Ok(())
}

/// A module of its own: outside it the fields of `Buffer` have no name.
mod buffer {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use common::Result;

    use crate::condition::Condition;
    use crate::locks::Mutex;
    use crate::shared::{Share, Shared};

    pub(super) const SLOTS: u32 = 3;

    /// Nobody can touch the state without the lock.
    pub(super) struct Buffer {
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
        pub(super) fn new() -> Result<Self> {
            let lock = Mutex::new()?;
            Ok(Self {
                not_full: Condition::new(&lock)?,
                not_empty: Condition::new(&lock)?,
                state: Shared::new(State::default())?,
                lock,
            })
        }

        /// Waits while the buffer is full.
        pub(super) fn put(&self, item: u32) -> Result {
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
        pub(super) fn take(&self) -> Result<Option<u32>> {
            let mut guard = self.lock.lock()?;
            // Between the wake-up and the lock somebody else may have come and
            // taken the item: so look again.
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
        pub(super) fn close(&self) -> Result {
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
}
