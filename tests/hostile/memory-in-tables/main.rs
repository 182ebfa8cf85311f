//! Takes memory for page tables alone, by a page here and there.

use std::ptr;

use nix::libc;

fn main() {
    let step = 2 << 20;
    let size = step * (1 << 18);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    // SAFETY: no address is asked for.
    let at = unsafe {
        libc::mmap(ptr::null_mut(), size, libc::PROT_READ, flags, -1, 0)
    };
    if at == libc::MAP_FAILED {
        return;
    }
    // SAFETY: small pages, so that each needs a table.
    unsafe { libc::madvise(at, size, libc::MADV_NOHUGEPAGE) };
    let mut sum = 0_u64;
    for place in (0..size).step_by(step) {
        // SAFETY: it lies in the mapping.
        sum += u64::from(unsafe { at.cast::<u8>().add(place).read_volatile() });
    }
    assert_eq!(sum, 0);
    loop {
        nix::unistd::pause();
    }
}
