//! Limits under which forklore itself cannot run.

use nix::sys::resource::{Resource, getrlimit};

/// Of stack, in KiB: reading the arguments takes most of it.
const NEEDED: u64 = 256;

/// Why there is too little stack (`RLIMIT_STACK`), and what to do; `None` if
/// there is enough. To be asked before anything that needs it.
pub(crate) fn lack_of_stack() -> Option<String> {
    let (limit, _) = getrlimit(Resource::RLIMIT_STACK).ok()?;
    let limit = limit / 1024;
    (limit < NEEDED).then(|| {
        format!(
            "forklore: a stack of {limit} KiB (ulimit -s) is too small, it \
             needs {NEEDED}; to give less to a program alone: forklore see \
             -- sh -c 'ulimit -s {limit}; exec PROGRAM'"
        )
    })
}
