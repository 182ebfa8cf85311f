//! Three rules can refuse a change of niceness, and errno names which.

use common::{Context, Result, exit_child, expect_success, role, say};
use nix::errno::Errno;
use nix::sys::wait::waitpid;
use nix::unistd::{
    ForkResult, Pid, Uid, fork, geteuid, getpid, getppid, setresuid,
};

use crate::niceness::{niceness, set_niceness};
use crate::privilege::give_up_lowering;

pub(crate) fn run() -> Result {
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the climber")? {
        ForkResult::Child => exit_child(climber()),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the stranger")? {
        ForkResult::Child => exit_child(stranger()),
        ForkResult::Parent { child } => {
            expect_success(waitpid(child, None)?)?;
        }
    }
    let absent = Pid::from_raw(i32::MAX); // the kernel's pids end at 4194304
    say!("a process that does not exist: {}", word(set_niceness(absent, 19)));
    Ok(())
}

/// One child: its own niceness, up and a single step back.
fn climber() -> Result {
    role("climber");
    give_up_lowering()?;
    set_niceness(getpid(), 19).context("cannot raise the niceness")?;
    say!("itself, from 19 to 18: {}", word(set_niceness(getpid(), 18)));
    Ok(())
}

/// The other child: a process of another user, which gets the niceness that
/// it has already. Nothing would change, and even that is refused.
fn stranger() -> Result {
    role("stranger");
    let target = another_users_process();
    match set_niceness(target, niceness(target)?) {
        Err(Errno::ESRCH) | Ok(()) => {
            say!("another user's process: none is in sight here");
        }
        refused => say!("another user's process: {}", word(refused)),
    }
    Ok(())
}

/// Root becomes somebody else, then its own parent is a stranger's process.
/// For an ordinary user pid 1 is one, except inside some containers.
fn another_users_process() -> Pid {
    let nobody = Uid::from_raw(65534);
    if geteuid().is_root() && setresuid(nobody, nobody, nobody).is_ok() {
        getppid()
    } else {
        Pid::from_raw(1)
    }
}

fn word(result: nix::Result<()>) -> String {
    match result {
        Ok(()) => "allowed".to_owned(),
        Err(errno) => errno.to_string(),
    }
}
