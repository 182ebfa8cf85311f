//! The tables that people and learning systems read.

use std::io;

use grader::Word;

use crate::grades::{Grade, State, shown};
use crate::roster::{Known, System, Table, row_of, writer};
use crate::settings::Settings;
use crate::submissions::Student;

/// The columns of a Canvas gradebook before its assignments.
const CANVAS: &[&str] =
    &["Student", "ID", "SIS User ID", "SIS Login ID", "Section"];
/// Canvas knows the line of the most points by this text in its first cell.
const POINTS_POSSIBLE: &str = "    Points Possible";
/// The columns of a Moodle grading worksheet.
const MOODLE: &[&str] = &[
    "Identifier",
    "Full name",
    "Email address",
    "Status",
    "Grade",
    "Maximum Grade",
    "Grade can be changed",
    "Last modified (submission)",
    "Last modified (grade)",
    "Feedback comments",
];

/// The tables of a class, filled student by student.
#[derive(Debug)]
pub(crate) struct Tables<'a> {
    settings: &'a Settings,
    roster: Option<Table>,
    /// For people: the text itself takes less memory than its cells.
    grades: csv::Writer<Vec<u8>>,
    canvas: Vec<Vec<String>>,
    moodle: Vec<Vec<String>>,
    /// Which lines of the roster have a student.
    are_met: Vec<bool>,
    /// Students whom no line of the roster is about.
    pub strangers: Vec<String>,
    /// How many students Moodle has handed in: the numbers are its own.
    of_moodle: usize,
}

impl<'a> Tables<'a> {
    /// Empty ones.
    pub(crate) fn new(
        settings: &'a Settings,
        roster: Option<Table>,
    ) -> io::Result<Self> {
        let head = [
            "student",
            "name",
            "exercise",
            "state",
            "verdict",
            "works",
            "robust",
            "points",
            "of",
            "late_percent",
            "reason",
            "rules",
            "total",
            "max",
        ];
        let mut grades = writer();
        grades.write_record(head)?;
        let lines = roster.as_ref().map_or(0, |it| it.rows.len());
        Ok(Self {
            settings,
            roster,
            grades,
            canvas: Vec::new(),
            moodle: Vec::new(),
            are_met: vec![false; lines],
            strangers: Vec::new(),
            of_moodle: 0,
        })
    }

    /// The table for people, as far as students were taken in.
    pub(crate) fn grades(&mut self) -> io::Result<&[u8]> {
        self.grades.flush()?;
        Ok(self.grades.get_ref())
    }

    /// Takes in one student.
    pub(crate) fn add(
        &mut self,
        student: &Student,
        known: &Known,
        grade: &Grade,
    ) -> io::Result<()> {
        let total = grade.part.map(|it| shown(it * self.settings.points));
        let total = total.unwrap_or_default();
        let rows = grade.entries.iter().map(|entry| {
            let verdict =
                entry.record.as_ref().and_then(|it| it.verdict.as_ref());
            let yes = |it: Option<bool>| match it {
                Some(true) => "yes",
                Some(false) => "no",
                None => "",
            };
            let rules = verdict.map(|it| {
                let rules = it.findings.iter().map(|it| it.rule.as_str());
                rules.collect::<Vec<_>>().join(" ")
            });
            [
                student.id.clone(),
                known.name.clone(),
                entry.exercise.clone(),
                state(entry.state).to_owned(),
                verdict.map(|it| word(it.verdict)).unwrap_or_default(),
                yes(verdict.and_then(|it| it.works)).to_owned(),
                yes(verdict.and_then(|it| it.robust)).to_owned(),
                entry.points.map(shown).unwrap_or_default(),
                entry.of.to_string(),
                shown(entry.late_percent),
                entry.reason.clone().unwrap_or_default(),
                rules.unwrap_or_default(),
                total.clone(),
                shown(self.settings.points),
            ]
            .map(|cell| no_formula(&cell))
        });
        for row in rows {
            self.grades.write_record(row)?;
        }
        self.add_to_systems(student, known, &total, &comment(grade));
        Ok(())
    }

    fn add_to_systems(
        &mut self,
        student: &Student,
        known: &Known,
        total: &str,
        comment: &str,
    ) {
        let name = match known.name.is_empty() {
            true => &student.id,
            false => &known.name,
        };
        let number = &known.identifier;
        let login = match number.is_empty() {
            true => student.id.clone(),
            false => String::new(),
        };
        self.of_moodle += usize::from(known.system == "moodle");
        let canvas = [name, number, "", &login, "", total];
        self.canvas.push(canvas.map(no_formula).to_vec());
        let participant = format!("Participant {number}");
        let most = shown(self.settings.points);
        let moodle =
            [&participant, name, "", "", total, &most, "Yes", "", "-", comment];
        self.moodle.push(moodle.map(no_formula).to_vec());
        let Some(roster) = &mut self.roster else { return };
        let Some(row) = row_of(roster, &student.id, known) else {
            self.strangers.push(student.id.clone());
            return;
        };
        self.are_met[row] = true;
        match roster.system() {
            Some(System::Moodle) => {
                fill(roster, row, "Grade", total);
                fill(roster, row, "Feedback comments", comment);
            }
            _ => {
                let column = assignment(roster, &self.settings.assignment);
                roster.rows[row][column] = total.to_owned();
            }
        }
    }

