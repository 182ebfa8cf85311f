//! The program executes itself in two roles. The reader's standard input is a
//! pipe from the writer: the data itself says when it may begin.

use std::env::{args_os, current_exe};
use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read, pipe, stdin};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use nix::unistd::write;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result {
    let words: Vec<_> = args_os().skip(1).collect();
    match &words[..] {
        [file] => parent(file),
        [role, file] if role == "writer" => {
            fs::write(file, "An Error is a Sweet Taste\n")?;
            println!("Data written to file successfully.");
            write(stdin().as_fd(), b"!")?; // its 0 is the pipe's write end
            Ok(())
        }
        [role, file] if role == "reader" => {
            stdin().read_exact(&mut [0])?;
            let data = fs::read_to_string(file)?;
            println!("Data read from file: {}", data.trim_end());
            Ok(())
        }
        _ => Err("usage: letter FILE".into()),
    }
}

fn parent(file: &OsStr) -> Result {
    let (read_end, write_end) = pipe()?;
    let reader = start("reader", file, read_end.into());
    let writer = match reader {
        Ok(_) => Some(start("writer", file, write_end.into())),
        Err(_) => None,
    };
    let mut has_failed = None;
    for child in [Some(reader), writer].into_iter().flatten() {
        match child.and_then(|mut child| child.wait()) {
            Ok(status) if status.success() => {}
            Ok(status) => has_failed = Some(status.to_string()),
            Err(error) => has_failed = Some(error.to_string()),
        }
    }
    has_failed.map_or(Ok(()), |it| Err(it.into()))
}

fn start(role: &str, file: &OsStr, stdin: Stdio) -> std::io::Result<Child> {
    Command::new(current_exe()?).arg(role).arg(file).stdin(stdin).spawn()
}
