//! The program executes itself as its own child, whose standard input is the
//! pipe.

use std::env::{args_os, current_exe};
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Write, stdin, stdout};
use std::process::{Command, Stdio};

fn main() -> Result<(), Box<dyn Error>> {
    let path = args_os().nth(1).ok_or("usage: until-eof FILE")?;
    if args_os().nth(2).is_some_and(|it| it == "child") {
        let mut bytes = Vec::new();
        stdin().read_to_end(&mut bytes)?;
        bytes.make_ascii_uppercase();
        let mut stdout = stdout();
        stdout.write_all(&bytes)?;
        return Ok(stdout.flush()?);
    }
    let mut file = File::open(&path)?;
    let mut child = Command::new(current_exe()?)
        .arg(path)
        .arg("child")
        .stdin(Stdio::piped())
        .spawn()?;
    // Taken out of the child, it is closed behind this line.
    let sent = io::copy(&mut file, &mut child.stdin.take().ok_or("no pipe")?);
    let status = child.wait()?;
    sent?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("the child: {status}").into()),
    }
}
