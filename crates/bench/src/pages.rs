//! What a run leaves in its folder: results, tables, pictures.

use std::fs;
use std::path::Path;

use common::{Context, Result};

use crate::bars::bars;
use crate::curves::curves;
use crate::plan::{CURVES, GROUPS};
use crate::results::Results;
use crate::row::Row;
use crate::table::tables;

/// The pictures that these results are enough for, with their file names.
pub(crate) fn pictures(
    rows: &[Row],
    results: &Results,
) -> Vec<(String, String)> {
    let bars = GROUPS.iter().filter_map(|(group, heading)| {
        Some((group, bars(rows, results, group, heading)?))
    });
    let curves = CURVES.iter().filter_map(|curve| {
        Some((&curve.group, curves(curve, rows, results)?))
    });
    bars.chain(curves)
        .map(|(group, picture)| (format!("{group}.svg"), picture))
        .collect()
}

/// Writes `results.md`, `runs.tsv` and a picture for each group.
pub(crate) fn write(folder: &Path, rows: &[Row], results: &Results) -> Result {
    let mut page = String::from("# What it costs, measured\n\n");
    page += &(results.about.join("; ") + ".\n\n");
    page += &tables(rows, results);
    let mut files = vec![
        ("results.md".to_owned(), page),
        ("runs.tsv".to_owned(), results.to_text()),
    ];
    files.extend(pictures(rows, results));
    for (name, text) in files {
        let path = folder.join(name);
        fs::write(&path, text)
            .context(format_args!("cannot write {}", path.display()))?;
    }
    Ok(())
}
