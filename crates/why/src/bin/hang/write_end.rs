//! The end of file does not come: somebody has a write end open.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::thread::Builder;

use nix::errno::Errno;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stdin, dup2_stdout, execv, mkfifo, pipe};

use crate::Result;
use crate::healthy_hidden::exit_thread;
use crate::process::{await_end, child, read_to_end, ready, shut};
use crate::program::Program;
use crate::signals::block;

pub(crate) const PROGRAMS: &[Program] = &[
    Program::stuck("eof-self", "write-end-open", "A A.1", held_by_reader)
        .says("close(4)"),
    Program::stuck("eof-filtered", "write-end-open", "A A.1", filtered)
        .says("close(4)"),
    Program::stuck("eof-parent", "write-end-open", "A A.1", held_by_parent)
        .says("close(4)"),
    Program::stuck(
        "eof-two-readers",
        "write-end-open",
        "A A.1 A.2",
        held_by_readers,
    )
    .says("close(4)"),
    Program::stuck("eof-farm", "write-end-open", "A A.1 A.2", held_by_sibling)
        .says("close(4)"),
    Program::stuck(
        "eof-coprocess",
        "write-end-open",
        "A A.1 A.2",
        held_for_coprocess,
    )
    .says(
        "close(6) is missing in A (hang), before; not: close(1); not: close(4)",
    ),
    Program::stuck(
        "eof-filter",
        "write-end-open",
        "A A.1 A.2",
        held_for_filter,
    )
    .says(
        "close(6) is missing in A (hang), before; close(4) is missing in \
             A.1 (hang), after the fork, if it is not to write there",
    ),
    Program::stuck("eof-exec", "write-end-open", "A A.1 A.1.1", held_over_exec)
        .says("close(4)"),
    Program::stuck("eof-socket", "write-end-open", "A A.1", held_socket)
        .says("close(4)"),
    Program::stuck("eof-fifo", "write-end-open", "A A.1", held_fifo)
        .if_closed()
        .says("fifo-a"),
    Program::stuck("eof-thread", "write-end-open", "A A.1", held_by_thread)
        .says("close(4)"),
    Program::stuck("eof-supervised", "write-end-open", "A A.1", supervised)
        .at_least_if_closed()
        .says("close(4)"),
];

/// The reader itself holds the write end that it got by fork.
fn held_by_reader() -> Result {
    let (read_end, write_end) = pipe()?;
    let reader = child(|| read_to_end(&read_end))?;
    drop((read_end, write_end));
    ready()?;
    await_end(reader)
}

/// A filter decides upon each call, and lets it through.
fn filtered() -> Result {
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let allow = libc::SECCOMP_RET_ALLOW;
    let mut code = [libc::sock_filter { code: RETURN, jt: 0, jf: 0, k: allow }];
    let filter = libc::sock_fprog { len: 1, filter: code.as_mut_ptr() };
    nix::sys::prctl::set_no_new_privs()?;
    let (option, mode) = (libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER);
    // SAFETY: the filter outlives the call, which copies it.
    let done = unsafe { libc::prctl(option, mode, &raw const filter) };
    Errno::result(done)?;
    held_by_reader()
}

/// The parent waits for the reader before it closes the write end.
fn held_by_parent() -> Result {
    let (read_end, write_end) = pipe()?;
    let reader = child(|| {
        shut(&write_end);
        read_to_end(&read_end)
    })?;
    drop(read_end);
    ready()?;
    await_end(reader)?;
    drop(write_end);
    Ok(())
}

/// Each of two readers holds a write end.
fn held_by_readers() -> Result {
    let (read_end, write_end) = pipe()?;
    let first = child(|| read_to_end(&read_end))?;
    let second = child(|| read_to_end(&read_end))?;
    drop((read_end, write_end));
    ready()?;
    await_end(first)?;
    await_end(second)
}

