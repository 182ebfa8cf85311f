//! How far a submission is contained: what is asked for, what this machine
//! offers, and judging that far.

use std::env;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use grader::{Built, Containment, Exercise, Judged, Options, Trouble};
use sandbox::{Outside, Told, run_inside};

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

    /// Whether it can be meant.
    ///
    /// # Errors
    /// If what is asked for contradicts itself.
    pub(crate) fn check(&self) -> Result<(), Trouble> {
        let is_below =
            |asked: Level, required: Level| asked as u8 > required as u8;
        match (self.contain, self.require_containment) {
            (Some(asked), Some(required)) if is_below(asked, required) => Err(
                Trouble::usage("--contain is less than --require-containment"),
            ),
            _ => Ok(()),
        }
    }

    /// The level at which a submission is built.
    ///
    /// # Errors
    /// If this machine has none, or what is asked for contradicts itself.
    pub(crate) fn of_build(&self) -> Result<Containment, Trouble> {
        self.check()?;
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

    /// The least that counts where nobody watches: partial, unless somebody
    /// asks for another level.
    pub(crate) fn least(&self) -> Containment {
        match (self.require_containment, self.contain) {
            (Some(Level::Full), _) | (None, Some(Level::Full)) => {
                Containment::Full
            }
            (Some(Level::None), _) | (None, Some(Level::None)) => {
                Containment::None
            }
            _ => Containment::Partial,
        }
    }

    /// Judges what was built, contained that far. The process must have one
    /// thread; whoever judges inside tells this one, and prints and writes
    /// nothing else than `tell_works` does, of which `grader::judge`
    /// says when it is called.
    ///
    /// # Errors
    /// If what is asked for cannot be had, or no judgement came out.
    pub(crate) fn judge(
        &self,
        exercise: &Exercise,
        built: Built,
        options: Options,
        tell_works: &dyn Fn(),
    ) -> Result<Judged, Trouble> {
        let judge = |built, contained| {
            let options = Options { contained, ..options };
            grader::judge(exercise, built, options, tell_works)
        };
        match self.contain {
            Some(Level::None) => return judge(built, Containment::None),
            Some(Level::Partial) => return judge(built, Containment::Partial),
            _ => {}
        }
        // Nothing runs: nothing has to be contained.
        if !built.is_program() {
            return judge(built, Containment::Partial);
        }
        let mut needed: Vec<PathBuf> = built.programs();
        needed.extend(env::current_exe());
        needed.extend(env::current_dir());
        let inside = built.clone();
        let told = run_inside(&needed, |to| {
            tell(to, judge(inside, Containment::Full))
        });
        match told {
            Ok(told) => heard(&told),
            Err(error) if self.must_be_full() => Err(Trouble::failed(format!(
                "a submission cannot be contained fully here: {error}; `cargo \
                 doctor` says what would help"
            ))),
            Err(_) => judge(built, Containment::Partial),
        }
    }

    fn must_be_full(&self) -> bool {
        self.contain == Some(Level::Full)
            || self.require_containment == Some(Level::Full)
    }
}

/// Inside: what came of it, as one line of JSON; the exit code.
fn tell(to: File, judged: Result<Judged, Trouble>) -> u8 {
    let judged = judged.map_err(|trouble| trouble.to_string());
    let mut to = BufWriter::new(to);
    let told = serde_json::to_writer(&mut to, &judged);
    u8::from(told.is_err() || to.flush().is_err())
}

/// Outside: what came of it.
fn heard(told: &Told) -> Result<Judged, Trouble> {
    let none =
        |why: String| Trouble::failed(format!("{why}: there is no verdict"));
    match told.end {
        Outside::Code(0) => {}
        Outside::Code(code) => {
            return Err(none(format!("whoever judged ended with {code}")));
        }
        Outside::Signal(signal) => {
            return Err(none(format!(
                "whoever judged was killed by signal {signal}"
            )));
        }
    }
    let judged: Result<Judged, String> = serde_json::from_slice(&told.said)
        .map_err(|error| {
            none(format!("whoever judged was cut off: {error}"))
        })?;
    judged.map_err(Trouble::failed)
}
