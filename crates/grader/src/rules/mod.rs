//! The rules: each is a function over one run, and has its page in the
//! catalogue, `rules/ID.md`.

mod calls;
mod channels;
mod files;
mod kin;
mod limits;
mod locks;
mod memory;
mod programs;
mod results;
#[cfg(test)]
pub(crate) mod staged;
mod waiting;

use std::collections::BTreeMap;

use trace::Who;

pub(crate) use waiting::sleeper;

use crate::expected::{After, Exit, Expected};
use crate::history::History;
use crate::parameters::Parameters;
use crate::questions::{Mark, Questions, RunQuestion};
use crate::record::Cut;

/// One way to be wrong.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// The fault in kebab case. Stable.
    pub id: &'static str,
    /// Its page in the catalogue.
    pub page: &'static str,
    pub(crate) kind: Kind,
    judge: fn(&Case<'_>) -> Vec<Fault>,
}

/// What a rule's finding says about others in the same run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// It explains a wrong result.
    Cause,
    /// It explains a wrong result, in other runs too: whether that, or another
    /// race, comes there is chance.
    Race,
    /// A standing rule (G1 to G10) that does, too.
    StandingCause,
    /// A standing rule that explains nothing else.
    Standing,
    /// It explains nothing else, and is no standing rule.
    Aside,
    /// The result is wrong; whatever explains that is said instead.
    Result,
}

/// One fault in one run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Fault {
    /// Whose.
    pub(crate) who: Option<Who>,
    /// What happened: who, which call, when.
    pub(crate) says: String,
    /// The mark it costs at least.
    pub(crate) mark: Mark,
    /// A wrong result is told as this: it costs what that would.
    pub(crate) has_result: bool,
}

impl Fault {
    fn of(who: &Who, says: String) -> Self {
        Self { who: Some(who.clone()), ..Self::of_run(says) }
    }

    fn of_run(says: String) -> Self {
        Self { who: None, says, mark: Mark::Works, has_result: false }
    }

    fn costing(mut self, mark: Mark) -> Self {
        self.mark = self.mark.max(mark);
        self
    }
}

/// One run, and all that it is judged by.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) questions: &'a Questions,
    pub(crate) question: &'a RunQuestion,
    pub(crate) parameters: Parameters,
    pub(crate) history: History<'a>,
    pub(crate) stdout: &'a Expected,
    pub(crate) exit: &'a Exit,
    /// A call was made to fail: a failure is expected.
    pub(crate) is_failing: bool,
    /// The plan asks for every store to shared memory.
    pub(crate) sees_stores: bool,
    /// The files that are expected behind the run, if anybody looks.
    pub(crate) after: Option<&'a BTreeMap<String, After>>,
    /// The program, as the grader executes it.
    pub(crate) program: &'a std::path::Path,
}

impl Case<'_> {
    /// Whether the program came as far as it would have come: no failure was
    /// planned, and it was not ended. What is missing is missing then.
    fn is_complete(&self) -> bool {
        let cut = &self.history.record.cut;
        !self.is_failing && matches!(cut, None | Some(Cut::Left | Cut::Silent))
    }
}

macro_rules! rules {
    ($($kind:ident $id:literal $judge:path;)*) => {
        /// All rules. In this order their findings are told: causes first.
        pub static RULES: &[Rule] = &[$(Rule {
            id: $id,
            page: include_str!(concat!("../../rules/", $id, ".md")),
            kind: Kind::$kind,
            judge: $judge,
        }),*];
    };
}

