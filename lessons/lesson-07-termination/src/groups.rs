//! A signal to one process reaches one process. A group gets its signals
//! together, the grandchildren too.

use std::os::fd::{AsFd, OwnedFd};

use common::{Context, Error, Result, exit_child, role, say};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{
    ForkResult, Pid, fork, getpgid, getsid, pause, pipe, read, setpgid,
};

use crate::gate;

pub(crate) fn run() -> Result {
    // An orphan below becomes a child of this process, not of process 1.
    prctl::set_child_subreaper(true)?;
    let (member_read, member_write) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the leader")? {
        ForkResult::Child => {
            drop(member_read);
            exit_child(leader(member_write))
        }
        ForkResult::Parent { child } => {
            drop(member_write);
            parent(member_read, child)
        }
    }
}

/// The child: opens a group of its own and starts one more process in it.
fn leader(member_write: OwnedFd) -> Result {
    role("leader");
    let me = Pid::from_raw(0);
    // Ctrl-C goes to the group that this process leaves: now its parent's end
    // must be its own.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    setpgid(me, me)?;
    let (leader_read, leader_write) = pipe().context("cannot make a pipe")?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the member")? {
        ForkResult::Child => {
            drop(leader_write);
            exit_child(member(member_write, leader_read))
        }
        ForkResult::Parent { .. } => {
            drop(member_write);
            pause(); // and holds leader_write until its end
            Ok(())
        }
    }
}

/// The grandchild: as long as it lives it holds the only write end.
fn member(write_end: OwnedFd, leader_read: OwnedFd) -> Result {
    role("member");
    gate::tell(&write_end)?;
    // The end of file: the leader has ended. A signal sent to both would end
    // this process here, before it tells.
    read(&leader_read, &mut [0])?;
    gate::tell(&write_end)?;
    // Returns when nobody can read there any more: the parent is gone.
    let mut pipe = [PollFd::new(write_end.as_fd(), PollFlags::empty())];
    poll(&mut pipe, PollTimeout::NONE)?;
    Ok(())
}

fn parent(member_read: OwnedFd, leader: Pid) -> Result {
    role("parent");
    gate::await_told(&member_read)?;
    let own_group = getpgid(Some(leader))? == leader;
    let same_session = getsid(Some(leader))? == getsid(None)?;
    say!("leader: own group: {own_group}, same session: {same_session}");

    kill(leader, Signal::SIGTERM)?;
    say!("parent: the leader is {}", killed(waitpid(leader, None)?)?);
    if read(&member_read, &mut [0])? > 0 {
        say!("parent: the member has seen that, and lives on");
    }

    killpg(leader, Signal::SIGTERM)?;
    if read(&member_read, &mut [0])? == 0 {
        say!("parent: the end of file: the member is gone");
    }
    say!("parent: the member is {}", killed(waitpid(None, None)?)?);
    if killpg(leader, None) == Err(Errno::ESRCH) {
        say!("parent: nobody is left in the group");
    }
    Ok(())
}

fn killed(status: WaitStatus) -> Result<String> {
    match status {
        WaitStatus::Signaled(_, signal, _) => Ok(format!("killed by {signal}")),
        other => Err(Error::new(format!("another ending: {other:?}"))),
    }
}
