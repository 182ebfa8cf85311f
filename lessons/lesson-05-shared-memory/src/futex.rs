//! A process sleeps until a cell changes: the cell is in shared memory, the
//! queue of those who sleep on it is in the kernel.

use std::ptr;
use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

use common::{
    Context, Result, exit_child, expect_success, role, say, until_blocked,
};
use nix::errno::Errno;
use nix::sys::mman::MapFlags;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

use crate::mapping::Mapping;

pub(crate) fn run() -> Result {
    let memory = Mapping::<[AtomicU32; 2]>::anonymous(MapFlags::MAP_SHARED)?;
    let [number, ready] = &*memory;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the receiver")? {
        ForkResult::Child => exit_child(receiver(number, ready)),
        ForkResult::Parent { child } => sender(number, ready, child),
    }
}

/// The child: sleeps while `ready` is 0.
fn receiver(number: &AtomicU32, ready: &AtomicU32) -> Result {
    role("receiver");
    // Acquire: who sees the 1 sees all that was stored before it.
    while ready.load(Acquire) == 0 {
        wait_while_zero(ready)?;
    }
    say!("receiver: is awake, and finds {}", number.load(Relaxed));
    Ok(())
}

/// The parent: the number first, then the word that it is there.
fn sender(number: &AtomicU32, ready: &AtomicU32, receiver: Pid) -> Result {
    until_blocked(receiver)?;
    say!("sender: the receiver sleeps, state S");

    number.store(42, Relaxed);
    ready.store(1, Release);
    say!("sender: has stored 42, wakes the receiver");
    wake(ready)?;
    expect_success(waitpid(receiver, None)?)
}

/// The kernel compares once more before it lets the caller sleep: a wake
/// since the load above is not missed, the call returns EAGAIN. Without
/// FUTEX_PRIVATE_FLAG: with it, only wakers of the same process are heard.
fn wait_while_zero(cell: &AtomicU32) -> Result {
    let forever = ptr::null::<libc::timespec>();
    let (call, operation) = (libc::SYS_futex, libc::FUTEX_WAIT);
    // SAFETY: the address is that of a mapped, aligned 32-bit number.
    let answer =
        unsafe { libc::syscall(call, cell.as_ptr(), operation, 0, forever) };
    match Errno::result(answer) {
        Ok(_) | Err(Errno::EAGAIN | Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno).context("cannot wait on the futex"),
    }
}

fn wake(cell: &AtomicU32) -> Result {
    let (call, operation) = (libc::SYS_futex, libc::FUTEX_WAKE);
    // SAFETY: as above.
    let answer = unsafe { libc::syscall(call, cell.as_ptr(), operation, 1) };
    Errno::result(answer).map(drop).context("cannot wake")
}
