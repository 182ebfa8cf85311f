//! One object, mapped at two addresses. A pointer stored in it is right for
//! one of them only; an index is right for both.

use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, SysconfVar, fork, ftruncate, sysconf};

use crate::mapping::{Atomics, Mapping};

/// The order of the fields is fixed by repr(C), their sizes by their types:
/// two programs that were compiled apart read the same layout.
#[repr(C)]
struct Board {
    pointer: AtomicU64,
    index: AtomicU32,
    cells: [AtomicI32; 5],
}

// SAFETY: atomics only; zero is a value of each.
unsafe impl Atomics for Board {}

pub(crate) fn run() -> Result {
    // A memfd is shared memory without a name: nothing to unlink.
    let object = memfd_create("board", MFdFlags::MFD_CLOEXEC)
        .context("cannot create a memfd")?;
    ftruncate(&object, size_of::<Board>() as i64)
        .context("cannot resize the memfd")?;
    say!(
        "a Board has {} bytes: pointer at {}, index at {}, cells at {}",
        size_of::<Board>(),
        offset_of!(Board, pointer),
        offset_of!(Board, index),
        offset_of!(Board, cells)
    );

    let writers = Mapping::<Board>::of(&object)?;
    let readers = Mapping::<Board>::of(&object)?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the writer")? {
        ForkResult::Child => {
            drop(readers);
            exit_child(writer(&writers))
        }
        ForkResult::Parent { child } => {
            drop(writers);
            expect_success(waitpid(child, None)?)?;
            reader(&readers)
        }
    }
}

/// The child: says in two ways where the 42 is.
fn writer(board: &Board) -> Result {
    role("writer");
    let cell = &board.cells[3];
    cell.store(42, Relaxed);
    say!("writer: its board is at {board:p}, the 42 at {cell:p}");
    board.pointer.store(ptr::from_ref(cell).addr() as u64, Relaxed);
    board.index.store(3, Relaxed);
    say!("writer: stores that pointer, and the index 3");
    Ok(())
}

/// The parent: follows both.
fn reader(board: &Board) -> Result {
    let pointer = board.pointer.load(Relaxed);
    let index = board.index.load(Relaxed) as usize;
    say!("reader: its board is at {board:p}");
    say!("reader: finds the pointer {pointer:#x}: {}", mapped(pointer)?);
    // Another process wrote the index: it is checked like any other input.
    let cell = board.cells.get(index);
    let cell = cell.ok_or_else(|| Error::new("no such cell"))?;
    let value = cell.load(Relaxed);
    say!("reader: finds the index {index}: the cell at {cell:p} holds {value}");
    Ok(())
}

/// Whether this process has memory there: mincore(2) asks without a touch.
fn mapped(address: u64) -> Result<&'static str> {
    let page = sysconf(SysconfVar::PAGE_SIZE)?.unwrap_or(4096) as u64;
    let start = ptr::without_provenance_mut((address & !(page - 1)) as usize);
    let mut resident = 0;
    // SAFETY: the answer for a length of one byte is one byte long.
    let answer = unsafe { libc::mincore(start, 1, &raw mut resident) };
    match Errno::result(answer) {
        Ok(_) => Ok("some memory"),
        Err(Errno::ENOMEM) => Ok("no memory there"),
        Err(errno) => Err(errno.into()),
    }
}
