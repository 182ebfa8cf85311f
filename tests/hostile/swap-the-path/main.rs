//! Changes the path of a call while whoever follows its calls looks at it.

use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::thread;

use nix::libc;

fn main() {
    std::fs::write("own", "").unwrap();
    std::os::unix::fs::symlink("@CANARY@", "out").unwrap();
    let path: &'static [AtomicU8; 4] =
        Box::leak(Box::new([b'o', b'w', b'n', 0].map(AtomicU8::new)));
    thread::spawn(move || loop {
        for (second, third) in [(b'u', b't'), (b'w', b'n')] {
            path[1].store(second, Relaxed);
            path[2].store(third, Relaxed);
            for _ in 0..100 {
                std::hint::spin_loop();
            }
        }
    });
    for _ in 0..500 {
        // SAFETY: the bytes end in a zero byte, whoever writes them.
        unsafe { libc::chmod(path.as_ptr().cast(), 0o600) };
    }
    std::fs::remove_file("own").unwrap();
    std::fs::remove_file("out").unwrap();
}
