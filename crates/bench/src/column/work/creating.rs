//! A child that does nothing is created and waited for; by a parent of any
//! size.

use std::env;
use std::num::NonZeroUsize;
use std::process::Command;
use std::ptr::NonNull;
use std::thread;

use common::{Context, Error, Result};
use libc::c_void;
use nix::sys::mman::{
    MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap,
};
use nix::unistd::{ForkResult, fork};

use crate::clock::median_of;
use crate::crew::reap;
use crate::task::Task;

pub(crate) fn measure(task: &Task) -> Result<f64> {
    let (way, pages) = match task.way.split_once('+') {
        Some((way, _)) => (way, MmapAdvise::MADV_HUGEPAGE),
        None => (&*task.way, MmapAdvise::MADV_NOHUGEPAGE),
    };
    let _heap = match task.size {
        0 => None,
        size => Some(Heap::touched(size, pages)?),
    };
    match way {
        "fork" => median_of(task.count, forked),
        "spawn" => median_of(task.count, || run("/bin/true", &[])),
        "again" => {
            let me = env::current_exe().context("cannot find this program")?;
            let me = me.to_str().ok_or_else(|| {
                Error::new("the path of this program is not UTF-8")
            })?;
            median_of(task.count, || run(me, &["nothing"]))
        }
        "thread" => median_of(task.count, threaded),
        _ => Err(task.unknown()),
    }
}

fn forked() -> Result {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork")? {
        // SAFETY: _exit(2) ends the process here; nothing of it runs on.
        ForkResult::Child => unsafe { libc::_exit(0) },
        ForkResult::Parent { child } => reap(child),
    }
}

/// With `Command`, as the lessons do: it uses posix_spawn(3).
fn run(program: &str, arguments: &[&str]) -> Result {
    let status = Command::new(program)
        .args(arguments)
        .status()
        .context(format_args!("cannot run {program}"))?;
    match status.success() {
        true => Ok(()),
        false => Err(Error::new(format!("{program}: {status}"))),
    }
}

fn threaded() -> Result {
    let thread =
        thread::Builder::new().spawn(|| ()).context("cannot start a thread")?;
    thread.join().map_err(|_| Error::new("the thread panicked"))
}

/// Memory of which every page was written to once.
struct Heap {
    start: NonNull<c_void>,
    size: usize,
}

const PAGE: usize = 4096;

impl Heap {
    fn touched(size: usize, pages: MmapAdvise) -> Result<Self> {
        let length = NonZeroUsize::new(size)
            .ok_or_else(|| Error::new("a heap has a size"))?;
        let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: a new mapping overlaps nothing.
        let start = unsafe {
            mmap_anonymous(None, length, access, MapFlags::MAP_PRIVATE)
        }
        .context(format_args!("cannot map {size} bytes"))?;
        let heap = Self { start, size };
        // A kernel without huge pages refuses the advice, and that is all.
        // SAFETY: the range is mapped, and advice changes no content.
        unsafe { madvise(start, size, pages) }.ok();
        for offset in (0..size).step_by(PAGE) {
            // SAFETY: `offset` is inside of the mapping.
            let byte = unsafe { start.cast::<u8>().byte_add(offset) };
            // SAFETY: mapped to be written, and nobody else knows of it.
            unsafe { byte.write_volatile(1) };
        }
        Ok(heap)
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        // SAFETY: mapped with this length, and no borrow is left.
        unsafe { munmap(self.start, self.size) }.ok();
    }
}
