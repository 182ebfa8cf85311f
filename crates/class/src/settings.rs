//! `class.toml`: what counts how much, what is late, what was decided by
//! hand.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use grader::Trouble;
use serde::{Deserialize, Deserializer, de};
use toml::Spanned;

use crate::moment::Moment;

/// A `class.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What the class is called.
    pub title: String,
    /// A Canvas gradebook or a Moodle grading worksheet, as it was exported;
    /// relative to this file.
    pub roster: Option<PathBuf>,
    /// The column of the learning system: `Processes (4711)` in Canvas.
    pub assignment: String,
    /// What a whole mark is worth there.
    pub points: f64,
    /// The exercises that count, and how much; without any, all that somebody
    /// has handed in count the same.
    pub weights: BTreeMap<Spanned<String>, f64>,
    /// When an exercise has to be there; `all` stands for those without one.
    pub deadline: BTreeMap<Spanned<String>, Moment>,
    /// What is taken from late submissions.
    pub late: Late,
    /// What was decided by hand.
    #[serde(rename = "override")]
    pub overrides: Vec<Override>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "The class".to_owned(),
            roster: None,
            assignment: "Forklore".to_owned(),
            points: 100.0,
            weights: BTreeMap::new(),
            deadline: BTreeMap::new(),
            late: Late::default(),
            overrides: Vec::new(),
        }
    }
}

/// What is taken from late submissions.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Late {
    /// Nobody is late before that.
    pub grace_minutes: u32,
    /// For each day that has begun behind the deadline.
    #[serde(deserialize_with = "percent")]
    pub percent_per_day: f64,
    /// No more than this in all.
    #[serde(deserialize_with = "percent")]
    pub at_most_percent: f64,
}

impl Default for Late {
    fn default() -> Self {
        Self { grace_minutes: 0, percent_per_day: 0.0, at_most_percent: 100.0 }
    }
}

fn percent<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    let percent = f64::deserialize(from)?;
    match (0.0..=100.0).contains(&percent) {
        true => Ok(percent),
        false => Err(de::Error::custom(format!(
            "{percent} is no percentage from 0 to 100"
        ))),
    }
}

/// Points that a person gave.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Whose.
    pub student: Spanned<String>,
    /// Of which exercise.
    pub exercise: Spanned<String>,
    /// How many, in place of what was found.
    pub points: Spanned<f64>,
    /// Why: shown to the student.
    pub reason: Spanned<String>,
}

impl Settings {
    /// Reads a file.
    ///
    /// # Errors
    /// `FILE:LINE: what is wrong`: an exercise that is none of `exercises`, a
    /// student who is none of `students`, a weight below zero, an override
    /// without a reason.
    pub fn read(path: &Path, exercises: &[String]) -> Result<Self, Trouble> {
        let text = fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            Trouble::usage(format!("cannot read {path}: {error}"))
        })?;
        let page = Page { path, text: &text };
        let mut settings: Self = toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |it| it.start);
            page.wrong(at, error.message().trim_end())
        })?;
        page.check(&settings, exercises)?;
        let beside = path.parent().unwrap_or(Path::new("."));
        settings.roster = settings.roster.map(|it| beside.join(it));
        Ok(settings)
    }

    /// When that exercise has to be there.
    pub fn deadline(&self, exercise: &str) -> Option<Moment> {
        let of = |name: &str| {
            let mut all = self.deadline.iter();
            all.find(|(it, _)| it.get_ref() == name).map(|(_, it)| *it)
        };
        of(exercise).or_else(|| of("all"))
    }

    /// How much that exercise counts.
    pub fn weight(&self, exercise: &str) -> f64 {
        let mut all = self.weights.iter();
        let own = all.find(|(it, _)| it.get_ref() == exercise);
        own.map_or(f64::from(self.weights.is_empty()), |(_, it)| *it)
    }

    /// The override of that exercise for that student.
    pub fn decided(&self, student: &str, exercise: &str) -> Option<&Override> {
        self.overrides.iter().find(|it| {
            it.student.get_ref() == student && it.exercise.get_ref() == exercise
        })
    }
}

impl Late {
    /// Percent that are taken from what came so many seconds behind the
    /// deadline.
    pub fn percent(&self, seconds: i64) -> f64 {
        const DAY: i64 = 24 * 60 * 60;
        if seconds <= i64::from(self.grace_minutes) * 60 {
            return 0.0;
        }
        let days = (seconds + DAY - 1) / DAY;
        let percent = self.percent_per_day * days as f64;
        percent.min(self.at_most_percent)
    }
}

