//! One look at the state of a process, with as few calls as C makes for it.

use std::path::Path;

use common::{Context, Error, Result};
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sched::sched_yield;
use nix::sys::stat::Mode;
use nix::unistd::{Pid, read};

/// One open, one read, one close; `None` if there is no such process.
pub(crate) fn state_of(path: impl AsRef<Path>) -> Result<Option<char>> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let file = match open(path.as_ref(), flags, Mode::empty()) {
        Err(Errno::ENOENT) => return Ok(None),
        answer => answer.context("cannot open a state in /proc")?,
    };
    let mut line = [0; 1024];
    let length = match read(&file, &mut line) {
        Err(Errno::ESRCH) => return Ok(None),
        answer => answer.context("cannot read a state in /proc")?,
    };
    let line = &line[..length];
    let name_ends = line.iter().rposition(|byte| *byte == b')');
    let letter = name_ends.and_then(|end| line.get(end + 2));
    Ok(letter.map(|letter| char::from(*letter)))
}

/// Returns when this child sleeps. Not as the lessons wait, whose `fs::read`
/// makes more calls: what a process did just before, its next call pays for.
pub(crate) fn until_asleep(child: Pid) -> Result {
    let path = format!("/proc/{child}/stat");
    loop {
        match state_of(&*path)? {
            Some('S') => return Ok(()),
            None | Some('Z') => {
                return Err(Error::new("a child did not wait"));
            }
            Some(_) => sched_yield()?,
        }
    }
}
