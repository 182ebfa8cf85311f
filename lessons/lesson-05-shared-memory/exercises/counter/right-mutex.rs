//! A mutex for processes lies beside the counter.

use std::env::args;
use std::error::Error;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// What all of them share.
#[repr(C)]
struct Shared {
    counter: AtomicU64,
    lock: libc::pthread_mutex_t,
}

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<u64> =
        args().skip(1).map(|it| it.parse()).collect::<Result<_, _>>()?;
    let [processes, additions] = numbers[..] else {
        return Err("usage: counter P N".into());
    };
    let shared = map()?;
    let mut children = Vec::new();
    let mut forked = Ok(());
    for _ in 0..processes {
        // SAFETY: this process has one thread.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                // SAFETY: mapped before the fork, and initialised.
                unsafe { add(shared, additions) };
                // SAFETY: ends the child without the parent's code.
                unsafe { libc::_exit(0) }
            }
            Ok(ForkResult::Parent { child }) => children.push(child),
            Err(errno) => {
                forked = Err(errno);
                break;
            }
        }
    }
    for child in children {
        waitpid(child, None)?;
    }
    forked?;
    // SAFETY: mapped; nobody else is left.
    let value = unsafe { (*shared).counter.load(Relaxed) };
    println!("Counter value: {value}");
    Ok(())
}

/// Adds 1, again and again, each time under the lock.
unsafe fn add(shared: *mut Shared, additions: u64) {
    // SAFETY: as the caller promises.
    unsafe {
        let lock = &raw mut (*shared).lock;
        let counter = &(*shared).counter;
        for _ in 0..additions {
            libc::pthread_mutex_lock(lock);
            counter.store(counter.load(Relaxed) + 1, Relaxed);
            libc::pthread_mutex_unlock(lock);
        }
    }
}

/// Memory that is there before the processes are, with a lock for processes.
fn map() -> nix::Result<*mut Shared> {
    let length = NonZero::new(size_of::<Shared>()).expect("not empty");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping overlaps nothing.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    let shared: *mut Shared = page.cast().as_ptr();
    let mut attributes = MaybeUninit::uninit();
    let attributes = attributes.as_mut_ptr();
    // SAFETY: the attributes are memory of this function; the lock is
    // initialised where it stays.
    unsafe {
        libc::pthread_mutexattr_init(attributes);
        let way = libc::PTHREAD_PROCESS_SHARED;
        libc::pthread_mutexattr_setpshared(attributes, way);
        libc::pthread_mutex_init(&raw mut (*shared).lock, attributes);
    }
    Ok(shared)
}
