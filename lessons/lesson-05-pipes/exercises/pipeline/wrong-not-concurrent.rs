//! All that a command prints is collected before the next one is started.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsString;
use std::io::{Write, stdout};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::scope;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    let mut text: Option<Vec<u8>> = None;
    let mut code = 0;
    for stage in arguments.split(|it| it == "|") {
        let one = match start(stage, text.is_some()) {
            Ok(child) => {
                let (bytes, one) = run(child, &text.unwrap_or_default())?;
                text = Some(bytes);
                one
            }
            Err(error) => {
                eprintln!("pl: {stage:?}: {error}");
                text = Some(Vec::new());
                127
            }
        };
        code = if one == 0 { code } else { one };
    }
    stdout().write_all(&text.unwrap_or_default())?;
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn start(stage: &[OsString], is_fed: bool) -> Result<Child, Box<dyn Error>> {
    let (program, arguments) = stage.split_first().ok_or("no command")?;
    let input = if is_fed { Stdio::piped() } else { Stdio::inherit() };
    let mut command = Command::new(program);
    command.args(arguments).stdin(input).stdout(Stdio::piped());
    Ok(command.spawn()?)
}

fn run(
    mut child: Child,
    text: &[u8],
) -> Result<(Vec<u8>, i32), Box<dyn Error>> {
    let input = child.stdin.take();
    let output = scope(|scope| {
        // Who does not read it all ends without it.
        scope.spawn(|| input.map(|mut it| it.write_all(text)));
        child.wait_with_output()
    })?;
    let signal = output.status.signal().map(|signal| 128 + signal);
    let code = output.status.code().or(signal).ok_or("it has not ended")?;
    Ok((output.stdout, code))
}
