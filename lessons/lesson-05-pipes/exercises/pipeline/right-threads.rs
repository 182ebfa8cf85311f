//! All pipes first; then a thread for each command starts it and waits.

use std::env::args_os;
use std::error::Error;
use std::ffi::OsString;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::thread::scope;

type Ends = (Option<PipeReader>, Option<PipeWriter>);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<OsString> = args_os().skip(1).collect();
    let stages: Vec<&[OsString]> = arguments.split(|it| it == "|").collect();
    let mut ends: Vec<Ends> = vec![(None, None)];
    for _ in 1..stages.len() {
        let (read_end, write_end) = pipe()?;
        ends.last_mut().ok_or("no command")?.1 = Some(write_end);
        ends.push((Some(read_end), None));
    }
    let codes: Vec<i32> = scope(|scope| {
        let run = |(stage, ends)| scope.spawn(move || run(stage, ends));
        let threads: Vec<_> = stages.into_iter().zip(ends).map(run).collect();
        threads.into_iter().map(|it| it.join().unwrap_or(1)).collect()
    });
    let code = codes.into_iter().rfind(|code| *code != 0).unwrap_or(0);
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn run(stage: &[OsString], (input, output): Ends) -> i32 {
    let Some((program, arguments)) = stage.split_first() else {
        eprintln!("pl: there is an empty command");
        return 2;
    };
    let mut command = Command::new(program);
    command.args(arguments);
    if let Some(input) = input {
        command.stdin(input);
    }
    if let Some(output) = output {
        command.stdout(output);
    }
    let child = command.spawn();
    // It holds the ends that this process must not hold.
    drop(command);
    match child.and_then(|mut child| child.wait()) {
        Ok(status) => {
            let signal = status.signal().map(|signal| 128 + signal);
            status.code().or(signal).unwrap_or(1)
        }
        Err(error) => {
            eprintln!("pl: {}: {error}", program.display());
            127
        }
    }
}
