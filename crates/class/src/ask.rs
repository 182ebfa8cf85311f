//! One grader, as a process of its own: whatever happens to it, the class
//! goes on.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// More is no verdict.
const MOST: usize = 8 << 20;

/// What a grader said, and how it ended.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) status: ExitStatus,
    /// Whether it was ended because it took too long or said too much.
    pub(crate) is_cut: bool,
}

/// Runs a grader to its end, or to the limit.
///
/// # Errors
/// If it cannot be started, or not be waited for.
pub(crate) fn ask(
    command: &mut Command,
    limit: Duration,
) -> io::Result<Answer> {
    let mut child = command
        // A group of its own can be ended with all that it has started.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let heard = hear(&mut child, limit);
    let is_cut = !matches!(heard, Ok(Heard { is_over: true, .. }));
    if is_cut {
        // It is not reaped yet: the number is still its own.
        killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL).ok();
    }
    let status = child.wait()?;
    let Heard { streams: [stdout, stderr], .. } = heard?;
    let (stdout, stderr) = (stdout.said, stderr.said);
    Ok(Answer { stdout, stderr, status, is_cut })
}

struct Stream {
    /// `None` once it has ended.
    fd: Option<OwnedFd>,
    said: Vec<u8>,
}

struct Heard {
    streams: [Stream; 2],
    is_over: bool,
}

fn hear(child: &mut Child, limit: Duration) -> io::Result<Heard> {
    let stdout = child.stdout.take().map(OwnedFd::from);
    let stderr = child.stderr.take().map(OwnedFd::from);
    let mut streams =
        [stdout, stderr].map(|fd| Stream { fd, said: Vec::new() });
    let end = Instant::now() + limit;
    while streams.iter().any(|it| it.fd.is_some()) {
        let left = end.saturating_duration_since(Instant::now());
        let said: usize = streams.iter().map(|it| it.said.len()).sum();
        if left.is_zero() || said > MOST {
            return Ok(Heard { streams, is_over: false });
        }
        listen(&mut streams, left)?;
    }
    Ok(Heard { streams, is_over: true })
}

/// Waits until one of them says something or ends, at most so long.
fn listen(streams: &mut [Stream; 2], left: Duration) -> io::Result<()> {
    let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
    let mut open: Vec<&mut Stream> =
        streams.iter_mut().filter(|it| it.fd.is_some()).collect();
    let mut asked: Vec<PollFd<'_>> = open
        .iter()
        .filter_map(|it| it.fd.as_ref())
        .map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN))
        .collect();
    match poll(&mut asked, left) {
        Ok(_) => {}
        Err(Errno::EINTR) => return Ok(()),
        Err(errno) => return Err(errno.into()),
    }
    let are_ready: Vec<bool> =
        asked.iter().map(|it| it.any().unwrap_or(true)).collect();
    for (stream, is_ready) in open.iter_mut().zip(are_ready) {
        if is_ready {
            stream.read()?;
        }
    }
    Ok(())
}

impl Stream {
    fn read(&mut self) -> io::Result<()> {
        let Some(fd) = self.fd.take() else { return Ok(()) };
        let mut file = std::fs::File::from(fd);
        let mut buffer = [0; 1 << 14];
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) => self.said.extend(&buffer[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        self.fd = Some(file.into());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::ask;
    use std::process::Command;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(line: &str, limit: Duration) -> super::Answer {
        ask(Command::new("sh").args(["-c", line]), limit).unwrap()
    }

    #[test]
    fn both_streams_and_the_exit_code_are_heard() {
        let answer = shell("echo a; echo b >&2; exit 3", LONG);
        assert_eq!(answer.stdout, b"a\n");
        assert_eq!(answer.stderr, b"b\n");
        assert_eq!(answer.status.code(), Some(3));
        assert!(!answer.is_cut);
    }

    #[test]
    fn one_that_never_ends_is_ended_with_all_it_has_started() {
        let line = "cat /dev/zero >/dev/null & echo $!; cat /dev/zero \
                    >/dev/null";
        let answer = shell(line, Duration::from_millis(300));
        assert!(answer.is_cut);
        assert!(!answer.stdout.is_empty());
    }

    #[test]
    fn one_that_says_too_much_is_ended() {
        let answer = shell("cat /dev/zero", LONG);
        assert!(answer.is_cut);
        assert!(answer.stdout.len() < super::MOST + (1 << 20));
    }
}
