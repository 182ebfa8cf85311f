//! fork copies all memory and one thread, the one that called it. A lock that
//! another thread holds stays held in the copy, and nobody is there to let go.

use std::fs;
use std::os::fd::OwnedFd;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::Builder;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, pipe, read};

static LOCK: Mutex<()> = Mutex::new(());

pub(crate) fn run() -> Result {
    let (read_end, write_end) = pipe().context("cannot make a pipe")?;
    let (locked, is_locked) = channel();
    let (let_go, may_let_go) = channel();
    let holder = Builder::new()
        .name(String::from("holder"))
        .spawn(move || holder(&locked, &may_let_go))
        .context("cannot start a thread")?;
    is_locked.recv()?;
    say!("parent: {} threads; the lock is {}", threads()?, lock_state());

    // SAFETY: the other thread holds LOCK, which the child never waits for,
    // and sleeps in recv: it holds no lock inside the allocator.
    match unsafe { fork() }.context("cannot fork the child")? {
        ForkResult::Child => {
            drop(write_end);
            exit_child(child(&read_end))
        }
        ForkResult::Parent { child } => {
            let_go.send(())?;
            holder.join().map_err(|_| Error::new("the holder panicked"))?;
            say!("parent: the holder let go; the lock is {}", lock_state());
            drop(write_end);
            expect_success(waitpid(child, None)?)
        }
    }
}

/// A thread of the parent: takes the lock, and keeps it until it is told.
fn holder(locked: &Sender<()>, may_let_go: &Receiver<()>) {
    let _guard = LOCK.lock();
    locked.send(()).ok();
    may_let_go.recv().ok();
}

/// The child: looks at its copy when the original is free again.
fn child(read_end: &OwnedFd) -> Result {
    role("child");
    read(read_end, &mut [0])?;
    say!("child:  {} thread; the lock is {}", threads()?, lock_state());
    Ok(())
}

fn lock_state() -> &'static str {
    match LOCK.try_lock() {
        Ok(_) => "free",
        Err(_) => "held",
    }
}

fn threads() -> Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}
