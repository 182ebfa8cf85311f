//! The name of a process that is the same in every run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The path of creation: the first process is `A`, the k-th child that X
/// created is `X.k`, counted from 1.
///
/// Ordered as a tree is read, depth first: `A.2` before `A.10`, both behind
/// `A.1.7`.
#[derive(
    Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct Who(Vec<u32>);

/// Not the name of a process: `A`, or `A.` and numbers with dots between.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BadWho(String);

impl Who {
    /// `A`, the first process of a run.
    pub fn first() -> Self {
        Self(Vec::new())
    }

    /// The k-th child that this process creates, from 1.
    #[must_use]
    pub fn child(&self, k: u32) -> Self {
        let mut path = self.0.clone();
        path.push(k);
        Self(path)
    }

    /// Who created it; `None` for the first process.
    pub fn parent(&self) -> Option<Self> {
        let (_, path) = self.0.split_last()?;
        Some(Self(path.to_vec()))
    }

    /// How many creations lie between it and the first process.
    pub fn depth(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("A")?;
        self.0.iter().try_for_each(|k| write!(f, ".{k}"))
    }
}

impl FromStr for Who {
    type Err = BadWho;

    fn from_str(text: &str) -> Result<Self, BadWho> {
        let bad = || BadWho(text.to_owned());
        let mut parts = text.split('.');
        if parts.next() != Some("A") {
            return Err(bad());
        }
        parts
            .map(|part| match part.parse() {
                Ok(k) if k > 0 => Ok(k),
                _ => Err(bad()),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

impl TryFrom<String> for Who {
    type Error = BadWho;

    fn try_from(text: String) -> Result<Self, BadWho> {
        text.parse()
    }
}

impl From<Who> for String {
    fn from(who: Who) -> Self {
        who.to_string()
    }
}

impl fmt::Display for BadWho {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' names no process: A, A.1, A.1.2 …", self.0)
    }
}

impl std::error::Error for BadWho {}

#[cfg(test)]
mod tests {
    use super::Who;

    #[test]
    fn a_name_is_the_path_of_creation() {
        let who: Who = "A.2.1".parse().unwrap();
        assert_eq!(who, Who::first().child(2).child(1));
        assert_eq!(who.to_string(), "A.2.1");
        assert_eq!(who.parent(), Some(Who::first().child(2)));
        assert_eq!((Who::first().parent(), who.depth()), (None, 2));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "B", "A.", "A.0", "A.x", "A..1", "A.-1", "A.1.", "a"] {
            assert!(text.parse::<Who>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_ordered_as_a_tree_is_read() {
        let mut names: Vec<Who> = ["A.10", "A.2", "A", "A.1.7", "A.1"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect();
        names.sort();
        let names: Vec<String> = names.iter().map(Who::to_string).collect();
        assert_eq!(names, ["A", "A.1", "A.1.7", "A.2", "A.10"]);
    }
}
