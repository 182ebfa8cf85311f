//! After fork one address means two places, one for each process. The kernel
//! makes the second place when somebody writes, not before.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::libc;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork};

const PAGES: usize = 64;

pub(crate) fn run() -> Result {
    let mut coins = 100;
    let purse = Arc::new(AtomicU32::new(100));
    let page_size = page_size()?;
    let mut memory = vec![1; (PAGES + 1) * page_size];
    let start = memory.as_ptr().align_offset(page_size);
    let pages = &mut memory[start..][..PAGES * page_size];
    say!("parent: coins {coins:3} at {:p}, on the stack", &coins);
    say!("parent: purse {purse:3?} at {:p}, in an Arc", purse.as_ptr());
    say!("parent: pages of my own: {} of {PAGES}", own_pages(pages)?);

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the child")? {
        ForkResult::Child => exit_child(child(&mut coins, &purse, pages)),
        ForkResult::Parent { child } => parent(child, &coins, &purse, pages),
    }
}

/// The child: writes to all three, at the addresses it found them at.
fn child(coins: &mut u32, purse: &Arc<AtomicU32>, pages: &mut [u8]) -> Result {
    role("child");
    say!("child:  pages of my own: {} of {PAGES}", own_pages(pages)?);
    pages[0] = 2;
    say!("child:  writes one byte: {} of {PAGES}", own_pages(pages)?);

    *coins -= 1;
    purse.fetch_sub(1, Relaxed);
    let second = Arc::clone(purse);
    say!("child:  coins {coins:3} at {coins:p}");
    say!("child:  purse {second:3?} at {:p}", second.as_ptr());
    say!("child:  the Arc has {} owners", Arc::strong_count(purse));
    Ok(())
}

/// The parent: nothing that the child wrote is here.
fn parent(
    child: Pid,
    coins: &u32,
    purse: &Arc<AtomicU32>,
    pages: &[u8],
) -> Result {
    role("parent");
    expect_success(waitpid(child, None)?)?;
    say!("parent: coins {coins:3} at {coins:p}");
    say!("parent: purse {purse:3?} at {:p}", purse.as_ptr());
    say!("parent: the Arc has {} owner", Arc::strong_count(purse));
    say!("parent: pages of my own: {} of {PAGES}", own_pages(pages)?);
    Ok(())
}

/// How many of these pages no other process maps: bit 56 of each page's entry
/// in /proc/self/pagemap.
fn own_pages(pages: &[u8]) -> Result<usize> {
    let mut entries = [0; PAGES * size_of::<u64>()];
    let first = pages.as_ptr().addr() / page_size()?;
    let at = first * size_of::<u64>();
    File::open("/proc/self/pagemap")
        .and_then(|map| map.read_exact_at(&mut entries, at as u64))
        .context("cannot read /proc/self/pagemap")?;
    let (entries, _) = entries.as_chunks();
    let entries = entries.iter().map(|entry| u64::from_ne_bytes(*entry));
    Ok(entries.filter(|entry| entry >> 56 & 1 == 1).count())
}

fn page_size() -> Result<usize> {
    // SAFETY: sysconf(3) takes a number and touches no memory of ours.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).context("cannot learn the page size")
}
