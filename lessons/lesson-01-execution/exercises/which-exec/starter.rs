use std::env::args_os;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let mut arguments = args_os().skip(1);
    let Some(name) = arguments.next() else {
        eprintln!("usage: launch NAME [ARG...]");
        return ExitCode::from(2);
    };
    let error = Command::new(&name).args(arguments).exec();
    eprintln!("launch: {}: {error}", name.display());
    ExitCode::from(127)
}
