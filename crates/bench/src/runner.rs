//! The rounds: every way of every row, in turns, so that whatever else the
//! machine does falls on all alike.

use std::io::{IsTerminal, stderr};
use std::time::Instant;

use common::{Error, Result};

use crate::columns::{Columns, load, machine};
use crate::limits::Limits;
use crate::results::Results;
use crate::row::{Column, Row, Way};

/// The curves have many points: three rounds are enough for each.
const ROUNDS_OF_CURVES: usize = 3;
/// Python's largest tree takes seconds.
const LONG: usize = 10_000;
/// To touch that much memory takes longer than what is measured.
const LARGE: usize = 1 << 30;

/// Measures all rows; those that this machine cannot do are told, and left
/// out.
pub(crate) fn measure(
    rows: &[Row],
    columns: &Columns,
    rounds: usize,
) -> Result<Results> {
    let limits = Limits::of_this_machine()?;
    let mut rows: Vec<Row> =
        rows.iter().filter(|row| limits.allow(row)).cloned().collect();
    for row in &mut rows {
        row.ways.retain(|way| columns.has(way.column));
    }
    let began = load();
    let mut run = Run {
        columns,
        cpus: limits.cpus,
        results: Results::default(),
        lacking: Vec::new(),
        progress: Progress::new(&rows, rounds),
    };
    for round in 0..rounds {
        run.round(&rows, round)?;
    }
    run.progress.end();
    for name in run.lacking {
        eprintln!("bench: {name}: its package is not installed, left out");
    }
    if run.results.is_empty() {
        return Err(Error::new("nothing of this can be measured here"));
    }
    let ended = load();
    let about = &mut run.results.about;
    about.extend(machine());
    about.extend(columns.about.iter().cloned());
    about.push(format!("{rounds} rounds, load {began} before, {ended} after"));
    Ok(run.results)
}

/// What the rounds fill.
struct Run<'a> {
    columns: &'a Columns,
    cpus: Vec<usize>,
    results: Results,
    /// Ways whose package is not installed.
    lacking: Vec<String>,
    progress: Progress,
}

impl Run<'_> {
    /// Each row once, its ways in turns: in each round another one is first.
    fn round(&mut self, rows: &[Row], round: usize) -> Result {
        for row in rows {
            let turn = round % row.ways.len().max(1);
            let ways = row.ways[turn..].iter().chain(&row.ways[..turn]);
            for way in ways.filter(|way| is_due(row, way, round)) {
                self.progress.step(round, row);
                if self.lacking.contains(&way.name()) {
                    continue;
                }
                match self.columns.measure(row, way, &self.cpus)? {
                    Some(ns) => self.results.add(row, way, ns),
                    None => self.lacking.push(way.name()),
                }
            }
        }
        Ok(())
    }
}

/// Whether this way is measured in this round.
fn is_due(row: &Row, way: &Way, round: usize) -> bool {
    let rounds = match row.at {
        Some(LONG) if way.column == Column::Python => 1,
        Some(_) if row.work == "create" && row.size >= LARGE => 2,
        Some(_) => ROUNDS_OF_CURVES,
        None => usize::MAX,
    };
    round < rounds
}

/// Says on stderr how far it is: on a terminal one line that changes.
struct Progress {
    begun: Instant,
    done: usize,
    all: usize,
    rounds: usize,
    last_group: &'static str,
}

impl Progress {
    fn new(rows: &[Row], rounds: usize) -> Self {
        let due = |round| {
            let ways = rows.iter().map(move |row| {
                row.ways.iter().filter(|way| is_due(row, way, round)).count()
            });
            ways.sum::<usize>()
        };
        let all = (0..rounds).map(due).sum();
        let begun = Instant::now();
        Self { begun, done: 0, all, rounds, last_group: "" }
    }

    fn step(&mut self, round: usize, row: &Row) {
        let (done, all, rounds) = (self.done, self.all, self.rounds);
        let seconds = self.begun.elapsed().as_secs();
        let round = round + 1;
        if stderr().is_terminal() {
            let id = &row.id;
            eprint!(
                "\r\x1b[Kround {round} of {rounds}: {done} of {all}, \
                 {seconds} s, {id}"
            );
        } else if self.last_group != row.group {
            let group = row.group;
            eprintln!(
                "round {round} of {rounds}: {done} of {all}, {seconds} s, \
                 {group}"
            );
        }
        self.last_group = row.group;
        self.done += 1;
    }

    fn end(&self) {
        let clear = if stderr().is_terminal() { "\r\x1b[K" } else { "" };
        let seconds = self.begun.elapsed().as_secs();
        eprintln!("{clear}{} measurements in {seconds} s", self.done);
    }
}
