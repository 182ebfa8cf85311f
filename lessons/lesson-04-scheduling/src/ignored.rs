//! What the notebook does after the refusal: a password for a command whose
//! answer nobody reads. A shell stands in for sudo here, and refuses.

use std::io::Write;
use std::process::{Command, Stdio};

use common::{Context, Error, Result, exit_child, expect_success, role, say};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, fork, pipe, read};

use crate::niceness::{niceness, set_niceness};

pub(crate) fn run() -> Result {
    let (gate, opener) = pipe().context("cannot make a pipe")?;

    // SAFETY: this process has one thread.
    match unsafe { fork() }.context("cannot fork the target")? {
        ForkResult::Child => exit_child({
            role("target");
            drop(opener);
            read(&gate, &mut [0]).map(drop).context("cannot wait")
        }),
        ForkResult::Parent { child } => {
            set_niceness(child, 19).context("cannot raise the niceness")?;
            notebook(child)?;
            drop(opener);
            expect_success(waitpid(child, None)?)
        }
    }
}

/// The parent.
fn notebook(target: Pid) -> Result {
    role("notebook");
    let mut sudo = Command::new("sh")
        .args(["-c", STAND_IN])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start sh")?;
    let mut stdin =
        sudo.stdin.take().ok_or_else(|| Error::new("sh has no stdin"))?;
    stdin.write_all(b"secret, in a string and in a pipe\n")?;
    drop(stdin);
    let output = sudo.wait_with_output()?;
    say!("notebook: the command has run, so all is well");

    // Everything below is what the notebook never asks.
    let code = output.status.code().unwrap_or_default();
    let stderr = String::from_utf8_lossy(&output.stderr);
    say!("thrown away: exit code {code}");
    say!("thrown away: {}", stderr.trim_end());
    say!("the niceness is still {}", niceness(target)?);
    Ok(())
}

const STAND_IN: &str = "read -r password
    echo 'sudo: 1 incorrect password attempt' >&2
    exit 1";
