//! A stranger's text on its way into a report.

/// The text without what anybody would obey or nobody would see: control
/// characters, and those that turn the direction of writing, break lines or
/// have no width. Ends of lines and tabs stay.
pub(crate) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(c),
            _ if is_harmful(c) => out.extend(c.escape_unicode()),
            _ => out.push(c),
        }
    }
    out
}

/// The same in one line.
pub(crate) fn one_line(text: &str) -> String {
    harmless(text).replace(['\n', '\t'], " ")
}

/// JSON in which nothing harmful stands as it is: it can only stand in
/// strings, and there an escape says the same.
pub(crate) fn harmless_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match is_harmful(c) {
            true => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            false => out.push(c),
        }
    }
    out
}

/// At most so many characters, counted as UTF-16 does: whoever cuts at a limit
/// counts no fewer.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let mut used = 0;
    let is_over = |c: char| {
        used += c.len_utf16();
        used > most
    };
    match text.find(is_over) {
        Some(at) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// Without the colours of a terminal.
pub(crate) fn colourless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("\x1b[") {
        out.push_str(before);
        let is_digit = |c: char| c.is_ascii_digit() || c == ';';
        let behind = behind.trim_start_matches(is_digit);
        rest = behind.strip_prefix('m').unwrap_or(behind);
    }
    out + rest
}

/// Escaped for HTML and XML, in attributes too.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

fn is_harmful(c: char) -> bool {
    // XML 1.0 has no way to say U+FFFE and U+FFFF.
    let is_hidden = matches!(u32::from(c),
        0xAD | 0x61C | 0x180E | 0x200B..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0xFE00..=0xFE0F | 0xFEFF | 0xFFF0..=0xFFFF
            | 0xE0000..=0xE0FFF);
    c.is_control() || is_hidden && c != '\u{fffd}'
}

#[cfg(test)]
mod tests {
    use super::{colourless, cut, harmless, markup, one_line};

    #[test]
    fn nothing_is_left_that_turns_hides_or_rings() {
        let text = "a\u{1b}[31m\u{7}\r\n\u{202e}b\u{200b}\u{ffff}\u{9b}\tc";
        let plain = harmless(text);
        assert_eq!(
            plain,
            "a\\u{1b}[31m\\u{7}\\u{d}\n\\u{202e}b\\u{200b}\\u{ffff}\\u{9b}\tc"
        );
        assert!(!one_line(text).contains(['\n', '\t']));
    }

    #[test]
    fn a_cut_is_seen_and_keeps_to_the_limit() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "abc…");
        // Two UTF-16 units.
        assert_eq!(cut("a😀b", 2), "a…");
    }

    #[test]
    fn only_colours_are_taken_out() {
        assert_eq!(
            colourless("\x1b[31;1mfail\x1b[0m \x1b]0;x"),
            "fail \x1b]0;x"
        );
        assert_eq!(colourless("\x1b[2J"), "J");
    }

    #[test]
    fn markup_cannot_be_left() {
        assert_eq!(markup("</pre>\"'&"), "&lt;/pre&gt;&quot;&#39;&amp;");
    }
}
