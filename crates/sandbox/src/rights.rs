//! capabilities(7): a submission has none, also where root judges it.

use libc::{c_int, c_ulong};
use nix::errno::Errno;
use nix::sys::prctl;

const VERSION_3: u32 = 0x2008_0522; // <linux/capability.h>

#[repr(C)]
struct Header {
    version: u32,
    pid: c_int,
}

/// Gives up every capability for good. Together with no-new-privs, which is
/// set here too, no program that is executed later has any.
pub(crate) fn give_up() -> Result<(), Errno> {
    prctl::set_no_new_privs()?;
    let zero: c_ulong = 0;
    for capability in 0..64 as c_ulong {
        // SAFETY: four numbers. It fails for those that this kernel does not
        // know, and without CAP_SETPCAP, when there are none to be kept.
        unsafe {
            libc::prctl(libc::PR_CAPBSET_DROP, capability, zero, zero, zero);
        }
    }
    let header = Header { version: VERSION_3, pid: 0 };
    let none = [0_u32; 6]; // effective, permitted, inheritable, twice
    // SAFETY: both live over the call, which copies them.
    let result = unsafe {
        libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr())
    };
    Errno::result(result).map(drop)
}
