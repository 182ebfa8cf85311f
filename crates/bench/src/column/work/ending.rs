//! A child that waits is asked to end, and reaped.

use common::{Context, Error, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{pause, pipe, read, write};

use crate::clock::{median, now};
use crate::crew::hire;
use crate::look::until_asleep;
use crate::task::Task;

/// From SIGTERM to the status.
pub(crate) fn measure(task: &Task) -> Result<f64> {
    if task.way != "sigterm" {
        return Err(task.unknown());
    }
    let mut times = vec![1; task.count];
    for time in &mut times {
        let (begun_read, begun_write) = pipe().context("cannot make a pipe")?;
        let child = hire(|| {
            write(&begun_write, b"!")?;
            pause();
            Ok(())
        })?;
        read(&begun_read, &mut [0])?;
        until_asleep(child)?;
        let begun = now();
        kill(child, Signal::SIGTERM).context("cannot send SIGTERM")?;
        let status = waitpid(child, None).context("cannot wait")?;
        *time = now() - begun;
        if status != WaitStatus::Signaled(child, Signal::SIGTERM, false) {
            return Err(Error::new(format!("another ending: {status:?}")));
        }
    }
    median(&mut times)
}
