//! GitHub Actions: the summary of a job, in Markdown.

use std::fmt::Write as _;

use crate::plain::{cut, harmless, markup, one_line};
use crate::sheet::{Entry, Picture, Sheet};

/// More of one exercise is not told.
const TEXT: usize = 20_000;

/// What a summary may hold.
#[derive(Clone, Copy)]
enum Extent {
    /// A picture of each failing run.
    Pictures,
    /// Each finding in words.
    Words,
    /// A table.
    Table,
    /// Two lines.
    Points,
}

/// A table of all exercises; below it, of each that is not passed, every
/// finding with the lanes of the failing run and its Mermaid diagram.
///
/// `room` is how many bytes there are: GitHub drops a summary of more than a
/// mebibyte whole. What does not fit is left out, pictures first.
pub fn summary(sheet: &Sheet, room: usize) -> String {
    use Extent::{Pictures, Points, Table, Words};
    let all = [Pictures, Words, Table, Points];
    let texts = all.into_iter().map(|extent| written(sheet, extent));
    let fitting = texts.into_iter().find(|it| it.len() <= room);
    fitting.unwrap_or_default()
}

fn written(sheet: &Sheet, extent: Extent) -> String {
    let (points, of) = sheet.points();
    let open = sheet.entries.iter().filter(|it| !it.is_decided()).count();
    let open = match open {
        0 => String::new(),
        open => format!(", {open} not judged"),
    };
    let mut text = format!("## Forklore: {points} of {of} points{open}\n\n");
    if matches!(extent, Extent::Points) {
        text.push_str("The rest is too long to be told here.\n");
        return text;
    }
    text.push_str("| exercise | verdict | first finding | points |\n");
    text.push_str("|---|---|---|---|\n");
    for entry in &sheet.entries {
        let (name, word) = (code(&entry.exercise), entry.word());
        let reason = entry.reason().unwrap_or_default();
        let score = entry.score();
        writeln!(text, "| {name} | {word} | {reason} | {score} |").ok();
    }
    if matches!(extent, Extent::Table) {
        return text;
    }
    for entry in sheet.entries.iter().filter(|it| !it.is_passed()) {
        let picture = entry.picture.as_ref();
        let has_room = matches!(extent, Extent::Pictures);
        text.push_str(&told(entry, picture.filter(|_| has_room)));
    }
    text
}

fn told(entry: &Entry, picture: Option<&Picture>) -> String {
    let (name, word) = (code(&entry.exercise), entry.word());
    let mut text = format!(
        "\n<details><summary>{name}: {word}</summary>\n\n{}\n",
        block(&cut(&entry.told(), TEXT))
    );
    if let Some(Picture { lanes, mermaid }) = picture {
        writeln!(text, "{}\n", block(lanes)).ok();
        writeln!(text, "```mermaid\n{}\n```\n", mermaid.trim_end()).ok();
    }
    text.push_str("</details>\n");
    text
}

/// Between `<pre>` and `</pre>` nothing is Markdown.
fn block(text: &str) -> String {
    format!("<pre>\n{}\n</pre>\n", markup(harmless(text).trim_end()))
}

/// A name in one line, every sign an entity: none is a link, a mention, a
/// formula or the end of a cell.
fn code(text: &str) -> String {
    let mut out = "<code>".to_owned();
    for c in cut(&one_line(text), 200).chars() {
        match c {
            _ if c.is_alphanumeric() || c == '-' => out.push(c),
            _ => out.push_str(&format!("&#{};", u32::from(c))),
        }
    }
    out + "</code>"
}
