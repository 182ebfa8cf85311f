//! `forklore class merge`: from the shares of a class to the whole.

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use class::Store;
use grader::{Course, Trouble};

use super::publish::Choice;
use super::{COULD_NOT, failed, say};

/// Brings the shares of a class together, and writes its tables and pages.
///
/// Every share has to be there once, and every submission has to have its
/// record: else nothing is merged, and what is missing or doubled is told.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  cargo class merge results --submissions submissions
  cargo class merge results --from node1/results/shard-1-of-2 \\
      --from node2/results/shard-2-of-2

Exit codes: 0 merged, 2 wrong usage, 3 something is missing or doubled.")]
pub(crate) struct Merge {
    /// Where the results go; the shares lie in it, if --from names none
    #[arg(value_name = "OUT")]
    out: PathBuf,
    /// The folder of a share; once for each
    #[arg(long, value_name = "SHARE")]
    from: Vec<PathBuf>,
    /// The folder of the submissions, for class.toml and students.csv in it
    #[arg(long, value_name = "DIR")]
    submissions: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
}

impl Merge {
    pub(crate) fn run(&self) -> Result<ExitCode, Trouble> {
        let here = env::current_dir()
            .map_err(|error| failed("find", Path::new("."), &error))?;
        let ids = Course::around(&here)?.ids()?;
        let folder = self.submissions.as_deref();
        let chosen = self.choice.read(folder.unwrap_or(Path::new("")), &ids)?;
        let store = Store::at(self.out.clone());
        let root = store.root();
        let _hold =
            store.hold().map_err(|error| failed("write to", root, &error))?;
        let shares = match self.from.is_empty() {
            true => class::shares(&store)
                .map_err(|error| failed("read", root, &error))?,
            false => self.from.iter().cloned().map(Store::at).collect(),
        };
        let manifest = match class::merge(&shares, &store) {
            Ok(manifest) => manifest,
            Err(wrong) => {
                for line in &wrong {
                    say(line);
                }
                return Ok(ExitCode::from(COULD_NOT));
            }
        };
        if manifest.has_settings && folder.is_none() {
            return Err(Trouble::usage(
                "marks hang on class.toml or students.csv beside the \
                 submissions: --submissions DIR names their folder"
                    .to_owned(),
            ));
        }
        chosen.check(&manifest.students)?;
        chosen.publish(&store, &manifest, folder)?;
        Ok(ExitCode::SUCCESS)
    }
}