rules! {
    StandingCause "forbidden" limits::forbidden;
    StandingCause "foreign-program" programs::foreign;
    StandingCause "child-falls-through" kin::falls_through;
    StandingCause "time-limit" limits::time;
    StandingCause "memory-limit" limits::memory;
    StandingCause "process-limit" limits::processes;
    StandingCause "output-limit" limits::output;
    StandingCause "file-limit" limits::files;
    StandingCause "descriptor-limit" limits::descriptors;
    Cause "reads-own-bytes" channels::reads_own_bytes;
    Cause "write-end-open" waiting::write_end_open;
    Cause "pipe-cycle" waiting::pipe_cycle;
    Cause "lock-cycle" waiting::lock_cycle;
    Cause "self-lock" waiting::self_lock;
    Cause "lock-holder-dead" waiting::lock_holder_dead;
    Cause "waits-for-stopped" waiting::waits_for_stopped;
    Cause "signal-never-comes" waiting::signal_never_comes;
    Cause "no-peer" waiting::no_peer;
    Cause "queue-empty" waiting::queue_empty;
    Cause "queue-full" waiting::queue_full;
    Cause "private-futex" waiting::private_futex;
    Cause "wait-cycle" waiting::wait_cycle;
    Cause "panics" results::panics;
    Cause "never-received" channels::never_received;
    Cause "no-communication" channels::no_communication;
    Cause "end-not-met" channels::end_not_met;
    Cause "too-many-processes" kin::too_many;
    Cause "too-few-processes" kin::too_few;
    Cause "no-shared-memory" memory::none_shared;
    Cause "not-concurrent" kin::not_concurrent;
    Cause "too-many-execs" programs::too_many;
    Cause "too-few-execs" programs::too_few;
    Cause "too-many-pipes" channels::too_many;
    Cause "too-few-pipes" channels::too_few;
    Cause "opened-too-often" calls::opened_too_often;
    Cause "forbidden-call" calls::forbidden;
    Cause "missing-call" calls::missing;
    StandingCause "spins" waiting::spins;
    StandingCause "polls" waiting::polls;
    StandingCause "ordered-by-sleep" waiting::ordered_by_sleep;
    StandingCause "left-behind" kin::left_behind;
    StandingCause "child-not-waited" kin::not_waited;
    StandingCause "failure-ignored" results::failure_ignored;
    Race "lock-shared" locks::shared;
    Race "lock-dropped" locks::dropped;
    Race "opened-too-early" files::opened_too_early;
    Race "changed-twice" memory::changed_twice;
    Race "lost-update" memory::lost_update;
    Cause "idle-process" memory::idle;
    Cause "one-at-a-time" memory::one_at_a_time;
    Result "out-of-order" calls::out_of_order;
    Result "wrong-state" results::wrong_state;
    Result "wrong-output" results::wrong_output;
    Result "wrong-exit" results::wrong_exit;
    Result "wrong-file" results::wrong_file;
    Result "too-slow" results::too_slow;
    Aside "signal-after-wait" calls::signal_after_wait;
    Standing "leaked-descriptor" programs::leaked_descriptor;
    Standing "signals-not-reset" programs::signals_not_reset;
    Standing "name-left-behind" results::name_left_behind;
}

/// The standing rules: asked of every exercise.
pub fn standing() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().filter(|rule| rule.is_standing())
}

/// The rule of that id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

impl Rule {
    /// Whether it is asked of every exercise.
    pub fn is_standing(&self) -> bool {
        matches!(self.kind, Kind::StandingCause | Kind::Standing)
    }

    /// Why it matters, in one sentence.
    pub fn why(&self) -> &'static str {
        self.said("Why: ")
    }

    /// Where to read.
    pub fn read(&self) -> &'static str {
        self.said("Read: ")
    }

    /// The lesson that teaches it: `lesson-02-creation`.
    pub fn taught_in(&self) -> &'static str {
        self.said("Taught in: ")
    }

    fn said(&self, start: &str) -> &'static str {
        let mut lines = self.page.lines();
        lines.find_map(|line| line.strip_prefix(start)).unwrap_or_default()
    }

    /// The mark that it costs in an exercise of that lesson: a standing rule
    /// counts for `works` once its own lesson has come.
    pub(crate) fn mark(&self, lesson: &str) -> Mark {
        if self.is_standing() && self.taught_in() > lesson {
            Mark::Robust
        } else {
            Mark::Works
        }
    }

    pub(crate) fn judge(&self, case: &Case<'_>) -> Vec<Fault> {
        (self.judge)(case)
    }
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use std::collections::BTreeSet;
    use std::fs;

    #[test]
    fn every_rule_has_its_page_and_every_page_its_rule() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules");
        let pages: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        let rules: BTreeSet<String> =
            RULES.iter().map(|rule| format!("{}.md", rule.id)).collect();
        assert_eq!(pages, rules);
        assert_eq!(rules.len(), RULES.len(), "an id stands twice");
    }

    #[test]
    fn every_page_says_what_why_and_where_to_read() {
        for rule in RULES {
            let title = format!("# {}\n\n", rule.id);
            assert!(rule.page.starts_with(&title), "{}", rule.id);
            for (word, said) in [
                ("Why", rule.why()),
                ("Read", rule.read()),
                ("Taught in", rule.taught_in()),
            ] {
                assert!(!said.is_empty(), "{}: no '{word}: '", rule.id);
            }
            assert!(rule.why().ends_with('.'), "{}", rule.id);
            assert!(rule.taught_in().starts_with("lesson-"), "{}", rule.id);
        }
    }
}
