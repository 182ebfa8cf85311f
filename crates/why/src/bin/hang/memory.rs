//! Memory that parent and child share, and what glibc puts there.

use std::cell::UnsafeCell;
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::num::NonZero;
use std::ptr::NonNull;

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};

use crate::Result;
use crate::files::open;

const PAGE: usize = 4096;

/// A value that this process and its later children share.
pub(crate) fn share<T: Sync>(value: T) -> Result<&'static T> {
    let length = NonZero::new(PAGE).ok_or("not zero")?;
    assert!(size_of::<T>() <= PAGE, "it fits into a page");
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: a new mapping, which nothing else names.
    let page =
        unsafe { mmap_anonymous(None, length, access, MapFlags::MAP_SHARED) }?;
    let place: NonNull<T> = page.cast();
    // SAFETY: the page is large enough, aligned, and ours.
    unsafe { place.write(value) };
    // SAFETY: written above, and mapped for the rest of the process.
    Ok(unsafe { place.as_ref() })
}

/// Takes the page away from this process alone.
pub(crate) fn unshare<T>(value: &'static T) -> Result {
    // SAFETY: it came from `share`, and this process does not use it again.
    Ok(unsafe { munmap(NonNull::from(value).cast(), PAGE) }?)
}

/// A pthread mutex of the default kind, which knows its owner and does not
/// look whether that is the caller.
#[derive(Debug)]
pub(crate) struct Mutex(UnsafeCell<libc::pthread_mutex_t>);
// SAFETY: the pthread_mutex_* calls may be made by many threads at once.
unsafe impl Sync for Mutex {}

impl Mutex {
    /// For the threads of one process.
    pub(crate) const fn private() -> Self {
        Self(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER))
    }

    /// For several processes, in memory that they share.
    pub(crate) fn shared() -> Result<&'static Self> {
        let mutex = share(Self::private())?;
        let mut kind = MaybeUninit::uninit();
        let kind = kind.as_mut_ptr();
        // SAFETY: initialises the attributes.
        check(unsafe { libc::pthread_mutexattr_init(kind) })?;
        let shared = libc::PTHREAD_PROCESS_SHARED;
        // SAFETY: initialised in the line above.
        check(unsafe { libc::pthread_mutexattr_setpshared(kind, shared) })?;
        // SAFETY: nobody uses the mutex yet.
        check(unsafe { libc::pthread_mutex_init(mutex.0.get(), kind) })?;
        Ok(mutex)
    }

    pub(crate) fn lock(&self) -> Result {
        // SAFETY: the mutex is initialised and never moves.
        check(unsafe { libc::pthread_mutex_lock(self.0.get()) })
    }
}

/// A POSIX semaphore between processes.
#[derive(Debug)]
pub(crate) struct Semaphore(UnsafeCell<MaybeUninit<libc::sem_t>>);
// SAFETY: the sem_* calls may be made by many threads at once.
unsafe impl Sync for Semaphore {}

impl Semaphore {
    pub(crate) fn shared(value: u32) -> Result<&'static Self> {
        let semaphore = share(Self(UnsafeCell::new(MaybeUninit::uninit())))?;
        semaphore.begin(value)?;
        Ok(semaphore)
    }

    fn begin(&self, value: u32) -> Result {
        // SAFETY: nobody uses the semaphore yet.
        Errno::result(unsafe { libc::sem_init(self.place(), 1, value) })?;
        Ok(())
    }

    /// In a file of the working folder, as sem_open(3) has it in `/dev/shm`.
    pub(crate) fn in_file(name: &str, value: u32) -> Result<&'static Self> {
        let file = open(name)?;
        file.set_len(PAGE as u64)?;
        let length = NonZero::new(PAGE).ok_or("not zero")?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let kind = MapFlags::MAP_SHARED;
        // SAFETY: a new mapping, which only this process and its children use.
        let page = unsafe { mmap(None, length, access, kind, file, 0) }?;
        let place: NonNull<Self> = page.cast();
        // SAFETY: a page of zeros is a semaphore that is not yet initialised;
        // it stays mapped for the rest of the process.
        let semaphore = unsafe { place.as_ref() };
        semaphore.begin(value)?;
        Ok(semaphore)
    }

    /// By its name, as every process of the machine may open it.
    pub(crate) fn named(name: &CStr) -> Result<&'static Self> {
        let (flags, mode, value) = (libc::O_CREAT, 0o600, 0);
        // SAFETY: the name ends with a zero byte.
        let place =
            unsafe { libc::sem_open(name.as_ptr(), flags, mode, value) };
        // SAFETY: what was opened is never closed in this process.
        let opened = unsafe { place.cast::<Self>().as_ref() };
        opened.ok_or_else(|| Errno::last().into())
    }

    fn place(&self) -> *mut libc::sem_t {
        self.0.get().cast()
    }

    pub(crate) fn wait(&self) -> Result {
        // SAFETY: initialised by `shared`, and never moved.
        Errno::result(unsafe { libc::sem_wait(self.place()) })?;
        Ok(())
    }

    pub(crate) fn wait_until(&self, end: &libc::timespec) -> Result {
        // SAFETY: as above; the time outlives the call.
        Errno::result(unsafe { libc::sem_timedwait(self.place(), end) })?;
        Ok(())
    }

    pub(crate) fn post(&self) -> Result {
        // SAFETY: as above.
        Errno::result(unsafe { libc::sem_post(self.place()) })?;
        Ok(())
    }
}

/// pthread calls return the errno instead of setting it.
fn check(errno: libc::c_int) -> Result {
    match errno {
        0 => Ok(()),
        errno => Err(Errno::from_raw(errno).into()),
    }
}
