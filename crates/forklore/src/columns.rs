//! How wide a terminal is, and sentences that fit it.

use std::env;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use textwrap::{Options, WordSplitter};

/// A wider picture is read no more.
const WIDEST: usize = 400;

/// Columns of the terminal that is `stream`, or what COLUMNS says, or 80.
pub(crate) fn of(stream: impl AsFd) -> usize {
    let columns = || env::var("COLUMNS").ok()?.parse().ok();
    terminal_size::terminal_size_of(stream)
        .map(|(width, _)| usize::from(width.0))
        .or_else(columns)
        .filter(|width| *width > 0)
        .unwrap_or(80)
        .min(WIDEST)
}

/// The text with its long lines folded between words, if a person reads it:
/// through a pipe each line stays whole, for grep(1).
pub(crate) fn fold(text: &str, stream: impl AsFd + IsTerminal) -> String {
    if !stream.is_terminal() {
        return text.to_owned();
    }
    fold_to(text, of(stream))
}

fn fold_to(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (words, end) = match line.strip_suffix('\n') {
            Some(words) => (words, "\n"),
            None => (line, ""),
        };
        let indent = &words[..words.len() - words.trim_start().len()];
        let hanging = format!("{indent}  ");
        // A rule's name or a path has hyphens, and is searched for whole.
        let options = Options::new(width)
            .subsequent_indent(&hanging)
            .word_splitter(WordSplitter::NoHyphenation)
            .break_words(false);
        out.push_str(&textwrap::fill(words, options));
        out.push_str(end);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::fold_to;

    #[test]
    fn long_lines_hang_between_words_and_short_ones_stay() {
        let text = "one two three\n  four five six\nshort\n";
        let folded = "one two\n  three\n  four\n    five\n    six\nshort\n";
        assert_eq!(fold_to(text, 9), folded);
        assert_eq!(fold_to(text, 40), text);
    }

    #[test]
    fn a_word_that_is_too_long_stays_whole() {
        assert_eq!(fold_to("/a/long/path is", 6), "/a/long/path\n  is");
        let folded = "a\n  write-end-open";
        assert_eq!(fold_to("a write-end-open", 9), folded);
    }
}
