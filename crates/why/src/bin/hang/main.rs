//! Programs that hang, each for a reason of its own, and healthy ones that
//! look alike: what the judge of hangs is judged by.
//!
//! `hang NAME [FOLDER]` runs one, in FOLDER if it is given; it says
//! `ready PID` once nothing can save it, where PID is its first process.
//! `hang --list` prints what is expected of a judge: name, verdict, causes,
//! stuck processes, kind of tree, phrases, divided by tabs.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;

mod crowds;
mod dead_holder;
mod files;
mod futexes;
mod healthy;
mod healthy_guards;
mod healthy_hidden;
mod healthy_memory;
mod healthy_notices;
mod healthy_others;
mod healthy_restless;
mod healthy_strangers;
mod healthy_waits;
mod locks;
mod memory;
mod no_peer;
mod pipe_cycle;
mod process;
mod program;
mod queues;
mod self_lock;
mod signals;
mod stopped;
mod wait_cycle;
mod wait_sets;
mod write_end;

use program::Program;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const FAMILIES: &[(&str, &[Program])] = &[
    ("write_end", write_end::PROGRAMS),
    ("pipe_cycle", pipe_cycle::PROGRAMS),
    ("locks", locks::PROGRAMS),
    ("self_lock", self_lock::PROGRAMS),
    ("dead_holder", dead_holder::PROGRAMS),
    ("stopped", stopped::PROGRAMS),
    ("signals", signals::PROGRAMS),
    ("no_peer", no_peer::PROGRAMS),
    ("queues", queues::PROGRAMS),
    ("futexes", futexes::PROGRAMS),
    ("wait_cycle", wait_cycle::PROGRAMS),
    ("wait_sets", wait_sets::PROGRAMS),
    ("healthy", healthy::PROGRAMS),
    ("healthy_waits", healthy_waits::PROGRAMS),
    ("healthy_hidden", healthy_hidden::PROGRAMS),
    ("healthy_guards", healthy_guards::PROGRAMS),
    ("healthy_memory", healthy_memory::PROGRAMS),
    ("healthy_others", healthy_others::PROGRAMS),
    ("healthy_strangers", healthy_strangers::PROGRAMS),
    ("healthy_restless", healthy_restless::PROGRAMS),
    ("healthy_notices", healthy_notices::PROGRAMS),
    ("crowds", crowds::PROGRAMS),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["--list"] => list(),
        [write_end::HELPER] => write_end::run_reader(),
        [name] => run(name),
        [name, folder] => std::env::set_current_dir(folder)
            .map_err(|error| format!("cannot work in {folder}: {error}").into())
            .and_then(|()| run(name)),
        _ => Err("usage: hang NAME [FOLDER], or hang --list".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hang: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(name: &str) -> Result {
    let mut programs = FAMILIES.iter().flat_map(|(_, programs)| *programs);
    let program = programs
        .find(|program| program.name == name)
        .ok_or_else(|| format!("there is no program '{name}'"))?;
    process::begin()?;
    (program.run)()
}

fn list() -> Result {
    let mut lines = String::new();
    for (family, programs) in FAMILIES {
        for program in *programs {
            writeln!(lines, "{family}\t{program}")?;
        }
    }
    Ok(io::stdout().write_all(lines.as_bytes())?)
}
