//! The program that observes: `observe [OPTIONS] --jsonl FILE -- COMMAND…`.

use std::fs::File;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use observer::{Observed, Request, observe as start};
use trace::Level;

/// Observes; exit code 0, 1, 130 or 3 as the run was done, ended, interrupted
/// or failed.
pub(crate) fn observe(arguments: &[String]) -> ExitCode {
    match try_to(arguments) {
        Ok(Observed::Done) => ExitCode::SUCCESS,
        Ok(Observed::Ended) => ExitCode::from(1),
        Ok(Observed::Interrupted) => ExitCode::from(130),
        Ok(Observed::Failed) => ExitCode::from(3),
        Err(error) => {
            eprintln!("observe: {error}");
            ExitCode::from(3)
        }
    }
}

fn try_to(arguments: &[String]) -> io::Result<Observed> {
    let mut request = Request::default();
    let (mut file, mut reads, mut is_mute) = (None, true, false);
    let mut arguments = arguments.iter();
    while let Some(option) = arguments.next() {
        let mut value = || arguments.next().expect("a value").clone();
        let number = |text: String| text.parse::<u64>().expect("a number");
        match option.as_str() {
            "--jsonl" => file = Some(value()),
            "--wall" => {
                let wall = Duration::from_millis(number(value()));
                request.ceilings.wall = Some(wall);
            }
            "--processes" => {
                request.ceilings.processes = Some(number(value()) as usize);
            }
            "--output" => request.ceilings.output = Some(number(value())),
            "--plan" => {
                let plan = value().parse().expect("a plan");
                request.plan = Some(plan);
            }
            "--light" => request.level = Some(Level::Light),
            "--full" => request.level = Some(Level::Full),
            "--deaf" => reads = false,
            "--mute" => (reads, is_mute) = (false, true),
            "--" => break,
            other => panic!("no option is called {other}"),
        }
    }
    request.command = arguments.map(Into::into).collect();
    run_it(&request, file, reads, is_mute)
}

fn run_it(
    request: &Request,
    file: Option<String>,
    reads: bool,
    is_mute: bool,
) -> io::Result<Observed> {
    let mut run = start(request)?;
    let mut trace = run.trace().expect("taken once");
    if reads {
        let file = file.expect("--jsonl FILE");
        io::copy(&mut trace, &mut File::create(file)?)?;
    }
    if is_mute {
        // Holds the trace, does not read it, and lives as long as the keeper.
        let result = wait_for_keeper();
        drop(trace);
        return result.and_then(|()| run.finish());
    }
    drop(trace);
    run.finish()
}

/// Waits until the only child is a zombie, and leaves it one.
fn wait_for_keeper() -> io::Result<()> {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
    waitid(Id::All, flags)?;
    Ok(())
}
