//! Where verdicts go: a terminal, a job's log, a file in the format of some
//! other system.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::SystemTime;

use clap::ValueEnum;
use grader::{Exercise, Trouble, Verdict};
use report::{Entry, Sheet, Submission};

pub(crate) const NOT_PASSED: u8 = 1;
pub(crate) const COULD_NOT: u8 = 3;
/// GitHub drops a summary of more than a mebibyte whole.
const SUMMARY: usize = 1_000_000;

/// How verdicts are told.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// In words
    Human,
    /// As one JSON object for each exercise, on a line of its own
    Json,
    /// As annotations for GitHub Actions; the summary of the job is appended
    /// to the file that GITHUB_STEP_SUMMARY names, or is the report
    Github,
    /// As result.json for classroom50, of the submission in the environment
    Classroom50,
    /// As results.json for Gradescope
    Gradescope,
    /// As JUnit XML
    Junit,
}

/// Where verdicts go, and in which form.
#[derive(Debug)]
pub(crate) struct Reports<'a> {
    pub(crate) format: Format,
    /// The format's own file; standard output is for people then.
    pub(crate) file: Option<&'a Path>,
    /// Whether every finding is told in full.
    pub(crate) is_full: bool,
}

impl Reports<'_> {
    /// Whether standard output is in words.
    pub(crate) fn is_for_people(&self) -> bool {
        match self.format {
            Format::Human => true,
            Format::Github => false,
            _ => self.file.is_some(),
        }
    }

    /// What can be told as soon as one exercise is judged.
    pub(crate) fn tell(&self, entry: &Entry) -> Result<(), Trouble> {
        if self.is_for_people() {
            return say(&match entry.verdict() {
                Some(verdict) => grader::human(verdict, self.is_full),
                None => entry.told(),
            });
        }
        match self.format {
            Format::Json => say(&report::json(entry)),
            _ => Ok(()),
        }
    }

    /// What can be told when all are.
    pub(crate) fn finish(&self, sheet: &Sheet) -> Result<(), Trouble> {
        let text = match self.format {
            Format::Human => sheet.entries.iter().map(Entry::told).collect(),
            Format::Json => sheet.entries.iter().map(report::json).collect(),
            Format::Junit => report::junit(sheet, SystemTime::now()),
            Format::Gradescope => report::gradescope(sheet).map_err(failed)?,
            Format::Classroom50 => {
                let submission = Submission::of(|it| env::var(it).ok());
                let submission = submission.map_err(Trouble::usage)?;
                report::classroom50(sheet, &submission, SystemTime::now())
                    .map_err(failed)?
            }
            Format::Github => return self.finish_github(sheet),
        };
        match (self.file, self.format) {
            (Some(file), _) => write(file, &text),
            (None, Format::Human | Format::Json) => Ok(()), // told already
            (None, _) => say(&text),
        }
    }

    fn finish_github(&self, sheet: &Sheet) -> Result<(), Trouble> {
        say_raw(&report::annotations(sheet))?;
        if let Some(file) = self.file {
            return write(file, &report::summary(sheet, SUMMARY));
        }
        let Some(file) = env::var_os("GITHUB_STEP_SUMMARY") else {
            return Ok(());
        };
        if file.is_empty() {
            return Ok(());
        }
        let file = PathBuf::from(file);
        let append = || {
            let mut to =
                OpenOptions::new().append(true).create(true).open(&file)?;
            let used = to.metadata()?.len().try_into().unwrap_or(usize::MAX);
            let room = SUMMARY.saturating_sub(used);
            to.write_all(report::summary(sheet, room).as_bytes())
        };
        append().map_err(|error| cannot_write(&file, &error))
    }

    /// What the consumer of the format reads from the exit code. To those who
    /// read points, a learner's failure is a success of the grader.
    pub(crate) fn exit_code(&self, sheet: &Sheet) -> ExitCode {
        let entries = &sheet.entries;
        let are_points =
            matches!(self.format, Format::Classroom50 | Format::Gradescope);
        let is_failed = |it: &Entry| !it.is_passed() && !it.is_undecided();
        if !are_points && entries.iter().any(is_failed) {
            ExitCode::from(NOT_PASSED)
        } else if entries.iter().any(Entry::is_undecided) {
            ExitCode::from(COULD_NOT)
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// The verdicts that an earlier `--format json` has printed.
pub(crate) fn read(file: &Path) -> Result<Sheet, Trouble> {
    let text = match file.to_str() {
        Some("-") => io::read_to_string(io::stdin()),
        _ => fs::read_to_string(file),
    };
    let shown = file.display();
    let text = text
        .map_err(|it| Trouble::usage(format!("cannot read {shown}: {it}")))?;
    Sheet::read(&text).map_err(|it| Trouble::usage(format!("{shown}: {it}")))
}

/// The learner's file as GitHub names it: from the top of the repository.
pub(crate) fn in_repository(source: &Path) -> String {
    let top = env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let path = top.and_then(|top| {
        let path = source.canonicalize().ok()?;
        Some(path.strip_prefix(top.canonicalize().ok()?).ok()?.to_owned())
    });
    path.as_deref().unwrap_or(source).to_string_lossy().into_owned()
}

/// Prints what people read. A runner obeys lines of its job's log, and a
/// verdict quotes strangers.
pub(crate) fn say(text: &str) -> Result<(), Trouble> {
    say_raw(&for_log(text))
}

/// The same, to standard error.
pub(crate) fn warn(text: &str) {
    let text = for_log(text);
    anstream::eprint!("{text}");
}

fn for_log(text: &str) -> String {
    match env::var_os("GITHUB_ACTIONS") {
        Some(_) => report::log(text),
        None => text.to_owned(),
    }
}

fn say_raw(text: &str) -> Result<(), Trouble> {
    let mut stdout = anstream::stdout();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(
        |error| Trouble::failed(format!("cannot print the verdict: {error}")),
    )
}

/// Writes a file whole or not at all; what is no plain file is written to.
fn write(file: &Path, text: &str) -> Result<(), Trouble> {
    let is_special = file.metadata().is_ok_and(|it| !it.is_file());
    let attempt = || {
        if is_special {
            return fs::write(file, text);
        }
        let mut name = file.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}", std::process::id()));
        let draft = file.with_file_name(name);
        let done =
            fs::write(&draft, text).and_then(|()| fs::rename(&draft, file));
        if done.is_err() {
            fs::remove_file(&draft).ok();
        }
        done
    };
    attempt().map_err(|error| cannot_write(file, &error))
}

fn cannot_write(file: &Path, error: &io::Error) -> Trouble {
    let file = file.display();
    Trouble::failed(format!("cannot write the report {file}: {error}"))
}

fn failed(unjudged: report::Unjudged) -> Trouble {
    Trouble::failed(unjudged.to_string())
}

/// Why there can be no verdict on a file that is there.
pub(crate) fn no_program(
    exercise: &Exercise,
    source: &Path,
    seed: u64,
) -> Option<Verdict> {
    let says = match source.symlink_metadata() {
        Ok(it) if it.is_file() => return None,
        Ok(it) if it.is_symlink() && source.is_file() => return None,
        Ok(_) => format!("{} is no file\n", source.display()),
        Err(error) => {
            format!("cannot read {}: {error}\n", source.display())
        }
    };
    Some(Verdict::no_program(exercise, seed, says))
}
