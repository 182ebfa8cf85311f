//! Twins that wait in memory which somebody else has too, or can come to.

use std::ffi::CString;
use std::fs::File;
use std::num::NonZero;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;
use std::sync::atomic::AtomicU32;
use std::thread::Builder;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid};

use crate::Result;
use crate::futexes::futex;
use crate::healthy::rest;
use crate::healthy_hidden::exit_thread;
use crate::memory::{Semaphore, share};
use crate::process::{await_end, child, cleaned_up, ready};
use crate::program::Program;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::healthy("semaphore-has-a-name", named).unless_closed(),
    Program::healthy("semaphore-by-its-name", by_name),
    Program::healthy("memory-of-stranger", of_stranger),
    Program::healthy("memory-of-child", of_child),
    Program::healthy("mapped-behind-dead-leader", behind_dead_leader),
    Program::healthy("memory-by-descriptor", by_descriptor),
    Program::healthy("sysv-memory-outside", attached_outside),
    Program::healthy("sysv-memory-by-number", by_number).unless_closed(),
];

/// The C library makes the file under another name, which is gone.
fn named() -> Result {
    with_name(|name| {
        let semaphore = Semaphore::named(name)?;
        ready()?;
        semaphore.wait()
    })
}

/// Who is to post has not opened it yet.
fn by_name() -> Result {
    with_name(|name| {
        child(|| {
            rest()?;
            Semaphore::named(name)?.post()
        })?;
        let semaphore = Semaphore::named(name)?;
        ready()?;
        semaphore.wait()
    })
}

fn with_name(tree: impl FnOnce(&CString) -> Result) -> Result {
    let name = CString::new(format!("/forklore-hang-{}", getpid()))?;
    // SAFETY: the name ends with a zero byte.
    let remove = || unsafe { libc::sem_unlink(name.as_ptr()) };
    cleaned_up(|| Errno::result(remove()), || tree(&name))
}

static WORD: AtomicU32 = AtomicU32::new(0);

fn await_word(kind: i32) -> Result {
    futex(&WORD, libc::FUTEX_WAIT | kind, 0)
}

/// A child that has this process's memory, and no copy of it.
pub(crate) fn with_same_memory(
    more: libc::c_int,
    body: fn() -> Result,
) -> Result<Pid> {
    const STACK: usize = 1 << 18;
    BODY.set(body).map_err(|_| "set once")?;
    // Used by the child until its end.
    let stack = Box::leak(vec![0_u128; STACK / 16].into_boxed_slice());
    let top = stack.as_mut_ptr_range().end.cast();
    let flags = libc::CLONE_VM | libc::SIGCHLD | more;
    // SAFETY: the stack stays; this process waits in a system call for as
    // long as its child needs more of it than the word.
    let child = unsafe { libc::clone(begin, top, flags, ptr::null_mut()) };
    Ok(Pid::from_raw(Errno::result(child)?))
}

static BODY: OnceLock<fn() -> Result> = OnceLock::new();

extern "C" fn begin(_: *mut libc::c_void) -> libc::c_int {
    let body = BODY.get();
    let is_done = set_pdeathsig(Signal::SIGKILL).is_ok()
        && body.is_some_and(|body| body().is_ok());
    libc::c_int::from(!is_done)
}

/// Whoever started the tree has the word too.
fn of_stranger() -> Result {
    await_end(with_same_memory(0, || {
        ready()?;
        await_word(libc::FUTEX_PRIVATE_FLAG)
    })?)
}

fn of_child() -> Result {
    with_same_memory(0, rest)?;
    ready()?;
    await_word(libc::FUTEX_PRIVATE_FLAG)
}

/// The stranger's first thread has ended: what the process maps is shown of
/// its other threads.
fn behind_dead_leader() -> Result {
    let word = share(AtomicU32::new(0))?;
    let tree = move || -> Result {
        await_end(child(|| {
            ready()?;
            futex(word, libc::FUTEX_WAIT, 0)
        })?)
    };
    Builder::new().spawn(move || tree().is_ok())?;
    exit_thread()
}

/// The stranger has not mapped it yet.
fn by_descriptor() -> Result {
    // SAFETY: the name is a static string.
    let made = unsafe { libc::memfd_create(c"memory".as_ptr(), 0) };
    // SAFETY: made above, and owned by nobody else.
    let file = unsafe { OwnedFd::from_raw_fd(Errno::result(made)?) };
    let file = File::from(file);
    file.set_len(4096)?;
    let tree = child(|| {
        let length = NonZero::new(4096).ok_or("not zero")?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let kind = MapFlags::MAP_SHARED;
        // SAFETY: a new mapping, which stays.
        let page = unsafe { mmap(None, length, access, kind, &file, 0) }?;
        await_in(page.cast())
    })?;
    await_end(tree)
}

fn await_in(page: NonNull<AtomicU32>) -> Result {
    // SAFETY: a page of zeros, mapped until this process ends.
    let word = unsafe { page.as_ref() };
    ready()?;
    futex(word, libc::FUTEX_WAIT, 0)
}

fn segment() -> Result<i32> {
    // SAFETY: a plain call; the segment is new.
    let made = unsafe { libc::shmget(libc::IPC_PRIVATE, 4096, 0o600) };
    Ok(Errno::result(made)?)
}

/// Attaches a segment, and has it removed with its last user.
fn attach(segment: i32) -> Result<NonNull<AtomicU32>> {
    // SAFETY: the kernel chooses the place.
    let place = unsafe { libc::shmat(segment, ptr::null(), 0) };
    let none = ptr::null_mut();
    // SAFETY: asks for no answer.
    let removed = unsafe { libc::shmctl(segment, libc::IPC_RMID, none) };
    Errno::result(removed)?;
    let is_attached = place as isize != -1;
    let place = NonNull::new(place.cast()).filter(|_| is_attached);
    place.ok_or_else(|| "the segment is not attached".into())
}

fn attached_outside() -> Result {
    let place = attach(segment()?)?;
    await_end(child(|| await_in(place))?)
}

/// Whoever knows its number may attach it.
fn by_number() -> Result {
    let segment = segment()?;
    await_end(child(|| await_in(attach(segment)?))?)
}
