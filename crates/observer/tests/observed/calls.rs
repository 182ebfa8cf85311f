//! System calls without their danger: each wrapper says why it is sound.

use std::os::fd::RawFd;
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use libc::{c_int, c_long, pid_t};
use nix::sys::wait::WaitPidFlag;
use nix::unistd::ForkResult;

/// A child that ends with what `work` returns.
pub(crate) fn child(work: impl FnOnce() -> u8) -> pid_t {
    // SAFETY: this program forks while it has one thread, or its child only
    // makes system calls.
    match unsafe { nix::unistd::fork() }.expect("fork") {
        ForkResult::Child => leave(work()),
        ForkResult::Parent { child } => child.as_raw(),
    }
}

/// A thread, which the system must grant.
pub(crate) fn thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    Builder::new().spawn(work).expect("a thread")
}

/// Ends the process, at once.
pub(crate) fn leave(code: u8) -> ! {
    // SAFETY: nothing is left to be done in this process.
    unsafe { libc::_exit(code.into()) }
}

/// Ends this thread only.
pub(crate) fn leave_thread(code: c_int) -> ! {
    system(libc::SYS_exit, [code.into(), 0, 0, 0, 0]);
    unreachable!("exit does not return")
}

/// Any system call; -errno if it failed.
pub(crate) fn system(number: c_long, arguments: [c_long; 5]) -> c_long {
    let [a, b, c, d, e] = arguments;
    // SAFETY: every caller passes numbers, or pointers to memory that it
    // holds over the call.
    let result = unsafe { libc::syscall(number, a, b, c, d, e) };
    if result < 0 { -c_long::from(errno()) } else { result }
}

pub(crate) fn errno() -> c_int {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Waits for a child; its raw status, or -errno.
pub(crate) fn wait(pid: pid_t, flags: c_int) -> c_int {
    let mut status = 0;
    // SAFETY: the status is memory of this function.
    let result = unsafe { libc::waitpid(pid, &mut status, flags) };
    if result < 0 { -errno() } else { status }
}

/// Waits for the child's end; its exit code, 255 for any other end.
pub(crate) fn code_of(pid: pid_t) -> u8 {
    let status = wait(pid, 0);
    if status >= 0 && libc::WIFEXITED(status) {
        return libc::WEXITSTATUS(status) as u8;
    }
    u8::MAX
}

/// waitid(2) with a null pointer, or with memory that is not read.
pub(crate) fn wait_id(pid: pid_t, has_memory: bool, flags: WaitPidFlag) -> i32 {
    let mut memory = [0_u64; 16];
    let at = if has_memory { memory.as_mut_ptr() as c_long } else { 0 };
    let (kind, pid) = if pid > 0 {
        (libc::P_PID, c_long::from(pid))
    } else {
        (libc::P_ALL, 0)
    };
    let flags = flags.bits().into();
    system(libc::SYS_waitid, [kind.into(), pid, at, flags, 0]) as i32
}

pub(crate) fn send(pid: pid_t, signal: c_int) {
    // SAFETY: no memory is involved.
    unsafe { libc::kill(pid, signal) };
}

pub(crate) fn my_pid() -> pid_t {
    nix::unistd::getpid().as_raw()
}

/// Waits until a signal has been handled; for ever, if none is.
pub(crate) fn pause() -> u8 {
    loop {
        // SAFETY: no memory is involved.
        unsafe { libc::pause() };
    }
}

/// A pipe: read end, write end.
pub(crate) fn pipe() -> [RawFd; 2] {
    let mut ends = [0; 2];
    // SAFETY: the two descriptors are written into the array.
    let result = unsafe { libc::pipe(ends.as_mut_ptr()) };
    assert_eq!(result, 0, "pipe");
    ends
}

pub(crate) fn close(fd: RawFd) {
    // SAFETY: the caller made the descriptor.
    unsafe { libc::close(fd) };
}

/// Reads at most as much as fits; how much, or -1.
pub(crate) fn read(fd: RawFd, to: &mut [u8]) -> isize {
    // SAFETY: the buffer is the slice.
    unsafe { libc::read(fd, to.as_mut_ptr().cast(), to.len()) }
}

/// Writes once; how much, or -1.
pub(crate) fn write(fd: RawFd, bytes: &[u8]) -> isize {
    // SAFETY: the buffer is the slice.
    unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) }
}

/// Waits for the end of file: until nobody holds the write end.
pub(crate) fn await_end(fd: RawFd) {
    let mut bytes = [0; 64];
    while read(fd, &mut bytes) > 0 {}
}

/// Waits until the thread of this process has ended, but is not gone: a
/// leader stays a zombie. There is no call to wait for that.
pub(crate) fn await_zombie(tid: pid_t) {
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{tid}/stat"));
        let stat = stat.unwrap_or_default();
        if stat.rsplit_once(") ").is_some_and(|(_, s)| s.starts_with('Z')) {
            return;
        }
        std::thread::yield_now();
    }
}

/// Executes this program in a behaviour; returns -errno if that fails.
pub(crate) fn become_observed(arguments: &[&str]) -> c_int {
    become_program("/proc/self/exe", arguments)
}

pub(crate) fn become_program(file: &str, arguments: &[&str]) -> c_int {
    let text = |text: &str| std::ffi::CString::new(text).expect("no NUL");
    let mut list = vec![text("observed")];
    list.extend(arguments.iter().map(|argument| text(argument)));
    match nix::unistd::execv(&text(file), &list) {
        Ok(never) => match never {},
        Err(errno) => -(errno as c_int),
    }
}

/// Waits until the process sleeps in this call, and for so long that it
/// counts.
pub(crate) fn await_long_sleep(pid: c_int, number: c_long) {
    let sleeps = || {
        let of = |file: &str| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/{file}"));
            text.unwrap_or_default()
        };
        let is_within = of("syscall").starts_with(&format!("{number} "));
        let stat = of("stat");
        let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        is_within && state.starts_with('S')
    };
    while !sleeps() {
        std::thread::yield_now();
    }
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
}
