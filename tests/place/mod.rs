//! The places of pictures in a page: an invisible line that names the run,
//! and the block below it.

use crate::tree::regex;

/// A line `<!-- picture: RUN -->`, and what stands below it.
#[derive(Debug)]
pub(crate) struct Place {
    /// The number of the line, from 1.
    pub(crate) line: usize,
    /// A lesson's arguments; in the root README the lesson comes first.
    pub(crate) run: String,
    /// Which shell has to be `sh`, where another would do it otherwise.
    pub(crate) shell: Option<String>,
    /// The text of the block; `None` if no ```` ```text ```` block follows.
    pub(crate) block: Option<String>,
}

/// All places of a page, in order.
pub(crate) fn places(markdown: &str) -> Vec<Place> {
    let mark = regex(r"^<!-- picture: (.+?)(?:, where sh is ([a-z]+))? -->$");
    let lines: Vec<&str> = markdown.lines().collect();
    let place = |(number, line): (usize, &&str)| {
        let found = mark.captures(line)?;
        let run = found[1].to_owned();
        let shell = found.get(2).map(|shell| shell.as_str().to_owned());
        let below = &lines[number + 1..];
        let block = (below.first() == Some(&"```text")).then(|| {
            let block = below[1..].iter().take_while(|line| **line != "```");
            block.map(|line| format!("{line}\n")).collect()
        });
        Some(Place { line: number + 1, run, shell, block })
    };
    lines.iter().enumerate().filter_map(place).collect()
}
