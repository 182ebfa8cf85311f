//! The rounds: every way of every row, in turns, so that whatever else the
//! machine does falls on all alike.

use std::io::{IsTerminal, stderr};
use std::time::Instant;

use common::{Error, Result};

use crate::columns::{Columns, load, machine};
use crate::figure::Figure;
use crate::limits::Limits;
use crate::results::Results;
use crate::row::{Row, Way};

/// How many rounds a run has, if not told: a range grows fast with fewer, and
/// the time with more.
pub(crate) const ROUNDS: usize = 5;

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
    let lacking: Vec<String> = run
        .lacking
        .iter()
        .map(|name| format!("{name}: its package is not installed, left out"))
        .collect();
    for line in &lacking {
        eprintln!("bench: {line}");
    }
    if run.results.is_empty() {
        return Err(Error::new("nothing of this can be measured here"));
    }
    let ended = load();
    let about = &mut run.results.about;
    about.extend(machine());
    about.extend(columns.about.iter().cloned());
    about.extend(lacking);
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
    /// Each row, its ways in turns: in each round another one is first.
    fn round(&mut self, rows: &[Row], round: usize) -> Result {
        for row in rows {
            let mut ways: Vec<&Way> = row.ways.iter().collect();
            let turn = round % ways.len().max(1);
            ways.rotate_left(turn);
            let mut results = vec![Vec::new(); ways.len()];
            let most = ways.iter().map(|way| way.processes).max();
            for process in 0..most.unwrap_or(0) {
                for (way, results) in ways.iter().zip(&mut results) {
                    if process < way.processes {
                        results.extend(self.measured(row, way, round)?);
                    }
                }
            }
            for (way, results) in ways.iter().zip(results) {
                if let Some(figure) = Figure::of(results.into_iter()) {
                    self.results.add(row, way, figure.median);
                }
            }
        }
        Ok(())
    }

    /// One process. `None` where its package is not installed.
    fn measured(
        &mut self,
        row: &Row,
        way: &Way,
        round: usize,
    ) -> Result<Option<f64>> {
        self.progress.step(round, row);
        if self.lacking.contains(&way.name()) {
            return Ok(None);
        }
        let ns = self.columns.measure(row, way, &self.cpus)?;
        if ns.is_none() {
            self.lacking.push(way.name());
        }
        Ok(ns)
    }
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
        let ways = rows.iter().flat_map(|row| &row.ways);
        let all = rounds * ways.map(|way| way.processes).sum::<usize>();
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
