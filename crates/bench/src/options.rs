//! The command line.

use std::path::PathBuf;

use crate::plan;
use crate::row::{Column, Row};
use crate::runner::ROUNDS;

pub(crate) const HELP: &str = "\
scripts/bench [OPTION...]
measures what processes cost: the same work in Rust, in C (gcc) and in Python
(python3), in turns, each result checked; less than five minutes on two CPUs

  --only WORD       only rows whose id or group begins with WORD; may be given
                    again: --only create --only trip.pipe
  --list            the ids of all rows, and their groups
  --rounds N        how often each is measured (default 5); more
                    make the ranges narrower, fewer than 3 make none
  --quick           one round with few repetitions: tries everything out, the
                    figures mean nothing
  --without C       leaves a column out: C or Python; may be given again
  --python PATH     this Python (default: of those in PATH, first /usr/bin/python3)
  --out FOLDER      where results, tables and pictures go (default
                    target/bench/release)
  --from FILE       measures nothing: takes the runs.tsv of an earlier run
  --against FILE    says which ratios to C lie outside of the range that an
                    earlier run has stated for them, by its runs.tsv; exit
                    code 1 if more do than chance explains
  --write-chapter   puts tables, figures and pictures into lessons/what-it-costs
  --check-chapter   says whether the chapter shows these results (with --from)

A figure is the median of the rounds. The range behind it is where another run
on the same machine finds its figure, in at least 99 of 100 cases: computed from
how the rounds differ. So of 150 ratios one or two may lie outside.

examples
  scripts/bench --only queue --rounds 3
  scripts/bench --write-chapter
";

/// What the user asked for.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) only: Vec<String>,
    pub(crate) rounds: usize,
    pub(crate) is_quick: bool,
    pub(crate) without: Vec<Column>,
    pub(crate) python: Option<PathBuf>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) from: Option<PathBuf>,
    pub(crate) against: Option<PathBuf>,
    pub(crate) writes_chapter: bool,
    pub(crate) checks_chapter: bool,
    pub(crate) lists: bool,
    pub(crate) helps: bool,
}

impl Options {
    /// The error is one line for the user.
    pub(crate) fn of(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self {
            only: Vec::new(),
            rounds: ROUNDS,
            is_quick: false,
            without: Vec::new(),
            python: None,
            out: None,
            from: None,
            against: None,
            writes_chapter: false,
            checks_chapter: false,
            lists: false,
            helps: false,
        };
        let mut rest = arguments.iter();
        while let Some(option) = rest.next() {
            options.take(option, || {
                let value = rest.next().filter(|value| !value.is_empty());
                value.ok_or_else(|| {
                    format!("{option} takes a value; see --help")
                })
            })?;
        }
        options.checked()
    }

    fn take<'a>(
        &mut self,
        option: &str,
        mut value: impl FnMut() -> Result<&'a String, String>,
    ) -> Result<(), String> {
        match option {
            "--only" => self.only.push(value()?.clone()),
            "--rounds" => self.rounds = rounds(value()?)?,
            "--quick" => self.is_quick = true,
            "--without" => self.without.push(column(value()?)?),
            "--python" => self.python = Some(value()?.into()),
            "--out" => self.out = Some(value()?.into()),
            "--from" => self.from = Some(value()?.into()),
            "--against" => self.against = Some(value()?.into()),
            "--write-chapter" => self.writes_chapter = true,
            "--check-chapter" => self.checks_chapter = true,
            "--list" => self.lists = true,
            "--help" | "-h" => self.helps = true,
            other => {
                let other = other.escape_debug();
                return Err(format!("unexpected '{other}'; see --help"));
            }
        }
        Ok(())
    }

    fn checked(mut self) -> Result<Self, String> {
        for word in &self.only {
            if !plan::all().iter().any(|row| is_named(row, word)) {
                let word = word.escape_debug();
                return Err(format!(
                    "no row begins with '{word}'; --list names them"
                ));
            }
        }
        if self.checks_chapter && self.from.is_none() {
            return Err("--check-chapter takes its results --from FILE".into());
        }
        let is_part = !self.only.is_empty() || self.is_quick;
        if self.writes_chapter && is_part {
            return Err("the chapter takes a whole run, not a part".into());
        }
        if self.is_quick {
            self.rounds = 1;
        }
        Ok(self)
    }

    /// The rows to measure.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let mut rows = plan::all();
        if !self.only.is_empty() {
            let only = &self.only;
            rows.retain(|row| only.iter().any(|word| is_named(row, word)));
        }
        for row in &mut rows {
            row.ways.retain(|way| !self.without.contains(&way.column));
        }
        match self.is_quick {
            true => shortened(rows),
            false => rows,
        }
    }
}

/// Small sizes, few repetitions.
fn shortened(mut rows: Vec<Row>) -> Vec<Row> {
    rows.retain(|row| match row.group {
        "size" => row.size <= 16 << 20,
        "tree" => row.size <= 100,
        "producers" => row.senders <= 8,
        "creating" => row.size == 0,
        _ => true,
    });
    for row in &mut rows {
        let senders = row.senders;
        let ways = std::mem::take(&mut row.ways);
        row.ways = ways.into_iter().map(|way| way.shortened(senders)).collect();
    }
    rows
}

fn is_named(row: &Row, word: &str) -> bool {
    row.id.starts_with(word) || row.group.starts_with(word)
}

fn rounds(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(rounds @ 1..=100) => Ok(rounds),
        _ => Err(format!(
            "--rounds takes a number from 1 to 100, not '{}'",
            text.escape_debug()
        )),
    }
}

fn column(text: &str) -> Result<Column, String> {
    match text.to_lowercase().as_str() {
        "c" => Ok(Column::C),
        "python" => Ok(Column::Python),
        _ => Err(format!(
            "--without takes C or Python, not '{}'",
            text.escape_debug()
        )),
    }
}
