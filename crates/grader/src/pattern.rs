//! One line of output as `expect.toml` has it: text, and what may vary.

use serde::Deserialize;
use trace::Who;

/// The text of a line, with places for what a run decides.
///
/// | place | stands for |
/// |---|---|
/// | `{pid}` | the id of the process that wrote the line |
/// | `{parent}` | the id of that process's creator |
/// | `{pid A.1}` | the id of A.1 |
/// | `{helper NAME}` | what the helper said on its first line |
/// | `{folder}` | the run's folder |
/// | `{id}` | what no other run at its time is called |
/// | `{number}` | digits |
/// | `{word}` | anything without a blank, at least one character |
/// | `{any}` | anything, also nothing |
///
/// A brace itself is written twice.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    Text(String),
    Pid(Option<Who>),
    Parent,
    Helper(String),
    Folder,
    Id,
    Number,
    Word,
    Any,
}

/// What the places of a pattern stand for in a run.
pub trait Names {
    /// The id of that process; of the writer, if none is named.
    fn pid(&self, who: Option<&Who>) -> Option<i32>;
    /// The id of the writer's creator.
    fn parent(&self) -> Option<i32>;
    /// What that helper said on its first line.
    fn helper(&self, name: &str) -> Option<&str>;
    /// The run's folder.
    fn folder(&self) -> &str;
    /// What no other run at its time is called.
    fn id(&self) -> &str;
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains('\n') {
            return Err("a pattern is one line".to_owned());
        }
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.as_str();
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(behind) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = behind;
                continue;
            }
            let Some((name, behind)) = rest.split_once('}') else {
                return Err(format!(
                    "'{text}': a single brace; write it twice"
                ));
            };
            if brace == "}" {
                return Err(format!(
                    "'{text}': a single brace; write it twice"
                ));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(place(name)?);
            rest = behind;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { text, parts })
    }
}

fn place(name: &str) -> Result<Part, String> {
    let words: Vec<&str> = name.split_whitespace().collect();
    Ok(match words.as_slice() {
        ["pid"] => Part::Pid(None),
        ["pid", who] => Part::Pid(Some(
            who.parse().map_err(|bad: trace::BadWho| bad.to_string())?,
        )),
        ["parent"] => Part::Parent,
        ["helper", helper] => Part::Helper((*helper).to_owned()),
        ["folder"] => Part::Folder,
        ["id"] => Part::Id,
        ["number"] => Part::Number,
        ["word"] => Part::Word,
        ["any"] => Part::Any,
        _ => {
            return Err(format!(
                "there is no place {{{name}}}: {{pid}}, {{pid A.1}}, \
                 {{parent}}, {{helper NAME}}, {{folder}}, {{id}}, \
                 {{number}}, {{word}}, {{any}}"
            ));
        }
    })
}

impl Pattern {
    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The helpers that it names.
    pub(crate) fn helpers(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Helper(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// Whether a line (without its end) is of this form.
    pub fn matches(&self, line: &str, names: &dyn Names) -> bool {
        matches(&self.parts, line, names)
    }

    /// The text with its places filled in, as far as the run decides them.
    pub fn filled(&self, names: &dyn Names) -> String {
        let fill = |part: &Part| match part {
            Part::Number | Part::Word | Part::Any => "…".to_owned(),
            part => fixed(part, names).unwrap_or_else(|| "?".to_owned()),
        };
        self.parts.iter().map(fill).collect()
    }
}

fn fixed(part: &Part, names: &dyn Names) -> Option<String> {
    match part {
        Part::Text(text) => Some(text.clone()),
        Part::Pid(who) => names.pid(who.as_ref()).map(|pid| pid.to_string()),
        Part::Parent => names.parent().map(|pid| pid.to_string()),
        Part::Helper(name) => names.helper(name).map(str::to_owned),
        Part::Folder => Some(names.folder().to_owned()),
        Part::Id => Some(names.id().to_owned()),
        Part::Number | Part::Word | Part::Any => None,
    }
}

fn matches(parts: &[Part], line: &str, names: &dyn Names) -> bool {
    let Some((part, rest)) = parts.split_first() else {
        return line.is_empty();
    };
    let is_of_it: fn(char) -> bool = match part {
        Part::Number => |c| c.is_ascii_digit(),
        Part::Word => |c| !c.is_whitespace(),
        Part::Any => |_| true,
        part => {
            return fixed(part, names)
                .and_then(|text| line.strip_prefix(text.as_str()))
                .is_some_and(|line| matches(rest, line, names));
        }
    };
    let least = usize::from(*part != Part::Any);
    let ends = line.char_indices().map(|(at, c)| at + c.len_utf8());
    let longest: Vec<usize> = std::iter::once(0)
        .chain(ends)
        .take_while(|end| line[..*end].chars().all(is_of_it))
        .collect();
    longest
        .into_iter()
        .skip(least)
        .rev()
        .any(|end| matches(rest, &line[end..], names))
}

#[cfg(test)]
mod tests {
    use super::{Names, Pattern};
    use trace::Who;

    struct Run;

    impl Names for Run {
        fn pid(&self, who: Option<&Who>) -> Option<i32> {
            match who.map(Who::to_string).as_deref() {
                None => Some(12),
                Some("A.1") => Some(31),
                Some(_) => None,
            }
        }
        fn parent(&self) -> Option<i32> {
            Some(7)
        }
        fn helper(&self, name: &str) -> Option<&str> {
            (name == "zombie").then_some("99")
        }
        fn folder(&self) -> &str {
            "/tmp/x"
        }
        fn id(&self) -> &str {
            "7-1"
        }
    }

    fn pattern(text: &str) -> Pattern {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn a_pattern_matches_what_a_run_decides() {
        for (text, line) in [
            ("child {pid} of {parent}", "child 12 of 7"),
            ("{pid A.1}", "31"),
            ("{helper zombie} in {folder}", "99 in /tmp/x"),
            ("{number} items of {id}", "1200 items of 7-1"),
            ("{word} {any}", "ünd "),
            ("{any}a{any}a{any}", "xaya"),
            ("{{}}", "{}"),
            ("", ""),
        ] {
            assert!(pattern(text).matches(line, &Run), "{text}: {line}");
        }
        for (text, line) in [
            ("child {pid}", "child 13"),
            ("child {pid}", "child 123"),
            ("{number}", ""),
            ("{word}", "a b"),
            ("{pid A.2}", "12"),
            ("{helper other}", "99"),
        ] {
            assert!(!pattern(text).matches(line, &Run), "{text}: {line}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for (text, why) in [
            ("{pidd}", "no place {pidd}"),
            ("{pid B}", "names no process"),
            ("{", "write it twice"),
            ("a } b", "write it twice"),
            ("a\nb", "one line"),
        ] {
            let error = Pattern::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
