//! A submission and what its exercise runs beside it, built.

use std::path::{Path, PathBuf};

use crate::compile::{Compiled, Outcome, compile};
use crate::exercise::Exercise;
use crate::judge::Options;
use crate::kit::Kit;
use crate::trouble::Trouble;
use crate::verdict::Containment;

/// A submission that is ready to run, or is not to be.
#[derive(Clone, Debug)]
pub struct Built {
    pub(crate) outcome: Outcome,
    /// Each with its name.
    pub(crate) helpers: Vec<(String, Compiled)>,
}

impl Built {
    /// What must be there when it runs.
    pub fn programs(&self) -> Vec<PathBuf> {
        let helpers = self.helpers.iter().map(|(_, it)| it.program.clone());
        match &self.outcome {
            Outcome::Compiled(own) => {
                helpers.chain([own.program.clone()]).collect()
            }
            Outcome::Refused(_) => helpers.collect(),
        }
    }

    /// Whether there is a program to be run.
    pub fn is_program(&self) -> bool {
        matches!(self.outcome, Outcome::Compiled(_))
    }
}

/// Builds a submission, contained at each level but none, and what its
/// exercise runs beside it.
///
/// # Errors
/// If it cannot be built here: no such file, no compiler, a full disk.
/// Nothing that the source itself is.
pub fn build(
    kit: &Kit,
    exercise: &Exercise,
    source: &Path,
    options: Options,
) -> Result<Built, Trouble> {
    let is_contained = options.contained != Containment::None;
    let outcome = compile(kit, source, options.colour, is_contained)?;
    let helpers = match &outcome {
        Outcome::Compiled(_) => helpers(kit, exercise)?,
        Outcome::Refused(_) => Vec::new(),
    };
    Ok(Built { outcome, helpers })
}

/// The helpers, each with its name.
fn helpers(
    kit: &Kit,
    exercise: &Exercise,
) -> Result<Vec<(String, Compiled)>, Trouble> {
    let build = |name: String| {
        let source = exercise.helper(&name);
        match compile(kit, &source, false, false)? {
            Outcome::Compiled(compiled) => Ok((name, compiled)),
            Outcome::Refused(said) => {
                let source = source.display();
                Err(Trouble::failed(format!("{source} is no program: {said}")))
            }
        }
    };
    exercise.helpers()?.into_iter().map(build).collect()
}
