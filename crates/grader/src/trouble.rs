//! Why something could not be judged: nothing that a learner's program did.

use std::fmt;

/// One line, and whose turn it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    says: String,
    is_usage: bool,
}

impl Trouble {
    /// What was asked for cannot be meant.
    pub fn usage(says: impl Into<String>) -> Self {
        Self { says: says.into(), is_usage: true }
    }

    /// It was meant, and could not be done.
    pub fn failed(says: impl Into<String>) -> Self {
        Self { says: says.into(), is_usage: false }
    }

    /// Whether another command line would do.
    pub fn is_usage(&self) -> bool {
        self.is_usage
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.says)
    }
}

impl std::error::Error for Trouble {}
