//! Who is in the class: what a learning system exports, and what `collect`
//! notes beside the submissions.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::moment::Moment;

/// The file beside the students' folders, written by `collect`.
pub const STUDENTS: &str = "students.csv";

/// Which learning system.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum System {
    /// Canvas.
    Canvas,
    /// Moodle.
    Moodle,
}

/// A table with a line of column names.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The names of the columns.
    pub head: Vec<String>,
    /// The lines, each as long as the head.
    pub rows: Vec<Vec<String>>,
}

/// Writes a table in memory, line by line.
pub(crate) fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .terminator(csv::Terminator::Any(b'\n'))
        .from_writer(Vec::new())
}

/// What is known of a student beside the submissions.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The name as the learning system has it.
    pub name: String,
    /// `canvas`, `moodle` or `git`.
    pub system: String,
    /// The number of the learning system.
    pub identifier: String,
    /// Whether the learning system says that it came too late.
    pub is_late: bool,
    /// When it was handed in, if that is known.
    pub submitted: Option<Moment>,
    /// Why `collect` could not tell what was handed in; empty if it could.
    pub unread: String,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// If it cannot be read, or is no table.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = fs::read(path)?;
        // Spreadsheets put a mark in front.
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter(bytes))
            .from_reader(bytes);
        let mut rows = Vec::new();
        for row in reader.records() {
            let row = row.map_err(io::Error::other)?;
            rows.push(row.iter().map(str::to_owned).collect::<Vec<_>>());
        }
        let mut rows = rows.into_iter();
        let head = rows.next().unwrap_or_default();
        let mut rows: Vec<Vec<String>> = rows.collect();
        for row in &mut rows {
            row.resize(head.len(), String::new());
        }
        Ok(Self { head, rows })
    }

    /// As a file holds it.
    ///
    /// # Errors
    /// None that a table in memory can have.
    pub fn text(&self) -> io::Result<Vec<u8>> {
        let mut writer = writer();
        for row in [&self.head].into_iter().chain(&self.rows) {
            writer.write_record(row)?;
        }
        writer.into_inner().map_err(|it| it.into_error())
    }

    /// Where that column is.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.head.iter().position(|it| it.trim() == name)
    }

    /// Which system has exported it, if one has.
    pub fn system(&self) -> Option<System> {
        let starts = |names: &[&str]| {
            let mut pairs = self.head.iter().zip(names);
            pairs.all(|(it, name)| it.trim() == *name)
        };
        if starts(&["Student", "ID"]) && self.column("Section").is_some() {
            Some(System::Canvas)
        } else if ["Identifier", "Grade", "Last modified (grade)"]
            .iter()
            .all(|it| self.column(it).is_some())
        {
            Some(System::Moodle)
        } else {
            None
        }
    }
}

/// What stands between the cells: semicolons or tabs, where a country's
/// spreadsheets want them and the first line has no comma.
fn delimiter(bytes: &[u8]) -> u8 {
    let head = bytes.split(|it| *it == b'\n').next().unwrap_or_default();
    let signs = [b',', b';', b'\t'];
    signs.into_iter().find(|it| head.contains(it)).unwrap_or(b',')
}

/// The columns by which a line of a roster is known to be a student's, the
/// surest first.
const NAMES: &[&str] = &[
    "Identifier",
    "ID",
    "SIS Login ID",
    "SIS User ID",
    "ID number",
    "Email address",
    "Full name",
    "Student",
];

/// The line of a roster for a student: by the number that `collect` noted,
/// else by any of the columns that hold the folder's name.
pub(crate) fn row_of(
    table: &Table,
    student: &str,
    known: &Known,
) -> Option<usize> {
    let participant = format!("Participant {}", known.identifier);
    let is_numbered = |cell: &str| {
        !known.identifier.is_empty()
            && (cell == known.identifier || cell == participant)
    };
    let find = |column: usize, is_it: &dyn Fn(&str) -> bool| {
        let mut rows = table.rows.iter().enumerate();
        let mut found = rows
            .by_ref()
            .filter(|(_, row)| is_it(row[column].trim()))
            .map(|(at, _)| at);
        // Two of one name cannot be told apart.
        found.next().filter(|_| found.next().is_none())
    };
    let columns = || NAMES.iter().filter_map(|it| table.column(it));
    columns()
        .take(2)
        .find_map(|it| find(it, &is_numbered))
        .or_else(|| columns().find_map(|it| find(it, &|cell| cell == student)))
}

/// What `collect` has noted beside the submissions, by student; nothing, if
/// there is no such file.
///
/// # Errors
/// If it cannot be read, or a moment in it is none.
pub fn known(submissions: &Path) -> io::Result<BTreeMap<String, Known>> {
    let path = submissions.join(STUDENTS);
    let table = match Table::read(&path) {
        Err(it) if it.kind() == io::ErrorKind::NotFound => {
            return Ok(BTreeMap::new());
        }
        read => read?,
    };
    let mut all = BTreeMap::new();
    for row in &table.rows {
        let cell = |name: &str| {
            table.column(name).map_or("", |at| row[at].trim()).to_owned()
        };
        let submitted = cell("submitted");
        let submitted = match submitted.is_empty() {
            true => None,
            false => Some(Moment::read(&submitted).map_err(|why| {
                let student = grader::clean(&cell("student"));
                io::Error::other(format!("{student}: {why}"))
            })?),
        };
        let known = Known {
            name: cell("name"),
            system: cell("system"),
            identifier: cell("identifier"),
            is_late: cell("late") == "yes",
            submitted,
            unread: cell("unread"),
        };
        all.insert(cell("student"), known);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Known, System, Table, delimiter, row_of};

    fn table(head: &str, rows: &[&str]) -> Table {
        let cells = |it: &str| it.split(';').map(str::to_owned).collect();
        Table {
            head: cells(head),
            rows: rows.iter().map(|it| cells(it)).collect(),
        }
    }

    #[test]
    fn a_system_is_known_by_its_columns() {
        let canvas = "Student;ID;SIS User ID;SIS Login ID;Section;Quiz (1)";
        assert_eq!(table(canvas, &[]).system(), Some(System::Canvas));
        let moodle = "Identifier;Full name;Status;Grade;Last modified (grade)";
        assert_eq!(table(moodle, &[]).system(), Some(System::Moodle));
        assert_eq!(table("Name;Mark", &[]).system(), None);
    }

    #[test]
    fn cells_are_parted_as_the_first_line_parts_them() {
        for (text, sign) in [
            ("a,b;c\nd;e", b','),
            ("a;b\nc,d", b';'),
            ("a\tb", b'\t'),
            ("a", b','),
            ("", b','),
        ] {
            assert_eq!(delimiter(text.as_bytes()), sign, "{text}");
        }
    }

    #[test]
    fn a_line_is_a_students_by_number_then_by_name_if_one_alone_has_it() {
        let table = table(
            "Identifier;Full name;Email address;Grade;Last modified (grade)",
            &[
                "Participant 7;Ada;ada@x.org;;",
                "Participant 8;Bob;bob@x.org;;",
                "Participant 9;Bob;b@x.org;;",
            ],
        );
        let numbered = Known { identifier: "8".to_owned(), ..Known::default() };
        assert_eq!(row_of(&table, "x", &numbered), Some(1));
        let nobody = Known::default();
        assert_eq!(row_of(&table, "ada@x.org", &nobody), Some(0));
        assert_eq!(row_of(&table, "Ada", &nobody), Some(0));
        assert_eq!(row_of(&table, "Bob", &nobody), None);
    }
}
