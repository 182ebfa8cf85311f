//! A shell opens the file and becomes PROG.

use std::env::args_os;
use std::error::Error;
use std::os::unix::process::CommandExt;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = args_os().skip(1);
    let name = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    let program = arguments.next().ok_or("usage: logto FILE PROG [ARG...]")?;
    println!("logging to {}", name.display());
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"exec "$@" >"$0" 2>&1"#]).arg(name).arg(program);
    Err(shell.args(arguments).exec().into())
}
