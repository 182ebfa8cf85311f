//! From a source to a verdict.

use std::path::Path;
use std::rc::Rc;

use observer::Plan;
use serde::{Deserialize, Serialize};
use trace::{Event, Level, What};

use crate::belief::{believable, is_of_observing};
use crate::built::Built;
use crate::compile::{Compiled, Outcome};
use crate::exercise::Exercise;
use crate::expected::{Exit, Expected};
use crate::findings::{Findings, is_busy_wait, told_on_stderr};
use crate::history::History;
use crate::place::Program;
use crate::questions::{Limits, Mark, PlanQuestion, RunQuestion, Then};
use crate::record::{Cut, Record};
use crate::rules::{Case, Fault, Kind, RULES, Rule};
use crate::run::Setting;
use crate::trouble::Trouble;
use crate::typed::typed;
use crate::verdict::{Containment, Finding, NotRun, VERSION, Verdict, Word};

use trials::Undisturbed;

mod trials;

/// Milliseconds: as long may every run take, and as much CPU time.
const BRIEF: u64 = 1000;

/// Milliseconds of CPU time for one that has used up its time once.
const ENDLESS: u64 = 300;

/// How a submission is judged.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Decides what looks random in plans.
    pub seed: u64,
    /// Whether the compiler's words are for a terminal.
    pub colour: bool,
    /// How the submission is contained. Level full is the caller's to
    /// arrange: [`judge`] in `sandbox::run_inside`.
    pub contained: Containment,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, colour: false, contained: Containment::Partial }
    }
}

/// A verdict, and what led to it. As data it comes out of a sandbox.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// The compiler's warnings, as it wrote them.
    pub warnings: String,
    /// The run of the first finding.
    pub failing: Option<FailingRun>,
}

/// What a picture of a run is made from.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct FailingRun {
    /// How much could be seen.
    pub level: Level,
    /// What its processes did, in causal order.
    pub events: Vec<Event>,
    /// Whether the grader has ended it.
    pub is_cut: bool,
}

impl From<Record> for FailingRun {
    fn from(Record { level, events, cut, .. }: Record) -> Self {
        Self { level, events, is_cut: cut.is_some() }
    }
}

/// Judges what was built. What the mark `works` needs is judged first:
/// `tell_works` is called when it is certain that the program has this mark,
/// and never if it has not.
///
/// The calling program must call `observer::keeper_main_with(confine)` first in
/// `main`.
///
/// # Errors
/// If it cannot be judged here: no keeper can be started, a full disk. Nothing
/// that the program itself is or does.
pub fn judge(
    exercise: &Exercise,
    built: Built,
    options: Options,
    tell_works: &dyn Fn(),
) -> Result<Judged, Trouble> {
    let compiled = match built.outcome {
        Outcome::Compiled(compiled) => compiled,
        Outcome::Refused(said) => {
            return Ok(build_failed(exercise, options, said));
        }
    };
    let place =
        |(name, it): &(String, Compiled)| (name.clone(), it.program.clone());
    let programs: Vec<Program> = built.helpers.iter().map(place).collect();
    let mut judge = Judge {
        exercise,
        options,
        program: &compiled.program,
        programs: &programs,
        findings: Findings::default(),
        not_run: Vec::new(),
        undisturbed: Vec::new(),
    };
    judge.judge_mark(Mark::Works)?;
    // No run that is judged for `robust` alone costs the mark `works`.
    if judge.not_run.is_empty() && !judge.findings.cost(Mark::Works) {
        tell_works();
    }
    judge.judge_mark(Mark::Robust)?;
    Ok(judge.finish(compiled.said))
}

struct Judge<'a> {
    exercise: &'a Exercise,
    options: Options,
    program: &'a Path,
    programs: &'a [Program],
    findings: Findings,
    not_run: Vec<NotRun>,
    /// The runs that may be perturbed.
    undisturbed: Vec<Undisturbed<'a>>,
}

/// One run to be made.
struct Trial<'a> {
    question: &'a RunQuestion,
    plan: Option<(&'a PlanQuestion, Plan)>,
    mark: Mark,
    /// Whether it may take a fifth of the time at most.
    is_brief: bool,
}

