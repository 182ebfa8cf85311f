//! `[rules]`: the task's rules and what they are given.

use serde::Deserialize;

use crate::questions::Mark;
use crate::selector::{Events, Processes};

/// The rules of a task, each with its parameters. A rule that is not named is
/// not asked; the standing rules always are.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Parameters {
    /// At most so many processes are created.
    pub too_many_processes: Option<AtMost>,
    /// At least so many are.
    pub too_few_processes: Option<AtLeast>,
    /// At most so many calls of exec, the failed ones too.
    pub too_many_execs: Option<AtMost>,
    /// At least so many execs succeed.
    pub too_few_execs: Option<AtLeast>,
    /// At most so many pipes and pairs of sockets.
    pub too_many_pipes: Option<AtMost>,
    /// At least so many.
    pub too_few_pipes: Option<AtLeast>,
    /// So many children exist at one time.
    pub not_concurrent: Option<AtLeast>,
    /// Who may create processes.
    pub child_falls_through: Option<Creators>,
    /// Between whom bytes have to go.
    pub no_communication: Option<Pairs>,
    /// Who must not read what it wrote itself.
    pub reads_own_bytes: Option<Whose>,
    /// Whose messages have to be received.
    pub never_received: Option<Whose>,
    /// Who has to read until the end of file.
    pub end_not_met: Option<Whose>,
    /// Whose memory has to be shared.
    pub no_shared_memory: Option<Whose>,
    /// Who must not change one printed number after the other.
    pub changed_twice: Option<Whose>,
    /// Which file must not be opened before it is written.
    pub opened_too_early: Option<Written>,
    /// Who has to change something.
    pub idle_process: Option<Whose>,
    /// Who must not have to wait for each other.
    pub one_at_a_time: Option<Whose>,
    /// What has to come before what.
    pub out_of_order: Option<Orders>,
    /// What has to happen.
    pub missing_call: Option<Calls>,
    /// What must not.
    pub forbidden_call: Option<Calls>,
    /// How often a file may be opened.
    pub opened_too_often: Option<Opens>,
}

/// `{ at_most = 1 }`, of those whom `by` names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtMost {
    /// How many.
    pub at_most: usize,
    /// Whose; everybody's, if nobody is named.
    pub by: Option<Processes>,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// `{ at_least = 1 }`, of those whom `by` names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// How many.
    pub at_least: usize,
    /// Whose; everybody's, if nobody is named.
    pub by: Option<Processes>,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// Who may create processes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Creators {
    /// These.
    pub creators: Vec<Processes>,
}

/// Whose doing is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Whose {
    /// Theirs.
    pub by: Processes,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// Between whom bytes have to go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pairs {
    /// Each of these ways.
    pub pairs: Vec<Pair>,
    /// Not asked of a run that shares memory: what goes through it is not
    /// observed.
    #[serde(default)]
    pub unless_shared: bool,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// One way that bytes go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Who writes.
    pub from: Processes,
    /// Who reads.
    pub to: Processes,
}

/// What has to come before what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Each of these.
    pub events: Vec<Before>,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// Before the first of the `then` events stands one of the `first`; with
/// `all`, every one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// What comes first.
    pub first: Events,
    /// What comes behind it.
    pub then: Events,
    /// Whether none of the first may come later.
    #[serde(default)]
    pub all: bool,
}

/// Events that have to happen, or must not.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calls {
    /// Each of these.
    pub events: Vec<Events>,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// How often a file may be opened.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opens {
    /// The file's name, or the end of its path.
    pub path: String,
    /// How often.
    pub at_most: usize,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

/// A file that one process writes, and others need.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The file's name, or the end of its path.
    pub path: String,
    /// The mark it belongs to.
    #[serde(default)]
    pub mark: Mark,
}

impl Parameters {
    /// These, and what stands in `others` where these say nothing.
    #[must_use]
    pub fn or(&self, others: &Self) -> Self {
        macro_rules! either {
            ($($field:ident)*) => {
                Self {
                    $($field: self.$field.clone()
                        .or_else(|| others.$field.clone())),*
                }
            };
        }
        either!(
            too_many_processes too_few_processes too_many_execs too_few_execs
            too_many_pipes too_few_pipes not_concurrent child_falls_through
            no_communication reads_own_bytes never_received end_not_met
            no_shared_memory changed_twice idle_process one_at_a_time
            opened_too_early
            out_of_order missing_call forbidden_call opened_too_often
        )
    }
}
