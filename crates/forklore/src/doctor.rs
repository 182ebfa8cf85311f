//! `forklore doctor`: what this machine offers.

use std::io::{self, BufReader, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use clap::Args;
use observer::{Request, Surroundings, observe_in};
use sandbox::{Mechanism, probe};
use serde_json::{Value, json};
use trace::{Level, Reader};

const COULD_NOT: u8 = 3;

/// Says which means of observing and containing hold on this machine.
///
/// Each is found out by doing it, in a process of its own.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo doctor
  cargo doctor --json

Exit codes: 0 done, 2 wrong usage, 3 could not be found out.")]
pub(crate) struct Doctor {
    /// Prints one JSON object
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(crate) fn run(&self) -> ExitCode {
        match self.tell() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("forklore doctor: {error}");
                ExitCode::from(COULD_NOT)
            }
        }
    }

    fn tell(&self) -> io::Result<()> {
        if !Path::new("/proc/self/exe").exists() {
            return Err(io::Error::other(
                "/proc is not mounted, and without it nothing can be observed \
                 or contained: as root, mount -t proc proc /proc",
            ));
        }
        let mut mechanisms = probe()?;
        mechanisms.insert(0, observing()?);
        let text = match self.json {
            true => format!("{}\n", data(&mechanisms)),
            false => words(&mechanisms),
        };
        let mut stdout = anstream::stdout();
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
    }
}

/// Whether a run can be observed fully, as grading needs it.
fn observing() -> io::Result<Mechanism> {
    let request = Request {
        command: vec!["/proc/self/exe".into(), "--version".into()],
        ..Request::default()
    };
    let surroundings = Surroundings {
        stdin: Stdio::null(),
        stdout: Stdio::null(),
        stderr: Stdio::null(),
        folder: "/".into(),
    };
    let mut observation = observe_in(&request, surroundings)?;
    let trace = observation.trace().expect("it was just started");
    let reader = Reader::new(BufReader::new(trace));
    let lacks = match &reader {
        Ok(it) if it.header().level == Level::Full => None,
        Ok(it) => Some(it.header().because.clone().unwrap_or_default()),
        Err(error) => Some(error.to_string()),
    };
    drop(reader);
    observation.finish()?;
    let raise = lacks.as_ref().map(|_| {
        "not inside another tracer (strace, gdb); in a container: \
         --cap-add=SYS_PTRACE, or a seccomp profile that allows ptrace(2)"
            .to_owned()
    });
    Ok(Mechanism {
        name: "ptrace and seccomp",
        does: "every process of a run is followed, and what it may not do is \
               refused",
        lacks,
        raise,
        full: true,
        partial: true,
    })
}

/// The levels of observing and of containing that follow.
fn levels(mechanisms: &[Mechanism]) -> (&'static str, &'static str) {
    let lacks = |is_needed: fn(&Mechanism) -> bool| {
        mechanisms.iter().any(|it| is_needed(it) && it.lacks.is_some())
    };
    let observed = match mechanisms.first() {
        Some(first) if first.lacks.is_none() => "full",
        _ => "light",
    };
    let contained = match (lacks(|it| it.full), lacks(|it| it.partial)) {
        (false, _) => "full",
        (true, false) => "partial",
        (true, true) => "none",
    };
    (observed, contained)
}

fn data(mechanisms: &[Mechanism]) -> Value {
    let (observed, contained) = levels(mechanisms);
    let all = mechanisms.iter().map(|it| {
        json!({
            "name": it.name,
            "holds": it.lacks.is_none(),
            "lacks": it.lacks,
            "raise": it.raise,
        })
    });
    json!({
        "version": 1,
        "observed": observed,
        "contained": contained,
        "mechanisms": all.collect::<Vec<_>>(),
    })
}

fn words(mechanisms: &[Mechanism]) -> String {
    let mut text = String::new();
    for it in mechanisms {
        let word = match (&it.lacks, it.full || it.partial) {
            (None, _) => "\x1b[32;1myes\x1b[0m",
            (Some(_), true) => "\x1b[31;1mno \x1b[0m",
            (Some(_), false) => "\x1b[33;1mno \x1b[0m",
        };
        let name = it.name;
        text.push_str(&format!("{word}  \x1b[1m{name}\x1b[0m\n"));
        for line in [Some(it.does.to_owned()), it.lacks.clone()] {
            text.push_str(&indented(&line.unwrap_or_default()));
        }
        if let Some(raise) = &it.raise {
            text.push_str(&indented(&format!("would help: {raise}")));
        }
    }
    let (observed, contained) = levels(mechanisms);
    text.push_str(&format!(
        "\nlevel of observing: {observed}\nlevel of containing: {contained}\n"
    ));
    text
}

fn indented(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    // A command is copied from here: no option is broken at its hyphen.
    let options = textwrap::Options::new(75)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    let lines = textwrap::wrap(text, options);
    lines.iter().map(|line| format!("     {line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::indented;

    #[test]
    fn a_command_can_be_copied() {
        let text = "in a container that is started in some way or other now: \
                    --cap-add=SYS_PTRACE, and so on";
        assert!(indented(text).contains(" --cap-add=SYS_PTRACE,"));
    }
}
