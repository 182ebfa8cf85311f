//! Names and paths as they may be printed.

/// The text without anything that a terminal would obey or hide: control
/// characters, and those that turn the direction of writing or have no
/// width, are written as escapes. A backslash is doubled, so that no name
/// looks like the escape of another.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            _ if is_harmful(c) => plain.extend(c.escape_default()),
            '\\' => plain.push_str(r"\\"),
            _ => plain.push(c),
        }
    }
    plain
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{2069}'
                | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(plain("\n) Z 1 (\u{1b}[31m"), r"\n) Z 1 (\u{1b}[31m");
        assert_eq!(plain("a\u{202e}b\u{9b}c"), r"a\u{202e}b\u{9b}c");
        assert_eq!(plain(r"a\n"), r"a\\n");
        assert_eq!(plain("Käse 日本"), "Käse 日本");
    }
}
