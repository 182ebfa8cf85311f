//! An error is one line: what was attempted, on what, and the kernel's word.

use std::error::Error as StdError;
use std::fmt::{self, Display};

use crate::trouble;

/// What every function of a lesson returns.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a demo could not go on. Printed once, as one line, where it ends.
#[derive(Debug)]
pub struct Error {
    text: String,
    pub(crate) exit_code: u8,
    /// Whether an executed program has told it in its own words.
    pub(crate) is_told: bool,
}

impl Error {
    /// A failure of the run: exit code 1.
    pub fn new(text: impl Into<String>) -> Self {
        trouble::meet_error();
        Self { text: text.into(), exit_code: 1, is_told: false }
    }

    /// A wrong argument: exit code 2.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { exit_code: 2, ..Self::new(text) }
    }

    /// A child process ended with an exit code that says failure.
    pub(crate) fn of_a_child() -> Self {
        let text = "a child process failed".to_owned();
        let is_told = trouble::is_unmet();
        Self { text, exit_code: 1, is_told }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// `Error` itself is no `std::error::Error`: that would make this `From`
// overlap with the one that turns a value into itself.
impl<E: StdError> From<E> for Error {
    fn from(error: E) -> Self {
        Self::new(error.to_string())
    }
}

/// Says what was attempted when a call fails.
pub trait Context<T> {
    /// `fork().context("cannot fork the worker")?` ends as the line
    /// `lesson-…: cannot fork the worker: EAGAIN: Try again`.
    fn context(self, attempted: impl Display) -> Result<T>;
}

impl<T, E: StdError> Context<T> for std::result::Result<T, E> {
    fn context(self, attempted: impl Display) -> Result<T> {
        self.map_err(|error| Error::new(format!("{attempted}: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_operation_and_the_reason() {
        let failed: std::result::Result<(), _> = Err(nix::Error::EAGAIN);
        let error = failed.context("cannot fork the worker").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot fork the worker: EAGAIN: Try again"
        );
        assert_eq!(error.exit_code, 1);
    }

    #[test]
    fn a_wrong_argument_ends_with_exit_code_2() {
        assert_eq!(Error::usage("there is no demo 'x'").exit_code, 2);
    }
}
