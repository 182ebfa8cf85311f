//! Two or more hold what the others want.

use std::fs::File;
use std::os::fd::IntoRawFd;
use std::thread::Builder;

use nix::unistd::Pid;

use crate::Result;
use crate::files::{flock, lock_byte, lock_description, open};
use crate::memory::{Mutex, Semaphore};
use crate::process::{Meeting, await_end, child, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("flock-crossed", "lock-cycle", "A A.1 A.2", crossed_flock)
        .says("lock-a; lock-b"),
    Program::stuck("ofd-crossed", "lock-cycle", "A A.1 A.2", crossed_ofd)
        .says("table"),
    Program::stuck(
        "fcntl-ring",
        "lock-cycle",
        "A A.1 A.2 A.3 A.4 A.5 A.6 A.7 A.8 A.9 A.10 A.11 A.12 A.13",
        ring_of_records,
    )
    .says("table"),
    Program::stuck("flock-and-fcntl", "lock-cycle", "A A.1 A.2", two_kinds)
        .says("lock-a; table"),
    Program::stuck("mutex-crossed", "lock-cycle", "A A.1 A.2", crossed_mutexes),
    Program::stuck("threads-crossed", "lock-cycle", "A", crossed_threads),
    Program::stuck(
        "semaphores-crossed",
        "lock-cycle",
        "A A.1 A.2",
        crossed_semaphores,
    )
    .says("take the same semaphores in different orders"),
];

/// Two children, each of which takes its first lock before either tries its
/// second.
fn two(
    first: [&dyn Fn() -> Result; 2],
    second: [&dyn Fn() -> Result; 2],
) -> Result {
    let meeting = Meeting::new(2)?;
    let member = |number: usize| -> Result<Pid> {
        child(|| {
            first[number]()?;
            meeting.attend()?;
            second[number]()
        })
    };
    let members = [member(0)?, member(1)?];
    meeting.hold()?;
    drop(meeting);
    ready()?;
    for member in members {
        await_end(member)?;
    }
    Ok(())
}

fn held(lock: impl FnOnce(&File) -> Result, name: &str) -> Result {
    let file = open(name)?;
    lock(&file)?;
    // Closed, it would be unlocked.
    let _stays_open = file.into_raw_fd();
    Ok(())
}

fn crossed_flock() -> Result {
    let a = || held(flock, "lock-a");
    let b = || held(flock, "lock-b");
    two([&a, &b], [&b, &a])
}

/// Ranges that overlap by one byte: 0 to 9 and 10 to 19, then the other's
/// last and first.
fn crossed_ofd() -> Result {
    let low = || held(|file| lock_description(file, 0, 10), "table");
    let high = || held(|file| lock_description(file, 10, 10), "table");
    let last = || held(|file| lock_description(file, 19, 1), "table");
    let first = || held(|file| lock_description(file, 0, 1), "table");
    two([&low, &high], [&last, &first])
}

/// fcntl(2) refuses a ring with EDEADLK, if it is short: it follows ten
/// owners and gives up.
fn ring_of_records() -> Result {
    const MEMBERS: i64 = 13;
    let meeting = Meeting::new(MEMBERS as usize)?;
    let member = |number: i64| -> Result<Pid> {
        child(|| {
            let table = open("table")?;
            lock_byte(&table, number)?;
            meeting.attend()?;
            lock_byte(&table, (number + 1) % MEMBERS)
        })
    };
    let members = (0..MEMBERS).map(member).collect::<Result<Vec<Pid>>>()?;
    meeting.hold()?;
    drop(meeting);
    ready()?;
    members.into_iter().try_for_each(await_end)
}

/// Each kind has its own bookkeeping, so that nobody sees the ring.
fn two_kinds() -> Result {
    let table = open("table")?;
    let whole = || held(flock, "lock-a");
    let record = || lock_byte(&table, 7);
    two([&whole, &record], [&record, &whole])
}

fn crossed_mutexes() -> Result {
    let (a, b) = (Mutex::shared()?, Mutex::shared()?);
    let (take_a, take_b) = (|| a.lock(), || b.lock());
    two([&take_a, &take_b], [&take_b, &take_a])
}

/// The parent has both semaphores too, and waits for a child.
fn crossed_semaphores() -> Result {
    let (a, b) = (Semaphore::shared(1)?, Semaphore::shared(1)?);
    let (take_a, take_b) = (|| a.wait(), || b.wait());
    two([&take_a, &take_b], [&take_b, &take_a])
}

/// The same inside one process.
fn crossed_threads() -> Result {
    static A: Mutex = Mutex::private();
    static B: Mutex = Mutex::private();
    let (tell_other, has_other) = std::sync::mpsc::channel();
    let (tell_main, has_main) = std::sync::mpsc::channel();
    let other = Builder::new().spawn(move || {
        B.lock().ok();
        tell_main.send(()).ok();
        has_other.recv().ok();
        A.lock().ok();
    })?;
    A.lock()?;
    has_main.recv()?;
    tell_other.send(())?;
    ready()?;
    B.lock()?;
    other.join().map_err(|_| "the thread panicked".into())
}
