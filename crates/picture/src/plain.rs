//! Names, paths and arguments are bytes from strangers: what is drawn goes
//! through here first.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The longest text from a trace that a picture repeats, in characters.
const LONGEST: usize = 200;

/// Replaces every character that could move a cursor, start an escape
/// sequence, break a line, turn the direction of writing or show nothing.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (count, character) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if is_plain(character) {
            out.push(character);
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        }
    }
    out
}

fn is_plain(character: char) -> bool {
    // Combining marks have no width of their own; alone they would join the
    // frame of the picture.
    let is_format = matches!(
        u32::from(character),
        0xAD | 0x61C
            | 0x180E
            | 0x200B..=0x200F
            | 0x2028..=0x202E
            | 0x2060..=0x206F
            | 0xD800..=0xF8FF
            | 0xFE00..=0xFE0F
            | 0xFEFF
            | 0xFFF0..=0xFFFB
            | 0xFFFE..=0xFFFF
            | 0xE0000..
    );
    !character.is_control()
        && !is_format
        && character.width().is_some_and(|width| width > 0)
}

/// How many columns a text takes on a terminal.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// The text cut to so many columns, with a mark where it is cut.
pub(crate) fn cut(text: &str, room: usize, ascii: bool) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > room {
            break;
        }
        out.push(character);
    }
    if room > 0 {
        out.push(if ascii { '~' } else { '…' });
    }
    out
}

/// Text made fit for SVG and HTML, inside an attribute too.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

/// JSON made fit for a `<script>` element: no character in it can end the
/// element or open a comment.
pub(crate) fn script(json: &str) -> String {
    json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

/// Without what an ASCII terminal cannot show.
pub(crate) fn ascii(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '…' => '~',
            other if other.is_ascii() => other,
            _ => '?',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{clean, columns, cut, markup, script};

    #[test]
    fn control_characters_are_shown_not_sent() {
        let hostile = "a\x1b[31mb\nc\u{202e}d\u{9b}e\u{301}\0";
        let shown = clean(hostile);
        assert_eq!(
            shown,
            "a\\u{1b}[31mb\\u{a}c\\u{202e}d\\u{9b}e\\u{301}\\u{0}"
        );
        assert!(shown.chars().all(|c| !c.is_control()));
    }

    #[test]
    fn a_cut_text_takes_the_room_it_is_given() {
        for room in 0..12 {
            let text = cut("漢字 receiver", room, false);
            assert!(columns(&text) <= room, "{room}: {text}");
        }
        assert_eq!(cut("receiver", 8, false), "receiver");
        assert_eq!(cut("receiver", 5, true), "rece~");
    }

    #[test]
    fn markup_and_script_cannot_be_left() {
        let hostile = "</script><!-- \" onload='x' & ]]>";
        for out in [markup(hostile), script(hostile)] {
            assert!(!out.contains(['<', '>']), "{out}");
        }
        assert!(!markup(hostile).contains(['"', '\'']));
    }

    #[test]
    fn a_long_text_is_not_repeated_whole() {
        assert!(clean(&"x".repeat(100_000)).len() < 300);
    }
}
