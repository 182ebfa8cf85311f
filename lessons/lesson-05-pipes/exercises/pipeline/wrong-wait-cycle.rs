//! Each command is waited for before the next one is started.
//! empty input to the next.

use std::env::args_os;
use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Stdio};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    let stages: Vec<&[OsString]> = arguments.split(|it| it == "|").collect();
    let mut code = 0;
    let mut input = Stdio::inherit();
    for (number, stage) in stages.iter().enumerate() {
        let is_last = number + 1 == stages.len();
        let mut child =
            start(stage, std::mem::replace(&mut input, Stdio::null()), is_last)
                .inspect_err(|error| eprintln!("pl: {stage:?}: {error}"))
                .ok();
        if let Some(output) = child.as_mut().and_then(|it| it.stdout.take()) {
            input = output.into();
        }
        let status = child.map(|mut it| it.wait()).transpose()?;
        let one = match status {
            None => 127,
            Some(it) => it
                .code()
                .or(it.signal().map(|signal| 128 + signal))
                .ok_or("it has not ended")?,
        };
        code = if one == 0 { code } else { one };
    }
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn start(
    stage: &[OsString],
    input: Stdio,
    is_last: bool,
) -> Result<Child, Box<dyn Error>> {
    let (program, arguments) = stage.split_first().ok_or("no command")?;
    let output = if is_last { Stdio::inherit() } else { Stdio::piped() };
    let program: &OsStr = program;
    let mut command = Command::new(program);
    command.args(arguments).stdin(input).stdout(output);
    Ok(command.spawn()?)
}