struct Page<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Page<'_> {
    fn wrong(&self, at: usize, says: &str) -> Trouble {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let path = self.path.display();
        let says = says
            .replace("expected f64", "expected a number")
            .replace("expected u32", "expected a whole number from 0")
            .replace('\n', "; ");
        let says = grader::clean(&says);
        Trouble::usage(format!("{path}:{line}: {says}"))
    }

    fn check(
        &self,
        settings: &Settings,
        exercises: &[String],
    ) -> Result<(), Trouble> {
        let known = |name: &Spanned<String>| {
            if exercises.contains(name.get_ref()) {
                return Ok(());
            }
            let says = format!(
                "there is no exercise '{}'; `cargo grade --list` names them",
                name.get_ref()
            );
            Err(self.wrong(name.span().start, &says))
        };
        for (name, weight) in &settings.weights {
            known(name)?;
            if !(weight.is_finite() && *weight >= 0.0) {
                let says = "a weight is a number that is not below zero";
                return Err(self.wrong(name.span().start, says));
            }
        }
        let weights = &settings.weights;
        if !weights.is_empty() && weights.values().all(|it| *it == 0.0) {
            let at = weights.keys().map(|it| it.span().start).min();
            let says = "no exercise has a weight above zero: none would count";
            return Err(self.wrong(at.unwrap_or(0), says));
        }
        let deadlines = settings.deadline.keys();
        deadlines.filter(|it| it.get_ref() != "all").try_for_each(known)?;
        if !(settings.points.is_finite() && settings.points > 0.0) {
            return Err(self.wrong(0, "points is a number above zero"));
        }
        self.check_overrides(&settings.overrides, &known)
    }

    fn check_overrides(
        &self,
        overrides: &[Override],
        known: &dyn Fn(&Spanned<String>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let mut met = BTreeSet::new();
        for decided in overrides {
            known(&decided.exercise)?;
            let (student, exercise) =
                (decided.student.get_ref(), decided.exercise.get_ref());
            if !met.insert((student, exercise)) {
                let says =
                    format!("a second override for '{student}', {exercise}");
                return Err(self.wrong(decided.student.span().start, &says));
            }
            let points = *decided.points.get_ref();
            if !(points.is_finite() && points >= 0.0) {
                let says = "points is a number that is not below zero";
                return Err(self.wrong(decided.points.span().start, says));
            }
            if decided.reason.get_ref().trim().is_empty() {
                let says = "an override has a reason: the student reads it";
                return Err(self.wrong(decided.reason.span().start, says));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Late, Settings};
    use std::fs;

    fn read(name: &str, text: &str) -> Result<Settings, String> {
        let path = std::env::temp_dir()
            .join(format!("class-settings-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        let exercises = ["pipes-pingpong", "creation-hello-family"];
        let read = Settings::read(&path, &exercises.map(str::to_owned));
        fs::remove_file(&path).unwrap();
        read.map_err(|it| it.to_string())
    }

    #[test]
    fn a_mistake_has_its_line_and_what_is_wrong() {
        for (name, text, says) in [
            ("a", "titel = \"x\"", "1: unknown field `titel`"),
            ("b", "\n[weights]\npingpong = 1", "3: there is no exercise"),
            ("c", "[weights]\npipes-pingpong = -1", "2: a weight"),
            ("d", "[deadline]\nall = \"soon\"", "2: 'soon' is no moment"),
            ("e", &format!("{GIVEN}reason = \" \""), "5: an override has"),
            ("f", GIVEN, "missing field `reason`"),
            ("g", "points = 0", "1: points is a number above zero"),
            (
                "j",
                "points = \"ten\"",
                "1: invalid type: string \"ten\", \
                                      expected a number",
            ),
            ("k", "[weights]\npipes-pingpong = 0", "2: no exercise has a"),
            ("l", "[late]\npercent_per_day = -5", "2: -5 is no percentage"),
            ("m", "[late]\nat_most_percent = nan", "2: NaN is no percentage"),
            ("n", &format!("{TWICE}{TWICE}"), "7: a second override for 'ada'"),
            ("o", "[deadline]\nall = 2027-02-01T23:59:00", "2: '2027-02-01"),
            ("p", "[deadline]\nall = 5", "2: a moment is"),
        ] {
            let error = read(name, text).unwrap_err();
            assert!(error.contains(&format!("{name}:")), "{error}");
            assert!(error.contains(says), "{text}\n{error}");
        }
    }

    const TWICE: &str = "[[override]]\nstudent = \"ada\"\n\
                         exercise = \"pipes-pingpong\"\npoints = 5\n\
                         reason = \"x\"\n";

    #[test]
    fn a_moment_stands_with_quotes_or_without() {
        for text in ["\"2027-02-01T23:59:00Z\"", "2027-02-01T23:59:00Z"] {
            let text = format!("[deadline]\nall = {text}");
            let settings = read("moment", &text).unwrap();
            let deadline = settings.deadline("pipes-pingpong").unwrap();
            assert_eq!(deadline.seconds(), 1_801_526_340);
        }
    }

    #[test]
    fn the_example_in_teaching_md_is_one() {
        let page = include_str!("../../../TEACHING.md");
        let (_, behind) = page.split_once("```toml\n").unwrap();
        let (example, _) = behind.split_once("```").unwrap();
        let settings = read("example", example).unwrap();
        assert!(settings.deadline("pipes-pingpong").is_some());
        assert!(settings.late.percent(1_000_000) > 0.0);
        assert!(!settings.overrides.is_empty());
    }

    const GIVEN: &str = "[[override]]\nstudent = \"ada\"\n\
                         exercise = \"pipes-pingpong\"\npoints = 5\n";

    #[test]
    fn without_weights_all_count_the_same_and_with_some_these_alone() {
        let none = read("h", "").unwrap();
        assert_eq!(none.weight("pipes-pingpong"), 1.0);
        let some = read("i", "[weights]\npipes-pingpong = 2").unwrap();
        assert_eq!(some.weight("pipes-pingpong"), 2.0);
        assert_eq!(some.weight("another"), 0.0);
    }

    #[test]
    fn each_day_that_has_begun_costs_the_same_up_to_the_most() {
        let late = Late {
            grace_minutes: 15,
            percent_per_day: 10.0,
            at_most_percent: 25.0,
        };
        let day = 24 * 60 * 60;
        for (seconds, percent) in [
            (-1, 0.0),
            (15 * 60, 0.0),
            (15 * 60 + 1, 10.0),
            (day, 10.0),
            (day + 1, 20.0),
            (30 * day, 25.0),
        ] {
            assert_eq!(late.percent(seconds), percent, "{seconds}");
        }
    }
}
