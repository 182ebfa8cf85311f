//! What the ranges are worth, by simulation: runs of a machine whose noise is
//! known, from a fixed seed.

use std::f64::consts::TAU;

use crate::against::Repeat;
use crate::figure::Figure;
use crate::results::Results;
use crate::row::{Row, Unit};
use crate::runner::ROUNDS;

const TRIALS: usize = 20_000;

/// Numbers that look random: SplitMix64.
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// Above 0, and at most 1.
    fn part(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// From the normal distribution, of deviation 1.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.part().ln()).sqrt();
        radius * (TAU * self.part()).cos()
    }
}

/// How times differ, in multiples of how rounds differ by themselves.
#[derive(Clone, Copy)]
struct Noise {
    /// Between two runs.
    runs: f64,
    /// How much of its deviation a round hands on to the next.
    drift: f64,
    /// How many rounds are hit by something else, four times as hard.
    hits: f64,
}

const NONE: Noise = Noise { runs: 0.0, drift: 0.0, hits: 0.0 };
/// With this noise the range from the least round to the most, which the
/// tables once showed, holds about two thirds of the figures of another run;
/// so it did between two runs on a quiet machine: 98 of 153.
const REAL: Noise = Noise { runs: 0.3, drift: 0.3, hits: 0.02 };

impl Noise {
    /// The rounds of one run: all have 100, give or take 3 %.
    fn rounds(self, count: usize, random: &mut Random) -> Vec<f64> {
        let shift = self.runs * random.normal();
        let mut drift = random.normal();
        let round = |_| {
            let is_hit = random.part() < self.hits;
            let hit = if is_hit { 4.0 * random.normal() } else { 0.0 };
            let stray = shift + drift + hit;
            let new = (1.0 - self.drift.powi(2)).sqrt();
            drift = self.drift * drift + new * random.normal();
            100.0 * (0.03 * stray).exp()
        };
        (0..count).map(round).collect()
    }
}

fn figure(rounds: &[f64]) -> Figure {
    Figure::of(rounds.iter().copied()).expect("there are rounds")
}

/// How many of all trials are so.
fn part(mut is_so: impl FnMut() -> bool) -> f64 {
    (0..TRIALS).filter(|_| is_so()).count() as f64 / TRIALS as f64
}

#[test]
fn one_more_round_lies_in_the_range_in_99_of_100_cases() {
    let mut random = Random(1);
    for count in [3, 4, ROUNDS, 8, 20] {
        let held = part(|| {
            let rounds = NONE.rounds(count + 1, &mut random);
            let range = figure(&rounds[1..]).range.unwrap();
            range.holds(rounds[0])
        });
        assert!((held - 0.99).abs() < 0.002, "{count} rounds: {held}");
    }
}

#[test]
fn another_run_lies_in_the_range_in_at_least_99_of_100_cases() {
    let mut random = Random(2);
    for noise in [NONE, REAL] {
        for count in [ROUNDS, 8] {
            let held = part(|| {
                let here = figure(&noise.rounds(count, &mut random));
                let there = figure(&noise.rounds(count, &mut random));
                here.range.unwrap().holds(there.median)
            });
            assert!(held >= 0.99, "{count} rounds: {held}");
        }
    }
}

/// What the tables showed before: it promised what it could not hold.
#[test]
fn from_the_least_round_to_the_most_is_no_range_for_another_run() {
    let mut random = Random(3);
    for (count, most) in [(5, 0.75), (3, 0.50)] {
        let held = part(|| {
            let mut here = REAL.rounds(count, &mut random);
            here.sort_by(f64::total_cmp);
            let there = figure(&REAL.rounds(count, &mut random)).median;
            here[0] <= there && there <= here[count - 1]
        });
        assert!(held < most, "{count} rounds: {held}");
    }
}

const ROWS: usize = 75;

/// A run of this many rows in all three languages. `slower` says how many
/// times as long Rust takes. Who is first in a row, C, is in two ratios: they
/// stray together. What hits all in a round alike falls out of the ratios.
fn run(slower: impl Fn(usize) -> f64, random: &mut Random) -> Results {
    let mut results = Results::default();
    for (number, row) in rows().iter().enumerate() {
        let machine: Vec<f64> =
            (0..ROUNDS).map(|_| (0.2 * random.normal()).exp()).collect();
        let factors = [1.0, slower(number), 3.0];
        for (way, factor) in row.ways.iter().zip(factors) {
            let rounds = REAL.rounds(ROUNDS, random);
            for (round, machine) in rounds.iter().zip(&machine) {
                results.add(row, way, round * machine * factor);
            }
        }
    }
    results
}

fn rows() -> Vec<Row> {
    let row = |number: usize| {
        Row::new("g", format!("{number}"), "", "", Unit::Messages)
            .c("x", "x", 1)
            .same("x", "x", 1)
            .python("x", "x", 1)
    };
    (0..ROWS).map(row).collect()
}

/// How many of so many pairs of runs are not found alike.
fn found_different(
    pairs: usize,
    slower: impl Fn(usize) -> f64,
    random: &mut Random,
) -> usize {
    let rows = rows();
    let is_different = |_: &usize| {
        let earlier = run(|_| 1.0, random);
        let now = run(&slower, random);
        Repeat::of(&rows, &now, &earlier).judged().is_err()
    };
    (0..pairs).filter(is_different).count()
}

#[test]
fn two_runs_of_one_machine_are_found_different_once_in_100_times_at_most() {
    let mut random = Random(4);
    let alarms = found_different(200, |_| 1.0, &mut random);
    assert!(alarms <= 2, "{alarms} of 200");
}

#[test]
fn a_run_in_which_a_tenth_of_the_ways_are_slower_is_found_different() {
    let mut random = Random(5);
    let slower = |row| if row < ROWS / 5 { 1.5 } else { 1.0 };
    let found = found_different(20, slower, &mut random);
    assert_eq!(found, 20);
}