impl Judge<'_> {
    /// One that is known not to end is not looked at for long.
    fn limits(&self, trial: &Trial<'_>) -> Limits {
        let mut limits = self.exercise.questions().limits;
        if trial.is_brief || self.findings.has_endless() {
            let brief = |limit: u64| limit.min(BRIEF.max(limit / 5));
            limits.wall_ms = brief(limits.wall_ms);
            limits.cpu_ms = brief(limits.cpu_ms);
        }
        if self.findings.has_late() {
            limits.cpu_ms = limits.cpu_ms.min(ENDLESS);
        }
        limits
    }

    /// Makes a run; `None` if this machine does not let it be judged.
    fn try_out(
        &mut self,
        trial: &Trial<'_>,
    ) -> Result<Option<Rc<Record>>, Trouble> {
        let setting = Setting {
            program: self.program,
            question: trial.question,
            limits: self.limits(trial),
            programs: self.programs,
            contained: self.options.contained,
            plan: trial.plan.as_ref().map(|(_, plan)| plan.clone()),
            is_patient: false,
            // Told already, it need not be so sure again.
            is_quick: self.findings.has("wrong-state"),
            has_frames: false,
            may_be_late: !self.findings.has_endless(),
        };
        let record = believable(&setting);
        match record {
            Ok(record) => match record.cut {
                Some(Cut::Asked(why)) => Err(Trouble::failed(format!(
                    "the run '{}' was ended: {why}",
                    trial.question.name.get_ref()
                ))),
                _ => Ok(Some(Rc::new(record))),
            },
            Err(error) if is_of_observing(&error) => {
                self.not_run.push(NotRun {
                    run: trial.question.name.get_ref().clone(),
                    plan: trial.plan.as_ref().map(|(_, it)| it.to_string()),
                    why: error.to_string(),
                });
                Ok(None)
            }
            Err(error) => Err(Trouble::failed(format!(
                "the run '{}' cannot be made: {error}",
                trial.question.name.get_ref()
            ))),
        }
    }

    /// What is wrong in one run.
    fn faults(
        &self,
        trial: &Trial<'_>,
        record: &Record,
    ) -> Vec<(&'static Rule, Fault)> {
        let questions = self.exercise.questions();
        let case = self.case(trial, record);
        let is_excepted = |rule: &Rule| {
            questions.except.iter().any(|it| it.get_ref() == rule.id)
        };
        let rules = RULES.iter().filter(|rule| !is_excepted(rule));
        let mut faults: Vec<(&Rule, Fault)> = rules
            .flat_map(|rule| {
                let faults = rule.judge(&case).into_iter();
                faults.map(move |fault| (rule, fault))
            })
            .collect();
        // Where the run was cut off is chance, and so is what is in its trace.
        let is_chance = record.cut.as_ref().is_some_and(Cut::is_of_greed);
        if is_chance {
            faults.retain(|(rule, _)| is_of_containment(rule, record));
        }
        let explains = |rule: &Rule| {
            matches!(rule.kind, Kind::Cause | Kind::Race | Kind::StandingCause)
        };
        if faults.iter().any(|(rule, _)| explains(rule)) {
            let count = faults.len();
            faults.retain(|(rule, _)| !is_result(rule));
            let has_result = faults.len() < count;
            for (rule, fault) in &mut faults {
                fault.has_result = has_result && explains(rule);
            }
        }
        faults
    }

    /// The run, and what is expected of it. What a plan expects in its own
    /// way, it expects only if it has done anything.
    fn case<'c>(&'c self, trial: &Trial<'c>, record: &'c Record) -> Case<'c> {
        let questions = self.exercise.questions();
        let question = trial.question;
        let plan = trial.plan.as_ref().map(|(plan, _)| *plan);
        let own = plan.filter(|_| has_acted(record));
        let is_failing = own.is_some_and(|it| it.then == Then::Failure);
        let (stdout, exit) = match is_failing {
            true => (&Expected::Anything, &Exit::Failure),
            false => (&question.stdout, &question.exit),
        };
        Case {
            questions,
            question,
            parameters: question.rules.or(&questions.rules),
            history: History::new(record),
            stdout: own.and_then(|it| it.stdout.as_ref()).unwrap_or(stdout),
            exit: own.and_then(|it| it.exit.as_ref()).unwrap_or(exit),
            after: match own.and_then(|it| it.after.as_ref()) {
                Some(after) => Some(after),
                None => (!is_failing).then_some(&question.after),
            },
            is_failing,
            sees_stores: trial.plan.as_ref().is_some_and(|(_, plan)| {
                plan.to_string().split("; ").any(|act| act == "stores")
            }),
            program: self.program,
        }
    }

    fn note(
        &mut self,
        trial: &Trial<'_>,
        faults: Vec<(&'static Rule, Fault)>,
        record: &Rc<Record>,
    ) {
        let lesson = self.exercise.lesson();
        let plan = trial.plan.as_ref();
        let helpers: Vec<&str> =
            self.programs.iter().map(|(name, _)| name.as_str()).collect();
        let typed = typed(self.exercise.id(), trial.question, &helpers);
        for (rule, fault) in faults {
            let mark = match fault.has_result {
                true => trial.mark,
                false => trial.mark.max(fault.mark).max(rule.mark(&lesson)),
            };
            let finding = Finding {
                rule: rule.id,
                mark,
                who: fault.who,
                run: trial.question.name.get_ref().clone(),
                plan: plan.map(|(_, it)| it.to_string()),
                asks: plan.and_then(|(plan, _)| plan.asks.clone()),
                typed: typed.clone(),
                stderr: match rule.id {
                    // It has what was said.
                    "panics" => Vec::new(),
                    _ => told_on_stderr(record, &fault.says),
                },
                says: fault.says,
                why: rule.why(),
                read: rule.read(),
            };
            self.findings.note(finding, record);
        }
    }

    fn finish(self, warnings: String) -> Judged {
        let (findings, failing) = self.findings.settle();
        let mut verdict = verdict(self.exercise, self.options);
        let is_judged = self.not_run.is_empty();
        let has = |mark: Mark| {
            let costs = findings.iter().any(|it| it.mark <= mark);
            (costs || is_judged).then_some(!costs)
        };
        verdict.works = has(Mark::Works);
        verdict.robust = has(Mark::Robust);
        verdict.verdict = match (findings.is_empty(), is_judged) {
            (false, _) => Word::Fail,
            (true, true) => Word::Pass,
            (true, false) => Word::Undecided,
        };
        let worth = self.exercise.questions().points;
        verdict.points = match (verdict.works, verdict.robust) {
            (Some(false), _) => Some(0),
            (Some(true), Some(true)) => Some(worth.works + worth.robust),
            (Some(true), Some(false)) => Some(worth.works),
            _ => None,
        };
        verdict.findings = findings;
        verdict.not_run = self.not_run;
        if !is_judged {
            verdict.observed = Level::Light;
        }
        Judged { verdict, warnings, failing: failing.map(FailingRun::from) }
    }
}

