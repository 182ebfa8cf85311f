//! Four processes add to one number.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Context, Error, Result};
use nix::unistd::{pipe, read, write};

use crate::clock::now;
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

/// Nanoseconds for an increment; each worker makes `count` of them. What
/// counts is the time until the first is done: behind that fewer add, and the
/// last one may have the number for itself, at a fraction of the price.
fn count(
    task: &Task,
    counter: &AtomicU32,
    increment: impl Fn() -> Result,
) -> Result<f64> {
    let (reports, done) = pipe().context("cannot make a pipe")?;
    let crew = Crew::at_gate(&task.cpus_of(WORKERS), |_| {
        (0..task.count).try_for_each(|_| increment())?;
        let report = [now(), i64::from(counter.load(Relaxed))];
        write(&done, report.map(i64::to_ne_bytes).as_flattened())?;
        Ok(())
    })?;
    let begun = now();
    crew.begin().reap()?;
    let mut report = [[0; 8]; 2];
    read(&reports, report.as_flattened_mut())?;
    let [ended, reached] = report.map(i64::from_ne_bytes);
    match usize::try_from(counter.load(Relaxed))? == WORKERS * task.count {
        true => Ok((ended - begun) as f64 / reached as f64),
        false => Err(Error::new("an increment was lost")),
    }
}