    /// The files for learning systems: their names, and the tables.
    pub(crate) fn for_systems(&self) -> Vec<(&'static str, Table)> {
        let strings = |it: &[&str]| -> Vec<String> {
            it.iter().map(|it| (*it).to_owned()).collect()
        };
        match self.roster.as_ref().map(|it| (it, it.system())) {
            Some((roster, Some(System::Moodle))) => {
                vec![("moodle.csv", roster.clone())]
            }
            Some((roster, _)) => vec![("canvas.csv", self.of_roster(roster))],
            None => {
                let mut head = strings(CANVAS);
                head.push(self.settings.assignment.clone());
                let mut most = vec![String::new(); head.len()];
                most[0] = POINTS_POSSIBLE.to_owned();
                most[CANVAS.len()] = shown(self.settings.points);
                let mut rows = vec![most];
                rows.extend(self.canvas.iter().cloned());
                // A number of the one system is somebody else in the other.
                match self.of_moodle {
                    0 => vec![("canvas.csv", Table { head, rows })],
                    all if all == self.moodle.len() => {
                        let (head, rows) =
                            (strings(MOODLE), self.moodle.clone());
                        vec![("moodle.csv", Table { head, rows })]
                    }
                    _ => Vec::new(),
                }
            }
        }
    }

    /// The columns of a Canvas export that tell who it is, and ours: another
    /// assignment's marks are not written back.
    fn of_roster(&self, roster: &Table) -> Table {
        let first = roster.column("Section").map_or(0, |it| it + 1);
        let ours = roster.column(&self.settings.assignment);
        let keep = |row: &Vec<String>| -> Vec<String> {
            let mut kept = row[..first].to_vec();
            let own = ours.map(|it| row[it].clone());
            kept.push(own.unwrap_or_default());
            kept
        };
        let mut head = keep(&roster.head);
        if let Some(last) = head.last_mut() {
            self.settings.assignment.clone_into(last);
        }
        let is_most = |row: &Vec<String>| {
            row.first().is_some_and(|it| it.contains("Points Possible"))
        };
        let mut rows: Vec<Vec<String>> = roster.rows.iter().map(keep).collect();
        for row in rows.iter_mut().filter(|it| is_most(it)) {
            row[first] = shown(self.settings.points);
        }
        Table { head, rows }
    }

    /// How many lines of the roster are about nobody who handed in.
    pub(crate) fn without_submission(&self) -> usize {
        let Some(roster) = &self.roster else { return 0 };
        let is_person = |row: &Vec<String>| {
            let first = row.first().map_or("", |it| it.trim());
            !first.is_empty() && !first.contains("Points Possible")
        };
        let rows = roster.rows.iter().zip(&self.are_met);
        rows.filter(|(row, is_met)| !**is_met && is_person(row)).count()
    }
}

/// The column of the assignment, made if it is not there.
fn assignment(roster: &mut Table, name: &str) -> usize {
    if let Some(column) = roster.column(name) {
        return column;
    }
    roster.head.push(name.to_owned());
    for row in &mut roster.rows {
        row.push(String::new());
    }
    roster.head.len() - 1
}

fn fill(table: &mut Table, row: usize, column: &str, text: &str) {
    if let Some(column) = table.column(column) {
        text.clone_into(&mut table.rows[row][column]);
    }
}

/// What a student reads beside the mark, in one line.
fn comment(grade: &Grade) -> String {
    let entry = |entry: &crate::grades::Entry| {
        let points = match entry.points {
            Some(points) => format!("{} of {}", shown(points), entry.of),
            None => "not judged yet".to_owned(),
        };
        let verdict = entry.record.as_ref().and_then(|it| it.verdict.as_ref());
        let first = verdict.and_then(|it| it.findings.first());
        let first = match (first, verdict.map(|it| it.verdict)) {
            (Some(first), _) => format!(" ({})", first.rule),
            (None, Some(Word::BuildFailed)) => " (build-failed)".to_owned(),
            (None, _) => String::new(),
        };
        let late = match entry.late_percent > 0.0 {
            true => format!(", {} % less: late", shown(entry.late_percent)),
            false => String::new(),
        };
        let exercise = &entry.exercise;
        format!("{exercise}: {points}{first}{late}")
    };
    grade.entries.iter().map(entry).collect::<Vec<_>>().join("; ")
}

/// A verdict's word.
pub(crate) fn word(word: Word) -> String {
    let text = serde_json::to_value(word).unwrap_or_default();
    text.as_str().unwrap_or_default().to_owned()
}

/// In words.
pub(crate) fn state(state: State) -> &'static str {
    match state {
        State::Missing => "not handed in",
        State::Judged => "judged",
        State::Open => "not judged yet",
    }
}

/// A spreadsheet computes what begins like a formula; a name is none. Some
/// end a cell at a semicolon or a tab as well.
fn no_formula(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len());
    let mut is_first = true;
    for c in cell.chars() {
        // The wide ones are those of Chinese and Japanese keyboards.
        let is_sign = matches!(
            c,
            '=' | '+'
                | '-'
                | '@'
                | '\t'
                | '\r'
                | '\n'
                | '\u{ff1d}'
                | '\u{ff0b}'
                | '\u{ff0d}'
                | '\u{ff20}'
        );
        if is_first && is_sign && cell.chars().count() > 1 {
            text.push('\'');
        }
        text.push(c);
        is_first = matches!(c, ';' | '\t') || is_first && c == ' ';
    }
    text
}

#[cfg(test)]
mod tests {
    use super::no_formula;

    #[test]
    fn no_cell_is_a_formula() {
        for (cell, text) in [
            ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(1)", "'@SUM(1)"),
            (" =1", " '=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("ada;=1", "ada;'=1"),
            ("pipes: 1; =2", "pipes: 1; '=2"),
            ("ada-b=c", "ada-b=c"),
            // Moodle's own, for "never".
            ("-", "-"),
        ] {
            assert_eq!(no_formula(cell), text);
        }
    }
}
