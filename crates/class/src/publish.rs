//! From the records of a class to everything that is read: tables, pages, one
//! line for each record.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use crate::grades::{Failures, Scheme, count_failures};
use crate::manifest::Manifest;
use crate::page::{ClassPage, of_student};
use crate::roster::{Known, Table};
use crate::settings::Settings;
use crate::store::Store;
use crate::tables::Tables;

/// What was published, and what a person should know of it.
#[derive(Debug, Default)]
pub struct Published {
    /// The files of the learning systems.
    pub files: Vec<&'static str>,
    /// A line each.
    pub notes: Vec<String>,
}

/// Writes the tables and the pages of a class.
///
/// # Errors
/// If a file cannot be written.
pub fn publish(
    store: &Store,
    manifest: &Manifest,
    settings: &Settings,
    roster: Option<Table>,
    known: &BTreeMap<String, Known>,
) -> io::Result<Published> {
    let scheme = Scheme::new(settings, manifest);
    let mut tables = Tables::new(settings, roster)?;
    let mut class = ClassPage::default();
    let mut failures = Failures::new();
    let mut lines = String::new();
    let mut refused = manifest.refused.clone();
    let nobody = Known::default();
    for student in &manifest.students {
        let known = known.get(&student.id).unwrap_or(&nobody);
        let load = |exercise: &str| store.load(&student.id, exercise);
        for exercise in &student.exercises {
            if let Some(record) = load(exercise) {
                count_failures(&mut failures, &record);
                lines.push_str(&record.canonical());
                lines.push('\n');
            }
        }
        let grade = scheme.grade(student, known, load);
        tables.add(student, known, &grade)?;
        class.add(student, &grade, settings.points);
        refused.extend(student.refused.iter().cloned());
        if !known.unread.is_empty() {
            let (id, why) = (&student.id, &known.unread);
            refused.push(format!("{id}: not collected: {why}"));
        }
        let picture = |exercise: &str| {
            fs::read(store.picture(&student.id, exercise)).ok()
        };
        let page = of_student(settings, student, known, &grade, picture);
        let name = format!("pages/students/{}.html", student.id);
        store.write(&name, page.as_bytes())?;
    }
    let exercises: Vec<String> =
        scheme.exercises().map(str::to_owned).collect();
    let page = class.text(settings, &exercises, &failures, &refused);
    store.write("pages/class.html", page.as_bytes())?;
    store.write("records.jsonl", lines.as_bytes())?;
    store.write("grades.csv", tables.grades()?)?;
    write_for_systems(store, &tables)
}

fn write_for_systems(
    store: &Store,
    tables: &Tables<'_>,
) -> io::Result<Published> {
    let mut published = Published::default();
    for (name, table) in tables.for_systems() {
        store.write(name, &table.text()?)?;
        published.files.push(name);
    }
    if published.files.is_empty() {
        let note = "some students are Moodle's and some are not: there is no \
                    table for a learning system without a roster";
        published.notes.push(note.to_owned());
    }
    for student in &tables.strangers {
        let note = format!("{student}: no line of the roster, or several");
        published.notes.push(note);
    }
    let without = tables.without_submission();
    if without > 0 {
        published.notes.push(format!(
            "{without} lines of the roster are about nobody who handed in: \
             they get no mark"
        ));
    }
    Ok(published)
}
