//! The manifests of the learner's workspace.

use std::fs;
use std::io;
use std::path::Path;

use grader::{Course, Trouble};
use toml::{Table, Value};

use super::{failed, shown};

/// The manifest of `work/`: it asks for the same packages as the course, and
/// builds them in the same way, so that both share what is built.
pub(crate) fn of_workspace(course: &Course) -> Result<String, Trouble> {
    let course = read(&course.root().join("Cargo.toml"))?;
    let versions = table(&course, "workspace")
        .and_then(|it| table(it, "dependencies"))
        .cloned()
        .unwrap_or_default();
    let mut text = "\
# Your own workspace: one package for each exercise that you have begun.
# `cargo learn` makes this file once; from then on it is yours.
[workspace]
resolver = \"3\"
# Every folder with a - in its name is a package.
members = [\"*-*\"]

# What a solution may use, in the versions of the course.
[workspace.dependencies]
"
    .to_owned();
    for name in KIT {
        let version = versions.get(*name).map_or("\"*\"".to_owned(), inline);
        text.push_str(&format!("{name} = {version}\n"));
    }
    if let Some(profile) = course.get("profile").and_then(Value::as_table) {
        text.push_str("\n# As the course builds: so both share it.\n");
        text.push_str("[profile]\n");
        for (name, value) in profile {
            text.push_str(&format!("{} = {}\n", key(name), inline(value)));
        }
    }
    Ok(text)
}

/// What a solution may use: the packages of `crates/kit`.
const KIT: &[&str] =
    &["crossbeam-channel", "ipc-channel", "libc", "nix", "sysinfo"];

/// The manifest of one exercise's package.
pub(crate) fn of_package(id: &str) -> String {
    let mut text = format!(
        "\
# The task is in README.md beside this file.
[package]
name = \"{id}\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[dependencies]
"
    );
    for name in KIT {
        text.push_str(&format!("{name}.workspace = true\n"));
    }
    text
}

/// Whether a manifest can be read, and has that table.
///
/// # Errors
/// `FILE:LINE: what is wrong, and what to do`.
pub(crate) fn check(path: &Path, wanted: &str) -> Result<(), Trouble> {
    let manifest = read(path)?;
    match manifest.get(wanted) {
        Some(_) => Ok(()),
        None => Err(wrong(path, 1, &format!("it has no [{wanted}]"))),
    }
}

fn read(path: &Path) -> Result<Table, Trouble> {
    let text =
        fs::read_to_string(path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => wrong(path, 1, "it is no UTF-8"),
            _ => failed("read", path, &error),
        })?;
    text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text[..at.min(text.len())].matches('\n').count() + 1;
        wrong(path, line, error.message())
    })
}

fn wrong(path: &Path, line: usize, says: &str) -> Trouble {
    let says = grader::clean(says.trim_end()).replace("\\n", "; ");
    Trouble::failed(format!(
        "{}:{line}: {says}; mend it, or move it away and `cargo learn` makes \
         a new one",
        shown(path)
    ))
}

fn table<'a>(of: &'a Table, name: &str) -> Option<&'a Table> {
    of.get(name)?.as_table()
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text:?}"),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(is) => is.to_string(),
        Value::Datetime(time) => time.to_string(),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(inline).collect();
            format!("[{}]", values.join(", "))
        }
        Value::Table(table) => {
            let pair = |(name, value): (&String, &Value)| {
                format!("{} = {}", key(name), inline(value))
            };
            // The version first, as one writes it.
            let mut all: Vec<(&String, &Value)> = table.iter().collect();
            all.sort_by_key(|(name, _)| *name != "version");
            let pairs: Vec<String> = all.into_iter().map(pair).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
    }
}

fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    match name.chars().all(is_bare) {
        true => name.to_owned(),
        false => format!("{name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{KIT, inline, key, of_workspace, read};
    use grader::Course;
    use std::path::Path;
    use toml::{Table, Value};

    #[test]
    fn a_value_on_one_line_is_the_same_value() {
        let text = "a = { version = \"1\", features = [\"x\", \"y\"], \
                    default-features = false, \"*\" = { debug = 1 } }";
        let table: Table = text.parse().unwrap();
        let again = format!("a = {}", inline(&table["a"]));
        assert_eq!(again.parse::<Table>().unwrap(), table);
        assert_eq!(key("*"), "\"*\"");
    }

    #[test]
    fn the_workspace_asks_for_what_the_course_asks_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let course = Course::around(&root).unwrap();
        let own: Table = of_workspace(&course).unwrap().parse().unwrap();
        let of_course = read(&root.join("Cargo.toml")).unwrap();
        let versions = |it: &Table| it["workspace"]["dependencies"].clone();
        let kit = read(&root.join("crates/kit/Cargo.toml")).unwrap();
        let kit = kit["dependencies"].as_table().unwrap();
        assert_eq!(kit.keys().collect::<Vec<_>>(), KIT);
        for name in KIT {
            let wanted: &Value = &versions(&of_course)[name];
            assert_eq!(&versions(&own)[name], wanted, "{name}");
        }
        assert_eq!(own["profile"], of_course["profile"]);
    }
}