/// A farm: the second worker got the first one's write end by fork.
fn held_by_sibling() -> Result {
    let (read_end, to_first) = pipe()?;
    let first = child(|| {
        shut(&to_first);
        read_to_end(&read_end)
    })?;
    drop(read_end);
    let (read_end, to_second) = pipe()?;
    let second = child(|| {
        shut(&to_second);
        read_to_end(&read_end)
    })?;
    drop(read_end);
    drop(to_first);
    ready()?;
    await_end(first)?;
    drop(to_second);
    await_end(second)
}

/// A coprocess, whose output a second child reads. The parent waits for that
/// one before it closes the input of the first.
fn held_for_coprocess() -> Result {
    before_a_filter(|output| dup2_stdout(output).map(|()| shut(output)))
}

/// As `held_for_coprocess`, where nobody can see that what the first writes
/// to is its output.
fn held_for_filter() -> Result {
    before_a_filter(|_| Ok(()))
}

fn before_a_filter(begin: fn(&OwnedFd) -> nix::Result<()>) -> Result {
    let (from_filter, output) = pipe()?;
    let (input, to_filter) = pipe()?;
    child(|| {
        shut(&from_filter);
        shut(&to_filter);
        begin(&output)?;
        read_to_end(&input)?;
        Ok(())
    })?;
    drop((input, output));
    let reader = child(|| {
        shut(&to_filter);
        read_to_end(&from_filter)
    })?;
    drop(from_filter);
    ready()?;
    await_end(reader)?;
    drop(to_filter);
    Ok(())
}

/// The program that a child executes in `held_over_exec`.
pub(crate) const HELPER: &str = "--reads-in-a-child";

/// The executed program does not know of the write end that it has.
fn held_over_exec() -> Result {
    let (read_end, write_end) = pipe()?;
    let helper = child(|| {
        dup2_stdin(&read_end)?;
        shut(&read_end);
        let program = CString::new("/proc/self/exe")?;
        execv(&program, &[c"hang".to_owned(), CString::new(HELPER)?])?;
        Ok(())
    })?;
    drop((read_end, write_end));
    ready()?;
    await_end(helper)
}

/// Reads standard input to its end, in a child.
pub(crate) fn run_reader() -> Result {
    let reader = child(|| read_to_end(io::stdin()))?;
    await_end(reader)
}

/// As `held_by_reader`, where the write end is the socket's other end.
fn held_socket() -> Result {
    let (ours, theirs) = socketpair(
        AddressFamily::Unix,
        SockType::Stream,
        None,
        SockFlag::empty(),
    )?;
    assert_eq!(theirs.as_raw_fd(), 4, "the number in the table");
    let reader = child(|| read_to_end(&ours))?;
    drop((ours, theirs));
    ready()?;
    await_end(reader)
}

/// A FIFO that its reader opened for both: it never ends, and anybody who
/// knows its name could write.
fn held_fifo() -> Result {
    mkfifo("fifo-a", Mode::S_IRUSR | Mode::S_IWUSR)?;
    let reader = child(|| {
        let both = File::options().read(true).write(true).open("fifo-a")?;
        read_to_end(both)
    })?;
    ready()?;
    await_end(reader)
}

/// As `held_by_reader`, in a process whose first thread has ended: `/proc`
/// gives its state as Z.
fn held_by_thread() -> Result {
    let (read_end, write_end) = pipe()?;
    let reader = child(|| {
        let read_end = read_end.try_clone()?;
        Builder::new().spawn(move || read_to_end(read_end).ok())?;
        exit_thread()
    })?;
    drop((read_end, write_end));
    ready()?;
    await_end(reader)
}

/// The parent awaits SIGCHLD from a reader that holds its own write end.
fn supervised() -> Result {
    block(&[Signal::SIGCHLD])?;
    let (read_end, write_end) = pipe()?;
    child(|| read_to_end(&read_end))?;
    drop((read_end, write_end));
    let ends: SigSet = [Signal::SIGCHLD].into_iter().collect();
    ready()?;
    ends.wait()?;
    Ok(())
}
