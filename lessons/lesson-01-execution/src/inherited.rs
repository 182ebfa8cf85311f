//! What belongs to the process crosses exec; what belonged to the program is
//! gone. The parent looks at a child before and after, while it stands still.

use std::env;
use std::ffi::c_int;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::process::Command;

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::prctl;
use nix::sys::signal::{SigHandler, Signal, kill, raise, signal};
use nix::sys::stat::{Mode, umask};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, chdir, dup, execvp, fork};

pub(crate) fn run() -> Result {
    // Rust opens every file close-on-exec; the copy that dup(2) makes is not.
    let closing = File::open("/dev/null").context("cannot open /dev/null")?;
    let staying = dup(&closing)?;
    let descriptors = [staying.as_raw_fd(), closing.as_raw_fd()];

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the heir")? {
        ForkResult::Child => exit_child(heir()),
        ForkResult::Parent { child } => {
            let before = look(child, descriptors)?;
            kill(child, Signal::SIGCONT)?;
            let after = look(child, descriptors)?;
            kill(child, Signal::SIGCONT)?;
            expect_success(waitpid(child, None)?)?;

            say!("{:<24} {:<12} after exec", "", "before");
            for ((what, before), (_, after)) in before.iter().zip(&after) {
                say!("{what:<24} {before:<12} {after}");
            }
            by_command()
        }
    }
}

/// The child: prepares itself, stops, and executes a shell that stops too.
fn heir() -> Result {
    role("heir");
    // Ctrl-C would end the parent and not this process while it is stopped.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    chdir("/")?;
    umask(Mode::S_IRWXO); // others may do nothing with its new files
    // SAFETY: the handler does nothing, which is safe at any moment.
    unsafe { signal(Signal::SIGUSR1, SigHandler::Handler(on_signal)) }?;
    raise(Signal::SIGSTOP)?;
    let argv = [c"sh", c"-c", c"kill -STOP $$"];
    match execvp(c"sh", &argv).context("cannot execute sh, sought in PATH")? {}
}

extern "C" fn on_signal(_: c_int) {}

/// Waits until the child has stopped, and reads what /proc says about it.
fn look(pid: Pid, fds: [c_int; 2]) -> Result<[(&'static str, String); 9]> {
    until_stopped(pid)?;
    let [staying, closing] = fds.map(|fd| {
        let file = fs::read_link(format!("/proc/{pid}/fd/{fd}"));
        yes(file.is_ok_and(|file| file.ends_with("null")))
    });
    let folder = fs::read_link(format!("/proc/{pid}/cwd"))?;
    let program = env::current_exe()?.display().to_string();
    let maps = proc(pid, "maps")?;
    Ok([
        ("process", format!("pid {pid}")),
        ("working directory", folder.display().to_string()),
        ("umask", status_line(pid, "Umask:")?),
        ("ignores SIGPIPE", yes(signals(pid, "SigIgn:", Signal::SIGPIPE)?)),
        ("descriptor open", staying),
        ("close-on-exec one open", closing),
        ("handles SIGUSR1", yes(signals(pid, "SigCgt:", Signal::SIGUSR1)?)),
        ("name", proc(pid, "comm")?.trim_end().to_owned()),
        ("this program in memory", yes(maps.contains(&program))),
    ])
}

/// `sh` once more, started by Command, which undoes what Rust's start did.
fn by_command() -> Result {
    let mut child = Command::new("sh")
        .args(["-c", "kill -STOP $$"])
        .spawn()
        .context("cannot execute sh, sought in PATH")?;
    let pid = Pid::from_raw(child.id() as i32);
    until_stopped(pid)?;
    let ignores = yes(signals(pid, "SigIgn:", Signal::SIGPIPE)?);
    kill(pid, Signal::SIGCONT)?;
    child.wait()?;
    say!("started by Command, it ignores SIGPIPE: {ignores}");
    Ok(())
}

fn until_stopped(pid: Pid) -> Result {
    match waitpid(pid, Some(WaitPidFlag::WUNTRACED))? {
        WaitStatus::Stopped(..) => Ok(()),
        other => expect_success(other)
            .and(Err(Error::new("the child ended before it was looked at"))),
    }
}

/// Whether a signal's bit is set in a mask of /proc/PID/status.
fn signals(pid: Pid, mask: &str, signal: Signal) -> Result<bool> {
    let bits = u64::from_str_radix(&status_line(pid, mask)?, 16)?;
    Ok(bits >> (signal as u32 - 1) & 1 == 1)
}

fn status_line(pid: Pid, label: &str) -> Result<String> {
    let status = proc(pid, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(label));
    Ok(line.unwrap_or_default().trim().to_owned())
}

fn proc(pid: Pid, file: &str) -> Result<String> {
    fs::read_to_string(format!("/proc/{pid}/{file}"))
        .context(format_args!("cannot read /proc/{pid}/{file}"))
}

fn yes(fact: bool) -> String {
    if fact { "yes" } else { "no" }.to_owned()
}
