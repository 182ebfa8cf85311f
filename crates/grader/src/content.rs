//! Bytes that `expect.toml` gives: files, arguments, standard input.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStringExt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::place::Place;

/// As many bytes may `repeat` make.
const MOST: usize = 64 << 20;

/// Some bytes: a text, `{ repeat = "text", times = 1000 }`, or `{ bytes =
/// [255, 0] }`.
///
/// In arguments and variables, `{folder}`, `{id}` and `{helper NAME}` are
/// replaced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content(Bytes);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Bytes {
    Text(String),
    Repeated(String, usize),
    Raw(Vec<u8>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    repeat: Option<String>,
    times: Option<usize>,
    bytes: Option<Vec<u8>>,
}

impl Content {
    /// The bytes.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.0 {
            Bytes::Text(text) => text.as_bytes().into(),
            Bytes::Repeated(text, times) => {
                text.repeat(*times).into_bytes().into()
            }
            Bytes::Raw(bytes) => bytes.into(),
        }
    }

    /// The text, as it stands in the file; empty if it is none.
    pub(crate) fn text(&self) -> &str {
        match &self.0 {
            Bytes::Text(text) => text,
            Bytes::Repeated(..) | Bytes::Raw(_) => "",
        }
    }

    /// As an argument or variable, with its places filled in.
    pub(crate) fn filled(
        &self,
        place: &Place,
        helpers: &[(String, String)],
    ) -> OsString {
        let Bytes::Text(text) = &self.0 else {
            return OsString::from_vec(self.bytes().into_owned());
        };
        let folder = place.folder();
        let mut text = text
            .replace("{folder}", &folder.to_string_lossy())
            .replace("{id}", &place.id());
        for (name, said) in helpers {
            text = text.replace(&format!("{{helper {name}}}"), said);
        }
        text.into()
    }

    fn of_table(table: Table) -> Result<Self, &'static str> {
        Ok(Self(match table {
            Table { repeat: Some(text), times: Some(times), bytes: None } => {
                match text.len().checked_mul(times) {
                    Some(length) if length <= MOST => {
                        Bytes::Repeated(text, times)
                    }
                    _ => return Err("at most 64 MiB may be repeated"),
                }
            }
            Table { repeat: None, times: None, bytes: Some(bytes) } => {
                Bytes::Raw(bytes)
            }
            _ => return Err("either repeat and times, or bytes"),
        }))
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self(Bytes::Text(text))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Bytes::Raw(bytes))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Content;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, { repeat, times }, or { bytes }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
                Ok(text.to_owned().into())
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<Content, A::Error> {
                let table =
                    Table::deserialize(MapAccessDeserializer::new(map))?;
                Content::of_table(table).map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

/// A file that lies in a run's folder: content alone, or a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct File {
    /// What it is.
    pub(crate) kind: FileKind,
    /// Its permissions.
    pub(crate) mode: u32,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum FileKind {
    Plain(Content),
    Folder,
    /// A copy of this helper's program.
    Helper(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    content: Option<Content>,
    folder: Option<bool>,
    helper: Option<String>,
    mode: Option<u32>,
}

impl File {
    fn of_table(table: FileTable) -> Result<Self, &'static str> {
        let (kind, mode) = match table {
            FileTable {
                content: Some(it), folder: None, helper: None, ..
            } => (FileKind::Plain(it), 0o644),
            FileTable {
                content: None,
                folder: Some(true),
                helper: None,
                ..
            } => (FileKind::Folder, 0o755),
            FileTable {
                content: None, folder: None, helper: Some(it), ..
            } => (FileKind::Helper(it), 0o755),
            _ => return Err("one of content, folder = true, helper"),
        };
        Ok(Self { kind, mode: table.mode.unwrap_or(mode) })
    }
}

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = File;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or { content, folder, helper, mode }")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<File, E> {
                let content = text.to_owned().into();
                Ok(File { kind: FileKind::Plain(content), mode: 0o644 })
            }

            fn visit_map<A: MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<File, A::Error> {
                let table =
                    FileTable::deserialize(MapAccessDeserializer::new(map))?;
                File::of_table(table).map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}