/// A verdict that says nothing yet.
fn verdict(exercise: &Exercise, options: Options) -> Verdict {
    let worth = exercise.questions().points;
    Verdict {
        version: VERSION,
        exercise: exercise.id().to_owned(),
        verdict: Word::Undecided,
        works: None,
        robust: None,
        points: None,
        of: worth.works + worth.robust,
        findings: Vec::new(),
        not_run: Vec::new(),
        observed: Level::Full,
        contained: options.contained,
        seed: options.seed,
        compiler: None,
    }
}

fn build_failed(exercise: &Exercise, options: Options, said: String) -> Judged {
    let verdict = Verdict {
        verdict: Word::BuildFailed,
        works: Some(false),
        robust: Some(false),
        points: Some(0),
        compiler: Some(said),
        ..verdict(exercise, options)
    };
    Judged { verdict, warnings: String::new(), failing: None }
}

/// Whether the rule is about what the grader itself has set an end to. Who
/// waits busily uses up its CPU time by that.
fn is_of_containment(rule: &Rule, record: &Record) -> bool {
    rule.id == "forbidden"
        || rule.id.ends_with("-limit")
        || matches!(record.cut, Some(Cut::Cpu)) && is_busy_wait(rule.id)
}

fn is_result(rule: &Rule) -> bool {
    rule.kind == Kind::Result
}

/// Whether the plan has done anything in this run.
fn has_acted(record: &Record) -> bool {
    record.events.iter().any(|event| {
        matches!(&event.what, What::Block { on, .. } if on.kind == "plan")
    })
}
