//! From records to points: weights, lateness, what was decided by hand.

use std::collections::BTreeMap;

use crate::manifest::Manifest;
use crate::record::{Outcome, Record};
use crate::roster::Known;
use crate::settings::Settings;
use crate::submissions::Student;

/// What a student gets.
#[derive(Clone, Debug)]
pub(crate) struct Grade {
    /// The exercises that count, in order.
    pub entries: Vec<Entry>,
    /// Of all that is to be had, 0 to 1; `None` while anything is open.
    pub part: Option<f64>,
}

/// What a student gets for one exercise.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// Which one.
    pub exercise: String,
    /// What came of it.
    pub state: State,
    /// The points that count; `None` while nobody can say.
    pub points: Option<f64>,
    /// The most there are.
    pub of: u32,
    /// How much it counts.
    pub weight: f64,
    /// Percent that were taken because it came late.
    pub late_percent: f64,
    /// Why a person has decided otherwise.
    pub reason: Option<String>,
    /// The record, if there is one.
    pub record: Option<Box<Record>>,
}

/// What came of an exercise for a student.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// Nothing was handed in that could be taken.
    Missing,
    /// It has a verdict.
    Judged,
    /// It has none yet, and that is not the student's fault.
    Open,
}

/// What counts in a class.
#[derive(Debug)]
pub(crate) struct Scheme<'a> {
    settings: &'a Settings,
    /// The exercises that count, with the most points of each.
    exercises: Vec<(String, u32)>,
}

impl<'a> Scheme<'a> {
    /// Of a class: the exercises with a weight, or those that somebody has
    /// handed in.
    pub(crate) fn new(settings: &'a Settings, manifest: &Manifest) -> Self {
        let is_handed_in = |id: &String| {
            let mut students = manifest.students.iter();
            students.any(|it| it.exercises.contains(id))
        };
        let counts = |id: &String| match settings.weights.is_empty() {
            true => is_handed_in(id),
            false => settings.weight(id) > 0.0,
        };
        let all = manifest.of.iter().filter(|(id, _)| counts(id));
        let exercises = all.map(|(id, of)| (id.clone(), *of)).collect();
        Self { settings, exercises }
    }

    /// The exercises that count.
    pub(crate) fn exercises(&self) -> impl Iterator<Item = &str> {
        self.exercises.iter().map(|(id, _)| id.as_str())
    }

    /// What a student gets; `load` finds the record of an exercise.
    pub(crate) fn grade(
        &self,
        student: &Student,
        known: &Known,
        load: impl Fn(&str) -> Option<Record>,
    ) -> Grade {
        let is_unread = |exercise: &String| {
            student.unread.contains(exercise) || !known.unread.is_empty()
        };
        let entry = |(exercise, of): &(String, u32)| {
            let is_there = student.exercises.contains(exercise);
            let record = load(exercise).filter(|_| is_there);
            let mut entry = Entry {
                exercise: exercise.clone(),
                state: match (is_there, &record) {
                    (false, _) if is_unread(exercise) => State::Open,
                    (false, _) => State::Missing,
                    (true, Some(it)) if it.outcome == Outcome::Judged => {
                        State::Judged
                    }
                    (true, _) => State::Open,
                },
                points: None,
                of: *of,
                weight: self.settings.weight(exercise),
                late_percent: self.late_percent(exercise, known),
                reason: None,
                record: record.map(Box::new),
            };
            self.decide(&mut entry, &student.id);
            entry
        };
        let entries: Vec<Entry> = self.exercises.iter().map(entry).collect();
        let part = part(&entries);
        Grade { entries, part }
    }

    fn decide(&self, entry: &mut Entry, student: &str) {
        let found = entry.record.as_ref().and_then(|it| it.verdict.as_ref());
        entry.points = match entry.state {
            State::Missing => Some(0.0),
            State::Open => None,
            State::Judged => found.and_then(|it| it.points).map(|points| {
                f64::from(points) * (100.0 - entry.late_percent) / 100.0
            }),
        };
        if entry.state == State::Judged && entry.points.is_none() {
            entry.state = State::Open;
        }
        if entry.state == State::Missing {
            entry.late_percent = 0.0;
        }
        let decided = self.settings.decided(student, &entry.exercise);
        if let Some(decided) = decided {
            entry.points = Some(*decided.points.get_ref());
            entry.reason = Some(decided.reason.get_ref().clone());
            entry.late_percent = 0.0;
        }
    }

    /// What lateness takes. A learning system that says "late" and not when
    /// is believed, for one day.
    fn late_percent(&self, exercise: &str, known: &Known) -> f64 {
        let late = &self.settings.late;
        let deadline = self.settings.deadline(exercise);
        match (deadline, known.submitted) {
            (Some(deadline), Some(submitted)) => {
                late.percent(submitted.seconds() - deadline.seconds())
            }
            _ if known.is_late => {
                late.percent(i64::from(late.grace_minutes) * 60 + 1)
            }
            _ => 0.0,
        }
    }
}

/// Of all that is to be had; `None` while any exercise is open.
fn part(entries: &[Entry]) -> Option<f64> {
    let (mut got, mut most) = (0.0, 0.0);
    for entry in entries {
        got += entry.weight * (entry.points? / f64::from(entry.of.max(1)));
        most += entry.weight;
    }
    (most > 0.0).then(|| got / most)
}

/// At most two digits behind the point, and none that say nothing.
pub(crate) fn shown(points: f64) -> String {
    let text = format!("{points:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// How often each rule has failed: by how many submissions, and in which
/// exercises.
pub(crate) type Failures = BTreeMap<String, (usize, BTreeMap<String, usize>)>;

/// Notes the rules that a record breaks.
pub(crate) fn count_failures(failures: &mut Failures, record: &Record) {
    let Some(verdict) = &record.verdict else { return };
    let built = verdict.compiler.is_none();
    let broken = verdict.findings.iter().map(|it| it.rule.as_str());
    for rule in broken.chain((!built).then_some("build-failed")) {
        let (count, by) = failures.entry(rule.to_owned()).or_default();
        *count += 1;
        *by.entry(record.exercise.clone()).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, State, part, shown};

    fn entry(points: Option<f64>, weight: f64) -> Entry {
        Entry {
            exercise: "pipes-pingpong".to_owned(),
            state: State::Judged,
            points,
            of: 10,
            weight,
            late_percent: 0.0,
            reason: None,
            record: None,
        }
    }

    #[test]
    fn weights_divide_what_is_to_be_had() {
        let entries = [entry(Some(10.0), 2.0), entry(Some(4.0), 1.0)];
        assert_eq!(part(&entries).map(|it| (it * 1000.0).round()), Some(800.0));
    }

    #[test]
    fn one_that_is_open_leaves_the_whole_open_and_is_no_zero() {
        assert_eq!(part(&[entry(Some(10.0), 1.0), entry(None, 1.0)]), None);
    }

    #[test]
    fn points_are_shown_without_zeros_that_say_nothing() {
        for (points, text) in
            [(80.0, "80"), (66.666, "66.67"), (0.0, "0"), (9.5, "9.5")]
        {
            assert_eq!(shown(points), text);
        }
    }
}
