//! Who could give it back is dead.

use nix::errno::Errno;

use crate::Result;
use crate::memory::{Mutex, Semaphore, unshare};
use crate::process::{await_end, await_zombie, child, cleaned_up, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("semaphore-holder-dead", "lock-holder-dead", "A", last),
    Program::stuck(
        "semaphore-users-dead",
        "lock-holder-dead",
        "A A.2",
        unmapped,
    ),
    Program::stuck("semaphore-in-file", "lock-holder-dead", "A", named)
        .if_closed()
        .says("semaphore"),
    Program::stuck("mutex-owner-dead", "lock-holder-dead", "A", reaped),
    Program::stuck("mutex-owner-zombie", "lock-holder-dead", "A A.2", zombie),
    Program::stuck("sysv-holder-dead", "lock-holder-dead", "A", system_v)
        .if_closed(),
];

/// The holder ended without sem_post(3): nobody else has the page.
fn last() -> Result {
    let semaphore = Semaphore::shared(1)?;
    let holder = child(|| semaphore.wait())?;
    await_zombie(holder)?;
    ready()?;
    semaphore.wait()
}

/// The parent gave the page away; the only process that has it waits.
fn unmapped() -> Result {
    let semaphore = Semaphore::shared(1)?;
    let holder = child(|| semaphore.wait())?;
    await_zombie(holder)?;
    let waiter = child(|| semaphore.wait())?;
    unshare(semaphore)?;
    ready()?;
    await_end(waiter)
}

/// The semaphore has a name, by which anybody could map it and post.
fn named() -> Result {
    let semaphore = Semaphore::in_file("semaphore", 1)?;
    let holder = child(|| semaphore.wait())?;
    await_zombie(holder)?;
    ready()?;
    semaphore.wait()
}

/// The mutex names an owner that is no more.
fn reaped() -> Result {
    let mutex = Mutex::shared()?;
    let owner = child(|| mutex.lock())?;
    await_end(owner)?;
    ready()?;
    mutex.lock()
}

fn zombie() -> Result {
    let mutex = Mutex::shared()?;
    let owner = child(|| mutex.lock())?;
    await_zombie(owner)?;
    let waiter = child(|| mutex.lock())?;
    ready()?;
    await_end(waiter)
}

/// A System V semaphore, taken without SEM_UNDO.
fn system_v() -> Result {
    let private = libc::IPC_PRIVATE;
    // SAFETY: a plain call; the set is new.
    let set = unsafe { libc::semget(private, 1, 0o600) };
    let set = Errno::result(set)?;
    // SAFETY: removes the set that was made above.
    let remove = || unsafe { libc::semctl(set, 0, libc::IPC_RMID) };
    cleaned_up(
        || Errno::result(remove()),
        || {
            change(set, 1)?;
            let holder = child(|| change(set, -1))?;
            await_zombie(holder)?;
            ready()?;
            change(set, -1)
        },
    )
}

fn change(set: i32, by: i16) -> Result {
    let mut step = libc::sembuf { sem_num: 0, sem_op: by, sem_flg: 0 };
    // SAFETY: one step, which outlives the call.
    Errno::result(unsafe { libc::semop(set, &raw mut step, 1) })?;
    Ok(())
}
