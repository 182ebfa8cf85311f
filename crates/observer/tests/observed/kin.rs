//! Creations, programs and threads.

use std::ffi::{c_int, c_void};
use std::process::Command;
use std::ptr;
use std::thread;

use libc::pid_t;
use nix::sys::wait::WaitPidFlag;

use crate::calls::{
    await_end, await_zombie, become_observed, become_program, child, close,
    code_of, leave, leave_thread, my_pid, pause, pipe, read, send, system,
    thread, wait, wait_id, write,
};

pub(crate) fn behave(name: &str, number: i32) -> Option<u8> {
    Some(match name {
        "exit" => number as u8,
        "fork" => code_of(child(|| 3)),
        "clone" => code_of(cloned(0)),
        "clone-vfork" => code_of(cloned(libc::CLONE_VM | libc::CLONE_VFORK)),
        "vfork" => code_of(vforked()),
        "spawn" => code_of(spawned()),
        "command" => commanded(),
        "sibling" => sibling(),
        "exec" => code_of(child(|| -become_observed(&["exit", "4"]) as u8)),
        "exec-fails" => code_of(child(|| -become_program("/none", &[]) as u8)),
        "exec-from-thread" => exec_from_thread(),
        "threads" => threads(number),
        "leader-ends-first" => leader_ends_first(),
        "thread-of-a-thread" => thread_of_a_thread(),
        "thread-ends-all" => thread_ends_all(),
        "nowait" => nowait(),
        "wait-blindly" => wait_blindly(),
        "many-children" => (0..number).map(|_| code_of(child(|| 0))).sum(),
        "never-waits" => never_waits(number),
        "adopts" => adopts(),
        "orphan" => orphan(),
        _ => return None,
    })
}

extern "C" fn ends_with_3(_: *mut c_void) -> c_int {
    3
}

fn cloned(flags: c_int) -> pid_t {
    let mut stack = vec![0_u128; 4096];
    let top = stack.as_mut_ptr_range().end.cast();
    let flags = flags | libc::SIGCHLD;
    // SAFETY: the child has a stack of its own that lives long enough: with
    // CLONE_VM its parent waits (CLONE_VFORK), without it has a copy.
    unsafe { libc::clone(ends_with_3, top, flags, ptr::null_mut()) }
}

fn vforked() -> pid_t {
    // SAFETY: the child does nothing but end.
    #[expect(deprecated, reason = "it is what is to be observed")]
    match unsafe { libc::vfork() } {
        0 => leave(3),
        child => child,
    }
}

fn spawned() -> pid_t {
    let mut pid = 0;
    let mut arguments: Vec<*mut libc::c_char> =
        [c"observed", c"exit", c"3"].map(|it| it.as_ptr().cast_mut()).into();
    arguments.push(ptr::null_mut());
    // SAFETY: all strings end with NUL and the lists with a null pointer.
    let errno = unsafe {
        libc::posix_spawn(
            &mut pid,
            c"/proc/self/exe".as_ptr(),
            ptr::null(),
            ptr::null(),
            arguments.as_ptr(),
            [ptr::null_mut()].as_ptr(),
        )
    };
    assert_eq!(errno, 0, "posix_spawn");
    pid
}

fn commanded() -> u8 {
    let mut command = Command::new("/proc/self/exe");
    let status = command.args(["exit", "3"]).status().expect("it is there");
    status.code().expect("it exits") as u8
}

/// CLONE_PARENT: the new process is a sibling of its creator.
fn sibling() -> u8 {
    let creator = child(|| {
        let flags = (libc::CLONE_PARENT | libc::SIGCHLD).into();
        match system(libc::SYS_clone, [flags, 0, 0, 0, 0]) {
            0 => leave(5),
            _ => 4,
        }
    });
    let first = code_of(creator);
    first + code_of(-1)
}

/// The thread that execs is not the first; all others vanish.
fn exec_from_thread() -> u8 {
    thread(pause);
    thread(|| -become_observed(&["exit", "6"]));
    pause()
}

fn threads(number: i32) -> u8 {
    let all: Vec<_> = (0..number).map(|_| thread(my_pid)).collect();
    for one in all {
        one.join().expect("it ends");
    }
    0
}

fn thread_of_a_thread() -> u8 {
    let first = thread(|| thread(my_pid).join().expect("it ends"));
    first.join().expect("it ends");
    thread(my_pid).join().expect("it ends");
    0
}

fn leader_ends_first() -> u8 {
    let leader = my_pid();
    thread(move || {
        await_zombie(leader);
        leave(9)
    });
    leave_thread(0)
}

fn thread_ends_all() -> u8 {
    thread(|| leave(8));
    pause()
}

/// The zombie is looked at, and then collected.
fn nowait() -> u8 {
    let one = child(|| 7);
    wait_id(one, true, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
    // SAFETY: a null pointer is allowed: the status is not wanted.
    let waited = unsafe { libc::waitpid(one, ptr::null_mut(), 0) };
    u8::from(waited != one)
}

/// waitid(2) without memory for what it learns.
fn wait_blindly() -> u8 {
    let one = child(|| 1);
    wait_id(one, false, WaitPidFlag::WEXITED);
    child(|| 2);
    wait_id(0, false, WaitPidFlag::WEXITED);
    u8::from(wait(-1, 0) != -libc::ECHILD)
}

fn never_waits(number: i32) -> u8 {
    let [read_end, write_end] = pipe();
    for _ in 0..number {
        child(|| 0);
    }
    close(write_end);
    await_end(read_end);
    0
}

/// A subreaper collects the child of its child.
fn adopts() -> u8 {
    let on = libc::PR_SET_CHILD_SUBREAPER.into();
    system(libc::SYS_prctl, [on, 1, 0, 0, 0]);
    let one = child(parent_of_an_orphan);
    let first = code_of(one);
    first + code_of(-1)
}

fn orphan() -> u8 {
    code_of(child(parent_of_an_orphan))
}

/// Leaves behind a child that ends when this process has ended.
pub(crate) fn parent_of_an_orphan() -> u8 {
    let [read_end, write_end] = pipe();
    let [own, ready] = pipe();
    let parent = my_pid();
    child(|| {
        close(write_end);
        write(ready, b"!");
        await_end(read_end);
        // A process closes its descriptors before it gives its children away.
        while nix::unistd::getppid().as_raw() == parent {
            thread::yield_now();
        }
        0
    });
    read(own, &mut [0]);
    send(parent, 0); // it only asks
    0
}
