//! Installs a filter that gives its stops the numbers of other calls.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::libc::{self, sock_filter, sock_fprog};

fn main() {
    let ret = (libc::BPF_RET | libc::BPF_K) as u16;
    let k = libc::SECCOMP_RET_TRACE | 0x7fff;
    let program = [sock_filter { code: ret, jt: 0, jf: 0, k }];
    let program = sock_fprog { len: 1, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program lives over the call.
    unsafe { libc::prctl(libc::PR_SET_SECCOMP, 2, &raw const program) };
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions("@CANARY@", none).is_ok() {
        println!("escaped");
    }
}
