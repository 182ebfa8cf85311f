//! Every ending leaves one number, the status. This prints it as the kernel
//! gives it and as the macros of wait(2), std and the shell read it.

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio, abort};

use common::{Context, Error, Result, exit_child, role, say};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SigHandler, Signal, raise, signal};
use nix::unistd::{ForkResult, Pid, fork};

type Ending = fn() -> Result;

const ENDINGS: [(&str, Ending); 6] = [
    ("_exit(0)", || exit(0)),
    ("_exit(7)", || exit(7)),
    ("_exit(300)", || exit(300)),
    ("abort()", || abort()),
    ("raise(SIGKILL)", || Ok(raise(Signal::SIGKILL)?)),
    ("raise(SIGSEGV)", segfault),
];

const COMMANDS: [&str; 5] = [
    "sh -c 'exit 7'",
    "sh -c 'kill -TERM $$'",
    "sh -c 'kill -KILL $$'",
    "/dev/null",
    "no-such-command",
];

pub(crate) fn run() -> Result {
    say!("{:<24}status  decoded            code()    signal()", "the child");
    for (name, ending) in ENDINGS {
        // SAFETY: this process has one thread.
        match unsafe { fork() }.context("cannot fork the worker")? {
            ForkResult::Child => exit_child(worker(ending)),
            ForkResult::Parent { child } => {
                let status = wait_for(child)?;
                let std = ExitStatus::from_raw(status);
                say!(
                    "{name:<24}{status:#06x}  {:<19}{:<10}{:?}",
                    decoded(status)?,
                    format!("{:?}", std.code()),
                    std.signal()
                );
            }
        }
    }
    say!("{:<24}$?", "the command of a shell");
    for command in COMMANDS {
        say!("{command:<24}{}", shell(command)?);
    }
    Ok(())
}

/// The child: ends as it is told, and never leaves a core file.
fn worker(ending: Ending) -> Result {
    role("worker");
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    // A core_pattern that begins with | starts a program whatever the limit
    // is, but not for a process that is not dumpable (core(5)).
    prctl::set_dumpable(false)?;
    ending()
}

fn exit(code: i32) -> Result {
    // SAFETY: _exit(2) ends the process here; nothing of it runs on.
    unsafe { libc::_exit(code) }
}

fn segfault() -> Result {
    // Rust's runtime catches SIGSEGV to report a stack overflow.
    // SAFETY: the default action runs no code of this program.
    unsafe { signal(Signal::SIGSEGV, SigHandler::SigDfl) }?;
    Ok(raise(Signal::SIGSEGV)?)
}

/// waitpid(2) without a wrapper: nix would decode the status.
fn wait_for(child: Pid) -> Result<i32> {
    let mut status = 0;
    // SAFETY: the kernel writes one integer, and `status` is one.
    let pid = unsafe { libc::waitpid(child.as_raw(), &mut status, 0) };
    Errno::result(pid).context("cannot wait for the worker")?;
    Ok(status)
}

fn decoded(status: i32) -> Result<String> {
    if libc::WIFEXITED(status) {
        return Ok(format!("exited {}", libc::WEXITSTATUS(status)));
    }
    let signal = Signal::try_from(libc::WTERMSIG(status))?;
    let core = if libc::WCOREDUMP(status) { ", core" } else { "" };
    Ok(format!("killed by {signal}{core}"))
}

/// What `$?` is in a real shell after the command.
fn shell(command: &str) -> Result<String> {
    let output = Command::new("sh")
        .args(["-c", &format!("{command}; echo $?")])
        .stderr(Stdio::null()) // the shell's own word: "Killed"
        .output()
        .context("cannot start sh")?;
    if !output.status.success() {
        return Err(Error::new(format!("sh could not run {command}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
