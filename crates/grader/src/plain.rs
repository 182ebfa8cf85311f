//! A stranger's text on its way to a terminal or a report.

/// The text without what a terminal would obey: control characters, and those
/// that turn the direction of writing, break lines or have no width. Line ends
/// become `\n` in sight.
pub fn clean(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            plain.extend(c.escape_default());
        } else {
            plain.push(c);
        }
    }
    plain
}

/// The same, of bytes, and at most so many characters of it.
pub(crate) fn quoted(bytes: &[u8], most: usize) -> String {
    // A character takes at most four bytes.
    let cut = &bytes[..bytes.len().min(most.saturating_mul(4))];
    let text = String::from_utf8_lossy(cut);
    let mut plain: String = clean(&text).chars().take(most).collect();
    if text.chars().count() > most || cut.len() < bytes.len() {
        plain.push('…');
    }
    plain
}

/// `1 process was`, `2 processes were`.
pub(crate) fn counted(count: usize, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// Several lines of text, each of them clean.
pub fn clean_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(clean).collect();
    lines.join("\n")
}

fn is_harmful(c: char) -> bool {
    let turns_or_hides = matches!(c, '\u{ad}' | '\u{61c}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}');
    c.is_control() && c != '\t' || turns_or_hides
}

#[cfg(test)]
mod tests {
    use super::{clean, counted, quoted};

    #[test]
    fn one_is_not_many() {
        assert_eq!(
            counted(1, "process was", "processes were"),
            "1 process was"
        );
        assert_eq!(counted(0, "child", "children"), "0 children");
    }

    #[test]
    fn no_control_character_gets_through() {
        assert_eq!(clean("a\u{1b}[31m\n\u{202e}"), r"a\u{1b}[31m\n\u{202e}");
        assert_eq!(
            clean("\u{200b}\u{2028}\u{feff}"),
            r"\u{200b}\u{2028}\u{feff}"
        );
        assert_eq!(quoted(b"ab\xffcd", 4), "ab\u{fffd}c…");
        assert_eq!(quoted(b"ab", 4), "ab");
    }
}
