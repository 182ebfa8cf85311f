//! Verdicts in the formats that an instructor's systems read.
//!
//! A [`Sheet`] holds what became of some exercises: just judged, or read back
//! from the JSON Lines that `cargo grade --format json` prints. Each format is
//! a function from a sheet to text: [`json`], [`junit()`], [`gradescope()`],
//! [`classroom50()`], and for GitHub Actions [`annotations`] and [`summary()`].
//!
//! What could not be judged is never a zero: JUnit calls it an error, GitHub
//! is told so, and a format that knows points alone gets no report, which its
//! consumer shows as an error of the grader ([`Unjudged`]).
//!
//! Verdicts quote what submissions printed, named and wrote. None of it means
//! anything to the consumer: control characters and those that turn or hide
//! text are shown as escapes, and the format's own signs are escaped.
//!
//! ```
//! use report::Sheet;
//!
//! let line = r#"{"exercise":"pipes-relay","verdict":"not-begun","of":10}"#;
//! let sheet = Sheet::read(line)?;
//! assert!(report::gradescope(&sheet)?.contains("\"max_score\": 10"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod annotation;
mod classroom50;
mod date;
mod gradescope;
mod junit;
mod plain;
mod sheet;
mod summary;

pub use annotation::{annotations, log};
pub use classroom50::{Submission, classroom50};
pub use gradescope::gradescope;
pub use junit::junit;
pub use sheet::{Entry, Outcome, Picture, Sheet, Unjudged, json};
pub use summary::summary;
