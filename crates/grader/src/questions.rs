//! `expect.toml`: what an exercise asks. VOCABULARY.md explains each word.

use std::collections::BTreeMap;

use observer::Plan;
use serde::Deserialize;
use toml::Spanned;

use crate::content::{Content, File};
use crate::expected::{After, Exit, Expected, Stderr};
use crate::parameters::Parameters;
use crate::pattern::Pattern;
use crate::selector::Processes;

/// An exercise's `expect.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Questions {
    /// Its title, one line.
    pub title: String,
    /// How hard it is, 1 to 5.
    pub level: Level,
    /// How long it takes somebody who has read the lesson.
    pub minutes: u32,
    /// The lessons that must come before, beside its own.
    #[serde(default)]
    pub needs: Vec<Spanned<String>>,
    /// What the two marks are worth.
    pub points: Points,
    /// When a run is ended.
    #[serde(default)]
    pub limits: Limits,
    /// The programs that may be executed, beside the helpers.
    #[serde(default)]
    pub programs: Vec<String>,
    /// Standing rules that do not hold here.
    #[serde(default)]
    pub except: Vec<Spanned<String>>,
    /// The task's rules, for all runs.
    #[serde(default)]
    pub rules: Parameters,
    /// The runs: at least one.
    pub run: Vec<RunQuestion>,
    /// How they are perturbed.
    #[serde(default)]
    pub plan: Vec<PlanQuestion>,
}

/// 1 to 5.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize)]
#[serde(try_from = "u8")]
pub struct Level(pub u8);

impl TryFrom<u8> for Level {
    type Error = String;

    fn try_from(level: u8) -> Result<Self, String> {
        match level {
            1..=5 => Ok(Self(level)),
            _ => Err(format!("a level is 1 to 5, not {level}")),
        }
    }
}

/// What the two marks are worth.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Points {
    /// Of the mark `works`.
    pub works: u32,
    /// Of the mark `robust`, in addition.
    pub robust: u32,
}

/// When a run is ended.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Milliseconds. A hang is explained long before.
    pub wall_ms: u64,
    /// Processes created over the whole run.
    pub processes: usize,
    /// Bytes on standard output and error.
    pub output: u64,
    /// Bytes of memory of all processes at one time.
    pub memory: u64,
    /// Milliseconds of CPU time of all processes.
    pub cpu_ms: u64,
    /// Threads at one time, the first of each process included.
    pub threads: usize,
    /// Bytes of each file, of all files in its folder, and of all that have
    /// no name any more. Of files in its folder there may be 1,000.
    pub files: u64,
    /// Open descriptors of all processes at one time.
    pub descriptors: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            wall_ms: 5_000,
            processes: 64,
            output: 1 << 20,
            memory: 512 << 20,
            cpu_ms: 3_000,
            threads: 256,
            files: 64 << 20,
            descriptors: 4096,
        }
    }
}

/// Which of the two marks something belongs to.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Deserialize,
    serde::Serialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// The program does what the task says. It unlocks the next exercise.
    #[default]
    Works,
    /// It does so whatever happens around it.
    Robust,
}

/// One `[[run]]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunQuestion {
    /// Its name, for the verdict.
    pub name: Spanned<String>,
    /// What goes behind the program's name.
    #[serde(default)]
    pub arguments: Vec<Content>,
    /// What lies in its folder before.
    #[serde(default)]
    pub files: BTreeMap<String, File>,
    /// Variables that it finds.
    #[serde(default)]
    pub environment: BTreeMap<String, Content>,
    /// POSIX message queues that exist before, with one message in each.
    #[serde(default)]
    pub queues: BTreeMap<String, Content>,
    /// Helpers that run beside it, started before.
    #[serde(default, rename = "helper")]
    pub helpers: Vec<HelperQuestion>,
    /// Its standard input; nothing, if it is not given.
    #[serde(default)]
    pub stdin: Option<Content>,
    /// What one says to it; then there is no `stdin`.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What it has to print.
    #[serde(default)]
    pub stdout: Expected,
    /// What it may say on standard error.
    #[serde(default)]
    pub stderr: Stderr,
    /// How it has to end.
    #[serde(default)]
    pub exit: Exit,
    /// What has to lie in its folder behind it.
    #[serde(default)]
    pub after: BTreeMap<String, After>,
    /// In how many milliseconds it has to be over.
    #[serde(default)]
    pub within_ms: Option<u64>,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
    /// Rules for this run, in place of the same ones for all.
    #[serde(default)]
    pub rules: Parameters,
}

/// A program that runs beside the learner's.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelperQuestion {
    /// The name by which patterns and arguments know it.
    pub name: Spanned<String>,
    /// The file in `helpers/`, without `.rs`.
    pub program: Spanned<String>,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<Content>,
}

/// One thing that the grader does in a dialogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Waits for a line of this form on standard output.
    Await(Pattern),
    /// Sends this to standard input.
    Send(Content),
    /// Ends standard input.
    Close(Stdin),
    /// Reads states from /proc.
    States(States),
    /// Sends a signal.
    Signal(SignalStep),
}

/// `"stdin"`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stdin {
    /// The only stream that the grader can end.
    Stdin,
}

/// The states that some processes have to be in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct States {
    /// Whose.
    pub of: Processes,
    /// A letter for each, in any order: `RSTZ`.
    pub letters: String,
}

/// A signal to one process.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalStep {
    /// `SIGTERM`.
    pub name: String,
    /// To whom.
    pub to: Processes,
}

/// One `[[plan]]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanQuestion {
    /// Plans of the observer; each is a run of its own. `SEED` stands for a
    /// number that `--seed` decides.
    pub acts: Vec<PlanText>,
    /// Which runs; all, if none are named.
    #[serde(default)]
    pub runs: Vec<Spanned<String>>,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
    /// What is expected then.
    #[serde(default)]
    pub then: Then,
    /// What is asked by it, for the verdict.
    #[serde(default)]
    pub asks: Option<String>,
    /// What it has to print then, if it is not the same.
    #[serde(default)]
    pub stdout: Option<Expected>,
    /// How it has to end then, if it is not the same.
    #[serde(default)]
    pub exit: Option<Exit>,
    /// What has to lie in the folder behind it, if it is not the same.
    #[serde(default)]
    pub after: Option<BTreeMap<String, After>>,
}

/// What a perturbed run is expected to do.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Then {
    /// The same as the undisturbed one.
    #[default]
    Same,
    /// Report on standard error, end with a failure, leave nothing behind.
    Failure,
}

/// A plan, whose seeds may be open.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub struct PlanText(String);

/// What stands for a number that `--seed` decides.
const SEED: &str = "SEED";

impl TryFrom<String> for PlanText {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let plan = Self(text);
        plan.text(1).parse::<Plan>().map_err(|bad| bad.to_string())?;
        Ok(plan)
    }
}

impl PlanText {
    fn text(&self, seed: u64) -> String {
        self.0.replace(SEED, &seed.to_string())
    }

    /// The plan with that seed.
    pub fn with(&self, seed: u64) -> Plan {
        self.text(seed).parse().expect("it was one with another seed")
    }
}
