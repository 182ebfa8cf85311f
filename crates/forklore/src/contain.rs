//! How far a submission is contained: what is asked for, what this machine
//! offers, and the way in.

use std::env;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use grader::{Built, Containment, Trouble};
use sandbox::{Entered, Outside};

/// A level of containment.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Level {
    /// In namespaces of its own, below an init of ours
    Full,
    /// Without namespaces: Landlock, limits, no rights
    Partial,
    /// Not at all: for a program of your own
    None,
}

/// What is asked for.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct Contain {
    /// How far the submission is contained; without it, as far as this
    /// machine allows, but never not at all. The verdict says how far
    #[arg(long, value_name = "LEVEL", value_enum)]
    contain: Option<Level>,
    /// Refuses to judge where less than this can be had
    #[arg(long, value_name = "LEVEL", value_enum)]
    require_containment: Option<Level>,
}

/// Who goes on.
pub(crate) enum Arranged {
    /// This process judges; so far it is contained.
    Here(Containment),
    /// A process in namespaces of its own has judged, with this exit code.
    There(u8),
}

impl Contain {
    /// The same, for another process.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let pairs = [
            ("--contain", self.contain),
            ("--require-containment", self.require_containment),
        ];
        let named = pairs.into_iter().filter_map(|(name, level)| {
            let level = level?.to_possible_value()?;
            Some([name.to_owned(), level.get_name().to_owned()])
        });
        named.flatten().collect()
    }

    /// The level at which a submission is built.
    ///
    /// # Errors
    /// If this machine has none, or what is asked for contradicts itself.
    pub(crate) fn of_build(&self) -> Result<Containment, Trouble> {
        let is_below =
            |asked: Level, required: Level| asked as u8 > required as u8;
        if let (Some(asked), Some(required)) =
            (self.contain, self.require_containment)
            && is_below(asked, required)
        {
            return Err(Trouble::usage(
                "--contain is less than --require-containment",
            ));
        }
        if self.contain == Some(Level::None) {
            return Ok(Containment::None);
        }
        match sandbox::lacks_landlock() {
            None => Ok(Containment::Partial),
            Some(lacks) => Err(Trouble::failed(format!(
                "a submission cannot be contained here: {lacks}; `cargo \
                 doctor` says what would help, and `--contain none` judges a \
                 program of your own without"
            ))),
        }
    }

    /// Goes in, if that is asked for and can be had. The process must have
    /// one thread.
    ///
    /// # Errors
    /// If what is asked for cannot be had.
    pub(crate) fn enter(&self, built: &Built) -> Result<Arranged, Trouble> {
        match self.contain {
            Some(Level::None) => return Ok(Arranged::Here(Containment::None)),
            Some(Level::Partial) => {
                return Ok(Arranged::Here(Containment::Partial));
            }
            _ => {}
        }
        // Nothing runs: nothing has to be contained.
        if !built.is_program() {
            return Ok(Arranged::Here(Containment::Partial));
        }
        let mut needed: Vec<PathBuf> = built.programs();
        needed.extend(env::current_exe());
        needed.extend(env::current_dir());
        match sandbox::enter(&needed) {
            Ok(Entered::Inside) => Ok(Arranged::Here(Containment::Full)),
            Ok(Entered::Over(outside)) => ended(outside).map(Arranged::There),
            Err(error) if self.must_be_full() => Err(Trouble::failed(format!(
                "a submission cannot be contained fully here: {error}; `cargo \
                 doctor` says what would help"
            ))),
            Err(_) => Ok(Arranged::Here(Containment::Partial)),
        }
    }

    fn must_be_full(&self) -> bool {
        self.contain == Some(Level::Full)
            || self.require_containment == Some(Level::Full)
    }
}

fn ended(outside: Outside) -> Result<u8, Trouble> {
    match outside {
        Outside::Code(code) => Ok(code),
        Outside::Signal(signal) => Err(Trouble::failed(format!(
            "whoever judged was killed by signal {signal}: there is no verdict"
        ))),
    }
}
