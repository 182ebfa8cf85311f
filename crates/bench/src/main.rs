//! What processes cost: the same work in Rust, in C and in Python, in turns.
//!
//! Run `scripts/bench`.

use std::env;
use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use against::Repeat;
use common::{Context, Error, Result};
use options::Options;
use results::Results;
use row::{Column, Row};

mod against;
mod bars;
mod chapter;
mod columns;
#[cfg(test)]
mod coverage;
mod curves;
mod figure;
mod limits;
mod measurement;
mod options;
mod pages;
mod plan;
mod results;
mod row;
mod runner;
mod svg;
mod table;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args_os()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect();
    let options = match Options::of(&arguments) {
        Ok(options) => options,
        Err(line) => {
            eprintln!("bench: {line}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result {
    if options.helps {
        return say(options::HELP);
    }
    let rows = options.rows();
    if options.lists {
        return say(&list(&rows));
    }
    // Read before anything is measured: a wrong name is told at once.
    let earlier = options.against.as_deref().map(saved).transpose()?;
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
    let repeat = earlier.map(|earlier| Repeat::of(&rows, &results, &earlier));
    if let Some(repeat) = &repeat {
        text += &repeat.told();
    }
    let folder = folder.display();
    say(&format!("{text}tables, results and pictures: {folder}\n"))?;
    repeat.map_or(Ok(()), |repeat| repeat.judged())
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

/// Where results go: beside the folder of this program, if not told, and apart
/// from those of one that was built otherwise.
fn folder(options: &Options) -> Result<PathBuf> {
    let folder = match &options.out {
        Some(folder) => folder.clone(),
        None => {
            let me = env::current_exe().context("cannot find this program")?;
            let profile = me.parent().unwrap_or(Path::new("."));
            let name = profile.file_name().unwrap_or_default();
            profile.with_file_name("bench").join(name)
        }
    };
    fs::create_dir_all(&folder)
        .context(format_args!("cannot make {}", folder.display()))?;
    Ok(folder)
}
