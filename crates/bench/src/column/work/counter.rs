//! Four processes add to one number.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Error, Result};

use crate::clock::{now, pin};
use crate::crew::Crew;
use crate::locks::Mutex;
use crate::shared::{Semaphore, Shared};
use crate::task::Task;

const WORKERS: usize = 4;

pub(crate) fn measure(task: &Task) -> Result<f64> {
    let counter = Shared::new(AtomicU32::new(0))?;
    match &*task.way {
        "mutex" => {
            let lock = Mutex::new()?;
            count(task, &counter, || {
                let _guard = lock.lock()?;
                add_one(&counter);
                Ok(())
            })
        }
        "semaphore" => {
            let lock = Semaphore::new(1)?;
            count(task, &counter, || {
                lock.wait()?;
                add_one(&counter);
                lock.post()
            })
        }
        "atomic" => count(task, &counter, || {
            counter.fetch_add(1, Relaxed);
            Ok(())
        }),
        _ => Err(task.unknown()),
    }
}

/// A load and a store: right only for who is alone.
fn add_one(counter: &AtomicU32) {
    counter.store(counter.load(Relaxed) + 1, Relaxed);
}

/// Nanoseconds for an increment; each worker makes `count` of them.
fn count(
    task: &Task,
    counter: &AtomicU32,
    increment: impl Fn() -> Result,
) -> Result<f64> {
    let crew = Crew::at_gate(WORKERS, |worker| {
        pin(task.cpu_of(worker))?;
        (0..task.count).try_for_each(|_| increment())
    })?;
    let begun = now();
    crew.begin().reap()?;
    let took = now() - begun;
    let all = WORKERS * task.count;
    match usize::try_from(counter.load(Relaxed))? == all {
        true => Ok(took as f64 / all as f64),
        false => Err(Error::new("an increment was lost")),
    }
}
