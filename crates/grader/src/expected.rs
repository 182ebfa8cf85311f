//! What a run is expected to print and leave, and how to end.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::content::Content;
use crate::pattern::Pattern;
use crate::selector::Processes;

/// What has to be printed.
#[derive(Clone, Debug, Default)]
pub enum Expected {
    /// Nobody looks.
    #[default]
    Anything,
    /// These bytes.
    Exactly(Content),
    /// These lines, in this order; a group's lines in any.
    Lines(Vec<Group>),
}

/// Lines whose order among each other is free; mostly one.
#[derive(Clone, Debug)]
pub struct Group(pub Vec<Line>);

/// A line, and who has to write it.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its form.
    pub pattern: Pattern,
    /// Who writes it; anybody, if nobody is named.
    pub by: Option<Processes>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedTable {
    lines: Option<Vec<Item>>,
    set: Option<Vec<Item>>,
    repeat: Option<String>,
    numbered: Option<String>,
    times: Option<usize>,
    bytes: Option<Vec<u8>>,
}

/// A line, or a set of lines.
struct Item(Group);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemTable {
    text: Option<Pattern>,
    by: Option<Processes>,
    set: Option<Vec<Item>>,
}

fn of_table(table: ExpectedTable) -> Result<Expected, String> {
    match table {
        ExpectedTable { lines: Some(lines), set: None, .. } => {
            let groups = lines.into_iter().map(|item| item.0);
            Ok(Expected::Lines(groups.collect()))
        }
        ExpectedTable { lines: None, set: Some(set), .. } => {
            let lines = set.into_iter().flat_map(|item| item.0.0);
            Ok(Expected::Lines(vec![Group(lines.collect())]))
        }
        ExpectedTable { repeat: Some(text), times: Some(times), .. } => {
            Ok(Expected::Exactly(text.repeat(times).into()))
        }
        ExpectedTable { numbered: Some(text), times: Some(times), .. } => {
            let each = (1..=times).map(|k| text.replace("{}", &k.to_string()));
            Ok(Expected::Exactly(each.collect::<String>().into()))
        }
        ExpectedTable { bytes: Some(bytes), .. } => {
            Ok(Expected::Exactly(bytes.into()))
        }
        _ => Err("one of lines, set, repeat or numbered with times, bytes"
            .to_owned()),
    }
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Expected;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a text, { lines }, { set }, { repeat, times }, { numbered, times }, or { bytes }",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Expected, E> {
                Ok(Expected::Exactly(text.to_owned().into()))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Expected, A::Error> {
                let map = MapAccessDeserializer::new(map);
                of_table(ExpectedTable::deserialize(map)?)
                    .map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

fn of_item(table: ItemTable) -> Result<Item, &'static str> {
    match table {
        ItemTable { text: Some(pattern), by, set: None } => {
            Ok(Item(Group(vec![Line { pattern, by }])))
        }
        ItemTable { text: None, by: None, set: Some(set) } => {
            Ok(Item(Group(set.into_iter().flat_map(|it| it.0.0).collect())))
        }
        _ => Err("either text, with or without by, or set"),
    }
}

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Item;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line, { text, by }, or { set }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Item, E> {
                let pattern = text.to_owned().try_into().map_err(E::custom)?;
                Ok(Item(Group(vec![Line { pattern, by: None }])))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Item, A::Error> {
                let map = MapAccessDeserializer::new(map);
                of_item(ItemTable::deserialize(map)?).map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

/// What may come on standard error.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stderr {
    /// Nobody looks.
    #[default]
    Any,
    /// Nothing.
    Empty,
    /// Something: a failure is told.
    Said,
}

/// How a run has to end: `0`, `"SIGTERM"`, `"failure"` (any code but 0).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Exit {
    /// With this code.
    Code(u8),
    /// By this signal.
    Signal(String),
    /// With a code that is not 0.
    Failure,
    /// Nobody looks.
    Any,
}

impl Default for Exit {
    fn default() -> Self {
        Self::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "a death by {signal}"),
            Self::Failure => f.write_str("an exit code other than 0"),
            Self::Any => f.write_str("any end"),
        }
    }
}

impl<'de> Deserialize<'de> for Exit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Exit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("0 to 255, \"failure\", \"any\", or a signal")
            }

            fn visit_i64<E: Error>(self, code: i64) -> Result<Exit, E> {
                u8::try_from(code)
                    .map(Exit::Code)
                    .map_err(|_| E::custom("an exit code is 0 to 255"))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Exit, E> {
                match text {
                    "failure" => Ok(Exit::Failure),
                    "any" => Ok(Exit::Any),
                    _ if text.starts_with("SIG") => {
                        Ok(Exit::Signal(text.to_owned()))
                    }
                    _ => Err(E::custom(
                        "0 to 255, \"failure\", \"any\", or a signal",
                    )),
                }
            }
        }
        from.deserialize_any(Either)
    }
}

/// What has to become of a file: its content, or `{ absent = true }`.
#[derive(Clone, Debug)]
pub enum After {
    /// It holds this.
    Holds(Expected),
    /// It is not there.
    Absent,
    /// It is there; nobody looks into it.
    Present,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AfterTable {
    absent: Option<bool>,
    present: Option<bool>,
    lines: Option<Vec<Item>>,
    set: Option<Vec<Item>>,
    repeat: Option<String>,
    numbered: Option<String>,
    times: Option<usize>,
    bytes: Option<Vec<u8>>,
}

impl AfterTable {
    fn after(self) -> Result<After, String> {
        if self.absent == Some(true) {
            return Ok(After::Absent);
        }
        if self.present == Some(true) {
            return Ok(After::Present);
        }
        let Self { lines, set, repeat, numbered, times, bytes, .. } = self;
        of_table(ExpectedTable { lines, set, repeat, numbered, times, bytes })
            .map(After::Holds)
    }
}

impl<'de> Deserialize<'de> for After {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = After;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a text, { absent = true }, { present = true }, { lines }, \
                     { set }, { repeat, times }, { numbered, times }, or { bytes }",
                )
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<After, E> {
                let content = text.to_owned().into();
                Ok(After::Holds(Expected::Exactly(content)))
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<After, A::Error> {
                let map = MapAccessDeserializer::new(map);
                AfterTable::deserialize(map)?.after().map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

impl Expected {
    /// The patterns of its lines.
    pub(crate) fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        let groups: &[Group] = match self {
            Self::Lines(groups) => groups,
            _ => &[],
        };
        groups.iter().flat_map(|it| &it.0).map(|line| &line.pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::Expected;

    #[test]
    fn an_output_may_be_bytes_or_numbered_lines() {
        let bytes = |text: &str| {
            let table: toml::Table = text.parse().unwrap();
            let expected: Expected =
                table["stdout"].clone().try_into().unwrap();
            match expected {
                Expected::Exactly(content) => content.bytes().into_owned(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(bytes("stdout = { bytes = [255, 0] }"), [255, 0]);
        let numbered = r#"stdout = { numbered = "item {}\n", times = 3 }"#;
        assert_eq!(bytes(numbered), b"item 1\nitem 2\nitem 3\n");
    }
}
