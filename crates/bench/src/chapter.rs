//! The chapter shows what one run measured: its tables, its pictures, and
//! every figure in its sentences stand between marks, and are put there.

use std::fs;
use std::path::{Path, PathBuf};

use common::{Context, Error, Result};

use crate::pages::pictures;
use crate::results::Results;
use crate::row::{Row, three_digits};
use crate::table::table;

const FOLDER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../lessons/what-it-costs");

/// Puts the results into the chapter, and beside it.
pub(crate) fn write(rows: &[Row], results: &Results) -> Result {
    for (path, text) in files(rows, results)? {
        fs::write(&path, text)
            .context(format_args!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Whether the chapter shows these results; the error names what does not.
pub(crate) fn check(rows: &[Row], results: &Results) -> Result {
    for (path, text) in files(rows, results)? {
        let path = path.as_path();
        if read(path)? != text {
            let name = path.file_name().unwrap_or_default();
            return Err(Error::new(format!(
                "{} does not show these results; --write-chapter does it",
                name.display()
            )));
        }
    }
    Ok(())
}

/// Each file of the chapter, as these results make it.
fn files(rows: &[Row], results: &Results) -> Result<Vec<(PathBuf, String)>> {
    let folder = Path::new(FOLDER);
    let page = folder.join("README.md");
    let text = filled(&read(&page)?, rows, results)?;
    let mut files =
        vec![(page, text), (folder.join("runs.tsv"), results.to_text())];
    for (name, picture) in pictures(rows, results) {
        files.push((folder.join(name), picture));
    }
    Ok(files)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path)
        .context(format_args!("cannot read {}", path.display()))
}

const BLOCK: &str = "<!-- bench: ";
const BLOCK_ENDS: &str = "<!-- bench: end -->";
const FIGURE: &str = "<!--fig ";
const RATIO: &str = "<!--ratio ";
const FIGURE_ENDS: &str = "<!--/-->";

/// The page with every table and every figure put in anew.
fn filled(page: &str, rows: &[Row], results: &Results) -> Result<String> {
    let page = between(page, BLOCK, BLOCK_ENDS, |what| {
        let block = match what.split_once(' ') {
            Some(("table", group)) => table(rows, results, group),
            _ if what == "about" => results.about.join("; ") + ".\n",
            _ => return Err(Error::new(format!("no block '{what}'"))),
        };
        match block.is_empty() {
            true => Err(Error::new(format!("there are no results: {what}"))),
            false => Ok(format!("\n{block}")),
        }
    })?;
    let page =
        between(&page, FIGURE, FIGURE_ENDS, |key| figure(key, rows, results))?;
    between(&page, RATIO, FIGURE_ENDS, |keys| ratio(keys, results))
}

/// Replaces what stands behind each mark `BEGIN… -->` and before its end.
fn between(
    page: &str,
    begin: &str,
    end: &str,
    put: impl Fn(&str) -> Result<String>,
) -> Result<String> {
    let mut filled = String::new();
    let mut rest = page;
    while let Some((before, behind)) = rest.split_once(begin) {
        let (what, behind) = behind
            .split_once("-->")
            .ok_or_else(|| Error::new(format!("'{begin}' has no end")))?;
        let (_, behind) = behind.split_once(end).ok_or_else(|| {
            Error::new(format!("'{begin}{what}' has no '{end}'"))
        })?;
        let new_line = if begin == BLOCK { "\n" } else { "" };
        let text = put(what.trim())?;
        filled.push_str(&format!(
            "{before}{begin}{what}-->{new_line}{text}{new_line}{end}"
        ));
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// `create.fork/Rust fork`: the median of this way.
fn figure(key: &str, rows: &[Row], results: &Results) -> Result<String> {
    let (id, name) = parts(key)?;
    let row = rows.iter().find(|row| row.id == id);
    let figure = results.figure(id, name);
    match (row, figure) {
        (Some(row), Some(figure)) => Ok(row.unit.show(figure.median)),
        _ => Err(Error::new(format!("there is no result: {key}"))),
    }
}

/// `create.fork/Python Process : create.fork/C fork`: how many times as long.
fn ratio(keys: &str, results: &Results) -> Result<String> {
    let no_result = || Error::new(format!("there is no result: {keys}"));
    let (this, that) = keys.split_once(" : ").ok_or_else(no_result)?;
    let ratio = results.ratio(parts(this)?, parts(that)?);
    Ok(three_digits(ratio.ok_or_else(no_result)?.median))
}

fn parts(key: &str) -> Result<(&str, &str)> {
    key.split_once('/')
        .ok_or_else(|| Error::new(format!("'{key}' is no ID/NAME")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan;

    fn results(rows: &[Row]) -> Results {
        let mut results = Results::default();
        for row in rows {
            for way in &row.ways {
                results.add(row, way, 1000.0);
            }
        }
        results
    }

    #[test]
    fn a_table_and_a_figure_are_put_between_their_marks() {
        let rows = plan::all();
        let page = "a\n<!-- bench: table ends -->\nold\n<!-- bench: end -->\n\
             <!--fig state.one/C open, read-->old<!--/--> and <!--ratio \
             state.one/C open, read : end.sigterm/C kill-->old<!--/-->.\n";
        let filled = filled(page, &rows, &results(&rows)).unwrap();
        assert!(filled.contains("| the state of one process | C open, read"));
        assert!(filled.contains("-->1.00 µs<!--/--> and"), "{filled}");
        assert!(filled.ends_with("-->1.00<!--/-->.\n"), "{filled}");
        assert!(!filled.contains("old"));
        let again = super::filled(&filled, &rows, &results(&rows)).unwrap();
        assert_eq!(again, filled);
    }

    #[test]
    fn every_figure_of_the_chapter_is_one_that_is_measured() {
        let rows = plan::all();
        files(&rows, &results(&rows)).unwrap();
    }

    #[test]
    fn a_figure_that_nobody_measured_is_refused() {
        let rows = plan::all();
        for page in [
            "<!--fig no.such/C x-->1<!--/-->",
            "<!--fig state.one/C open, read-->1",
            "<!--ratio state.one/C open, read-->1<!--/-->",
            "<!-- bench: table nothing -->\n<!-- bench: end -->\n",
        ] {
            assert!(filled(page, &rows, &results(&rows)).is_err(), "{page}");
        }
    }
}
