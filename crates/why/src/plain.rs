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

/// JSON without these characters: within its strings, where alone they can
/// stand, as escapes.
pub(crate) fn escaped(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            // All of them have four digits.
            _ if is_harmful(c) => {
                escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => escaped.push(c),
        }
    }
    escaped
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
    use super::{escaped, plain};

    #[test]
    fn json_means_the_same_when_it_is_escaped() {
        let name = "a\u{9b}b\u{202e}c\u{7f} \\ Käse";
        let json = serde_json::to_string(name).unwrap();
        let safe = escaped(&json);
        assert_eq!(safe, r#""a\u009bb\u202ec\u007f \\ Käse""#);
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), name);
    }

    #[test]
    fn nothing_is_left_that_a_terminal_obeys() {
        assert_eq!(plain("\n) Z 1 (\u{1b}[31m"), r"\n) Z 1 (\u{1b}[31m");
        assert_eq!(plain("a\u{202e}b\u{9b}c"), r"a\u{202e}b\u{9b}c");
        assert_eq!(plain(r"a\n"), r"a\\n");
        assert_eq!(plain("Käse 日本"), "Käse 日本");
    }
}
