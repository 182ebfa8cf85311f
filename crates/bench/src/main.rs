//! What processes cost: the same work in Rust, in C and in Python, in turns.
//!
//! Run `scripts/bench`. As `bench measure …` this program is the column Rust.

use std::env;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use common::{Context, Error, Result};
use options::Options;
use results::Results;
use row::{Column, Row};

mod bars;
mod chapter;
mod clock;
mod columns;
mod crew;
mod curves;
mod options;
mod pages;
mod plan;
mod results;
mod row;
mod runner;
mod svg;
mod table;
mod task;
mod work;

// The lessons' own files: what is measured here is what they teach, and
// changes with them.
#[path = "../../../lessons/lesson-06-synchronization/src/locks.rs"]
#[expect(dead_code, reason = "the lesson shows a mutex that knows more")]
mod locks;
#[path = "../../../lessons/lesson-05-shared-memory/src/mapping.rs"]
#[expect(dead_code, reason = "the lesson maps objects with a name, too")]
mod mapping;
#[path = "../../../lessons/lesson-03-state/src/proc_stat.rs"]
#[expect(dead_code, reason = "the lesson waits for a state, too")]
mod proc_stat;
#[path = "../../../lessons/lesson-06-synchronization/src/shared.rs"]
mod shared;
#[path = "../../../lessons/lesson-03-state/src/through_sysinfo.rs"]
#[expect(dead_code, reason = "the lesson prints the name, too")]
mod through_sysinfo;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    match &arguments[..] {
        // What a child executes that shall do nothing.
        [only] if only == "nothing" => ExitCode::SUCCESS,
        [first, rest @ ..] if first == "measure" => ended(measure(rest)),
        _ => match Options::of(&arguments) {
            Ok(options) => ended(run(&options)),
            Err(line) => {
                eprintln!("bench: {line}");
                ExitCode::from(2)
            }
        },
    }
}

fn ended(outcome: Result) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &[String]) -> Result {
    let ns = task::Task::of(arguments)?.measure()?;
    say(&format!("{ns}\n"))
}

fn run(options: &Options) -> Result {
    if options.helps {
        return say(options::HELP);
    }
    let rows = options.rows();
    if options.lists {
        return say(&list(&rows));
    }
    let results = match &options.from {
        Some(path) => saved(path)?,
        None => measured(options, &rows)?,
    };
    if options.checks_chapter {
        return chapter::check(&rows, &results);
    }
    let folder = folder(options)?;
    pages::write(&folder, &rows, &results)?;
    if options.writes_chapter {
        chapter::write(&rows, &results)?;
    }
    let mut text = table::tables(&rows, &results);
    // What a short try measures is no ground for a verdict.
    if !options.is_quick {
        text += &table::verdict(&rows, &results);
    }
    let folder = folder.display();
    say(&format!("{text}tables, results and pictures: {folder}\n"))
}

fn list(rows: &[Row]) -> String {
    let line =
        |row: &Row| format!("{:<24} {:<10} {}\n", row.id, row.group, row.title);
    rows.iter().map(line).collect()
}

/// Prints; a reader who has seen enough is no error.
fn say(text: &str) -> Result {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write the output")
        }
        _ => Ok(()),
    }
}

fn saved(path: &Path) -> Result<Results> {
    let path_shown = path.display();
    let text = fs::read_to_string(path)
        .context(format_args!("cannot read {path_shown}"))?;
    Results::of_text(&text)
        .map_err(|error| Error::new(format!("{path_shown}: {error}")))
}

fn measured(options: &Options, rows: &[Row]) -> Result<Results> {
    let columns = columns::Columns::new(options, &folder(options)?)?;
    for line in &columns.missing {
        eprintln!("bench: {line}");
    }
    let is_whole = columns.has(Column::C) && columns.has(Column::Python);
    if options.writes_chapter && !is_whole {
        return Err(Error::new("the chapter takes all three columns"));
    }
    runner::measure(rows, &columns, options.rounds)
}

/// Where results go: beside the folder of this program, if not told.
fn folder(options: &Options) -> Result<PathBuf> {
    let folder = match &options.out {
        Some(folder) => folder.clone(),
        None => {
            let me = env::current_exe().context("cannot find this program")?;
            let target = me.ancestors().nth(2).unwrap_or(Path::new("."));
            target.join("bench")
        }
    };
    fs::create_dir_all(&folder)
        .context(format_args!("cannot make {}", folder.display()))?;
    Ok(folder)
}
