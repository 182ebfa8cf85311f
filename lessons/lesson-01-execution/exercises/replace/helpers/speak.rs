//! Says each argument on standard output and on standard error, the line that
//! it reads, and whether the file behind its output has the right mode.

use std::env::args_os;
use std::fs::File;
use std::io::{Error, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use nix::sys::stat::{Mode, umask};

fn main() -> Result<(), Error> {
    for argument in args_os().skip(1) {
        let argument = argument.as_bytes().escape_ascii();
        println!("out <{argument}>");
        eprintln!("err <{argument}>");
    }
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    println!("in <{}>", line.trim_end());
    let file = File::from(stdout().as_fd().try_clone_to_owned()?);
    let mode = file.metadata()?.mode() & 0o777;
    // A umask takes away what it has; to let others write is allowed too.
    let least = 0o644 & !umask(Mode::empty()).bits();
    match mode & least == least && mode & 0o111 == 0 {
        true => println!("mode 644, as far as umask allows"),
        false => println!("mode {mode:o}"),
    }
    Ok(())
}
