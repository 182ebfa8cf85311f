//! Installs a filter that asks its own thread about calls, which lets them pass, so that no other filter is asked.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::mpsc::channel;
use std::thread;

use nix::libc::{self, c_int, sock_filter, sock_fprog};

fn op(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

fn main() {
    let (tell, told) = channel::<c_int>();
    thread::spawn(move || {
        let Ok(listener) = told.recv() else { return };
        loop {
            // struct seccomp_notif and seccomp_notif_resp.
            let mut asked = [0_u64; 10];
            let receive = 0xc050_2100;
            // SAFETY: the memory has the size that the request names.
            if unsafe { libc::ioctl(listener, receive, asked.as_mut_ptr()) } != 0 {
                continue;
            }
            let answer = [asked[0], 0, 1 << 32]; // flags: continue
            let send = 0xc018_2101;
            // SAFETY: as above.
            unsafe { libc::ioctl(listener, send, answer.as_ptr()) };
        }
    });
    let asks = libc::SECCOMP_RET_USER_NOTIF;
    let ret = libc::BPF_RET | libc::BPF_K;
    let jeq = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let program = [
        op(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        op(jeq, libc::SYS_fchmodat as u32, 3, 0),
        op(jeq, libc::SYS_socket as u32, 2, 0),
        op(jeq, libc::SYS_chmod as u32, 1, 0),
        op(ret, libc::SECCOMP_RET_ALLOW, 0, 0),
        op(ret, asks, 0, 0),
    ];
    let program = sock_fprog { len: 6, filter: program.as_ptr().cast_mut() };
    // SAFETY: the program lives over the call.
    let listener = unsafe {
        libc::syscall(libc::SYS_seccomp, 1, 8, &raw const program)
    };
    if listener < 0 {
        return;
    }
    tell.send(listener as c_int).ok();
    let none = fs::Permissions::from_mode(0);
    if fs::set_permissions("@CANARY@", none).is_ok() {
        println!("escaped");
    }
    // SAFETY: three numbers.
    if unsafe { libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0) } >= 0 {
        println!("escaped");
    }
}
