//! Makes the rule of ordinary users hold for root too, in one process.

use common::{Context, Result};
use nix::errno::Errno;
use nix::sys::resource::{Resource, setrlimit};

/// Gives up all that allows a process to lower a niceness: the capability
/// `CAP_SYS_NICE` and the limit `RLIMIT_NICE`. There is no way back.
pub(crate) fn give_up_lowering() -> Result {
    setrlimit(Resource::RLIMIT_NICE, 0, 0)
        .context("cannot set RLIMIT_NICE to 0")?;

    let header = Header { version: VERSION_3, pid: 0 };
    let mut sets = [Sets::default(); 2];
    // SAFETY: capget(2) reads the header and writes two sets of version 3.
    let result = unsafe {
        libc::syscall(libc::SYS_capget, &raw const header, sets.as_mut_ptr())
    };
    Errno::result(result).context("cannot read the capabilities")?;

    sets[0].effective &= !CAP_SYS_NICE;
    sets[0].permitted &= !CAP_SYS_NICE;
    // SAFETY: capset(2) reads the header and two sets of version 3.
    let result = unsafe {
        libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr())
    };
    Errno::result(result).context("cannot drop CAP_SYS_NICE")?;
    Ok(())
}

/// Capability number 23 of capabilities(7).
const CAP_SYS_NICE: u32 = 1 << 23;
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// Version 3 has 64 capabilities in two of these, the low half first.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}
