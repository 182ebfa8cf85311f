//! A lesson is a list of demos; this runs them by name.

use std::env;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::OnceLock;

use crate::say::write_line;
use crate::trouble::{self, lost_output, share_page, was_told};
use crate::{Context, Error, Race, Result, child, say};

const DEFAULT_RUNS: u32 = 100;

/// One thing to see: a name to type, one line about it, the code.
#[derive(Clone, Copy, Debug)]
pub struct Demo {
    name: &'static str,
    about: &'static str,
    run: Run,
}

#[derive(Clone, Copy, Debug)]
enum Run {
    Plain(fn() -> Result),
    WithArgument(&'static str, fn(Option<&str>) -> Result),
}

impl Demo {
    /// A demo without arguments.
    pub const fn new(
        name: &'static str,
        about: &'static str,
        run: fn() -> Result,
    ) -> Self {
        Self { name, about, run: Run::Plain(run) }
    }

    /// A demo that takes one argument, which may be left out.
    pub const fn with_argument(
        name: &'static str,
        argument: &'static str,
        about: &'static str,
        run: fn(Option<&str>) -> Result,
    ) -> Self {
        Self { name, about, run: Run::WithArgument(argument, run) }
    }
}

/// A lesson's program: its demos in the order of the text, and its races.
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    name: &'static str,
    demos: &'static [Demo],
    races: &'static [Race],
}

/// `lesson-05-pipes`, or `lesson-05-pipes report`: how an error line begins.
static SPEAKER: OnceLock<String> = OnceLock::new();

impl Lesson {
    /// `name` is the package's: `env!("CARGO_PKG_NAME")`.
    pub const fn new(name: &'static str, demos: &'static [Demo]) -> Self {
        Self { name, demos, races: &[] }
    }

    /// Adds what `--naive` counts.
    #[must_use]
    pub const fn races(mut self, races: &'static [Race]) -> Self {
        self.races = races;
        self
    }

    /// Does what the command line asks for: all demos, one of them, `--list`,
    /// `--naive [--runs N]` or `--help`.
    pub fn run(&self) -> ExitCode {
        let arguments: Vec<String> = env::args_os()
            .skip(1)
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let arguments: Vec<&str> =
            arguments.iter().map(String::as_str).collect();
        let speaker = match self.demo(&arguments) {
            Some(demo) => format!("{} {}", self.name, demo.name),
            None => self.name.to_owned(),
        };
        SPEAKER.set(speaker).expect("a lesson runs once");

        let mut outcome = child::undo_the_starter()
            .and_then(|()| share_page())
            .and_then(|()| self.obey(&arguments));
        if outcome.is_err() {
            child::end_children();
        }
        let is_told = matches!(&outcome, Err(error) if error.is_told);
        if let Some(errno) = lost_output()
            && !is_told
        {
            outcome = Err(errno).context("cannot write to standard output");
        }
        match outcome {
            // A child has complained, whatever its parent made of that.
            Ok(()) if trouble::is_told() => ExitCode::FAILURE,
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => ExitCode::from(report(&error)),
        }
    }

    fn demo(&self, arguments: &[&str]) -> Option<&Demo> {
        let name = arguments.first()?;
        self.demos.iter().find(|demo| demo.name == *name)
    }

    fn obey(&self, arguments: &[&str]) -> Result {
        match (arguments, self.demo(arguments)) {
            ([], _) => self.run_all(),
            (["--list"], _) => self.list(),
            (["--help" | "-h"], _) => self.help(),
            (["--naive", rest @ ..], _) if !self.races.is_empty() => {
                self.count_races(rest)
            }
            ([_], Some(demo)) => match demo.run {
                Run::Plain(run) => run(),
                Run::WithArgument(_, run) => run(None),
            },
            ([_, argument], Some(demo)) => match demo.run {
                Run::WithArgument(_, run) => run(Some(argument)),
                Run::Plain(_) => Err(unexpected(argument)),
            },
            ([_, _, extra, ..], Some(_)) => Err(unexpected(extra)),
            (["--list" | "--help" | "-h", extra, ..], _) => {
                Err(unexpected(extra))
            }
            ([first, ..], None) => Err(Error::usage(format!(
                "there is no demo or option '{first}'; --list names them"
            ))),
        }
    }

    /// Each demo in a process of its own: what one does to its process (its
    /// niceness, its signal mask, its open files) cannot reach the next.
    fn run_all(&self) -> Result {
        let program = env::current_exe().context("cannot find this program")?;
        for (number, demo) in self.demos.iter().enumerate() {
            let gap = if number == 0 { "" } else { "\n" };
            say!("{gap}# {}: {}", demo.name, demo.about);
            if lost_output().is_some() {
                break;
            }
            let status =
                Command::new(&program).arg(demo.name).status().context(
                    format_args!("cannot start the demo '{}'", demo.name),
                )?;
            passed(demo, status)?;
        }
        Ok(())
    }

    fn list(&self) -> Result {
        for demo in self.demos {
            let name = match demo.run {
                Run::Plain(_) => demo.name.to_owned(),
                Run::WithArgument(argument, _) => {
                    format!("{} [{argument}]", demo.name)
                }
            };
            say!("{name:<16} {}", demo.about);
        }
        Ok(())
    }

    fn help(&self) -> Result {
        let name = self.name;
        say!("cargo run -p {name}                all demos, in order");
        say!("cargo run -p {name} -- DEMO        one of them");
        say!("cargo run -p {name} -- --list      their names");
        if !self.races.is_empty() {
            say!(
                "cargo run -p {name} -- --naive [--runs N]  \
                 how often the naive version goes wrong"
            );
        }
        Ok(())
    }

    fn count_races(&self, arguments: &[&str]) -> Result {
        let runs = match arguments {
            [] => DEFAULT_RUNS,
            ["--runs", n] => match n.parse() {
                Ok(runs) if runs > 0 => runs,
                _ => {
                    return Err(Error::usage(format!(
                        "--runs takes a number from 1 up, not '{n}'"
                    )));
                }
            },
            ["--runs"] => {
                return Err(Error::usage("--runs takes a number"));
            }
            [other, ..] => return Err(unexpected(other)),
        };
        self.races.iter().try_for_each(|race| race.count(runs))
    }
}

/// Prints the error's line, unless a line was printed; returns the exit code.
pub(crate) fn report(error: &Error) -> u8 {
    if !error.is_told && !was_told() {
        let speaker = SPEAKER.get().map_or("", String::as_str);
        // With stderr closed as well nobody is left to tell.
        let line = one_line(&format!("{speaker}: {error}"));
        write_line(io::stderr(), format_args!("{line}")).ok();
    }
    error.exit_code
}

/// An argument or a path may hold a newline, or what a terminal obeys.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        if c.is_control() {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line
}

fn unexpected(argument: &str) -> Error {
    Error::usage(format!("unexpected argument '{argument}'; see --help"))
}

fn passed(demo: &Demo, status: ExitStatus) -> Result {
    match (status.code(), status.signal()) {
        (Some(0), _) => Ok(()),
        (_, Some(signal)) => Err(Error::new(format!(
            "the demo '{}' was killed by signal {signal}",
            demo.name
        ))),
        _ => Err(Error::of_a_child()),
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_line_stays_one_line_whatever_it_quotes() {
        assert_eq!(one_line("no 'a\nb\u{1b}[2J'"), r"no 'a\nb\u{1b}[2J'");
        assert_eq!(one_line("no 'Grüße'"), "no 'Grüße'");
    }
}
