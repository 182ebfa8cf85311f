//! What was found in all runs of one program.

use std::rc::Rc;

use crate::questions::Mark;
use crate::record::{Cut, Record};
use crate::rules::{Kind, RULES, sleeper};
use crate::verdict::Finding;

/// The findings, one for each rule.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Found>,
}

#[derive(Debug)]
struct Found {
    /// Of its rule among all rules.
    place: usize,
    finding: Finding,
    record: Rc<Record>,
}

impl Found {
    fn kind(&self) -> Option<Kind> {
        RULES.get(self.place).map(|rule| rule.kind)
    }

    fn is_busy_wait(&self) -> bool {
        is_busy_wait(self.finding.rule)
    }

    fn is_late(&self) -> bool {
        self.finding.rule == "time-limit" && is_late(&self.record)
    }
}

/// Whether the rule says that somebody waits by asking or computing.
pub(crate) fn is_busy_wait(rule: &str) -> bool {
    ["polls", "spins"].contains(&rule)
}

/// Whether the run has used up its time, or its CPU time.
fn is_late(record: &Record) -> bool {
    matches!(record.cut, Some(Cut::Wall | Cut::Cpu))
}

impl Findings {
    /// Notes a finding. The first of a rule stands for it, but a mark that
    /// counts for more is never lost.
    pub(crate) fn note(&mut self, finding: Finding, record: &Rc<Record>) {
        // Who waits busily until the time is over is told that, and what else
        // is in such a run is chance.
        if is_late(record)
            && !is_busy_wait(finding.rule)
            && let Some(wait) =
                self.found.iter_mut().find(|it| it.is_busy_wait())
        {
            wait.finding.mark = wait.finding.mark.min(finding.mark);
            return;
        }
        let place = RULES.iter().position(|it| it.id == finding.rule);
        let place = place.unwrap_or(RULES.len());
        let record = Rc::clone(record);
        match self.found.iter_mut().find(|it| it.place == place) {
            Some(known) if known.finding.mark <= finding.mark => {}
            Some(known) => *known = Found { place, finding, record },
            None => self.found.push(Found { place, finding, record }),
        }
    }

    /// Whether any of them costs this mark.
    pub(crate) fn cost(&self, mark: Mark) -> bool {
        self.found.iter().any(|it| it.finding.mark <= mark)
    }

    /// Whether it is known that the program waits by asking or computing.
    pub(crate) fn has_busy_wait(&self) -> bool {
        self.found.iter().any(Found::is_busy_wait)
    }

    /// Whether that is known, or that it has used up its time: then a run
    /// that does not end needs no long look.
    pub(crate) fn has_endless(&self) -> bool {
        self.has_busy_wait() || self.has_late()
    }

    /// Whether it has used up its time.
    pub(crate) fn has_late(&self) -> bool {
        self.found.iter().any(Found::is_late)
    }

    /// Whether this rule has a finding.
    pub(crate) fn has(&self, rule: &str) -> bool {
        self.found.iter().any(|it| it.finding.rule == rule)
    }

    /// The findings that are told, the earliest cause first, and the run of
    /// the first.
    pub(crate) fn settle(mut self) -> (Vec<Finding>, Option<Record>) {
        self.blame_busy_wait();
        self.blame_sleep();
        let is_race = |it: &&Found| it.kind() == Some(Kind::Race);
        let races = self.found.iter().filter(is_race);
        if let Some(first) = races.map(|it| it.place).min() {
            self.found.retain(|it| match it.kind() {
                Some(Kind::Result) => false,
                Some(Kind::Race) => it.place == first,
                _ => true,
            });
        }
        self.found.sort_by_key(|it| (it.finding.mark, it.place));
        let failing = self.found.first().map(|it| (*it.record).clone());
        let findings = self.found.into_iter().map(|it| it.finding);
        (findings.collect(), failing)
    }

    /// On a busy machine a sleep is too short without any plan, too: what is
    /// wrong then has no other reason. What costs more than the sleep stays.
    fn blame_sleep(&mut self) {
        let mut found = self.found.iter();
        let sleep = found.find(|it| it.finding.rule == "ordered-by-sleep");
        let Some(mark) = sleep.map(|it| it.finding.mark) else { return };
        self.found.retain(|it| {
            let is_result = it.kind() == Some(Kind::Result)
                && it.finding.rule != "too-slow";
            let is_other = it.finding.mark < mark;
            !is_result || is_other || sleeper(&it.record).is_none()
        });
    }

    /// A run that took too long before it was known why.
    fn blame_busy_wait(&mut self) {
        let mut late = self.found.iter().filter(|it| it.is_late());
        let Some(mark) = late.next().map(|it| it.finding.mark) else { return };
        let mut waits = self.found.iter_mut();
        let Some(wait) = waits.find(|it| it.is_busy_wait()) else { return };
        wait.finding.mark = wait.finding.mark.min(mark);
        self.found.retain(|it| !it.is_late());
    }
}

/// As many lines are told of what a run said on standard error.
const LINES: usize = 4;

/// What a run said on standard error, for its finding: nothing, if the
/// finding has it already.
pub(crate) fn told_on_stderr(record: &Record, says: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(&record.stderr);
    let all: Vec<&str> =
        text.lines().filter(|line| !line.trim().is_empty()).collect();
    if all.iter().any(|line| says.contains(*line)) {
        return Vec::new();
    }
    let quoted = |line: &&str| crate::plain::quoted(line.as_bytes(), 120);
    let mut lines: Vec<String> = all.iter().take(LINES).map(quoted).collect();
    if all.len() > LINES {
        lines.push(format!("(and {} more lines)", all.len() - LINES));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::Findings;
    use crate::questions::Mark::{self, Robust, Works};
    use crate::rules::staged::record;
    use crate::verdict::Finding;

    /// The rules that are told, of rules with their marks and whether anybody
    /// sleeps in their runs.
    fn told(found: &[(&'static str, Mark, bool)]) -> Vec<&'static str> {
        let mut findings = Findings::default();
        for (rule, mark, sleeps) in found {
            let events: &[&str] = if *sleeps { &["A slept 1"] } else { &[] };
            let finding = Finding {
                rule,
                mark: *mark,
                who: None,
                run: String::new(),
                plan: None,
                asks: None,
                typed: Vec::new(),
                says: String::new(),
                stderr: Vec::new(),
                why: "",
                read: "",
            };
            findings.note(finding, &Rc::new(record(events)));
        }
        findings.settle().0.iter().map(|it| it.rule).collect()
    }

    #[test]
    fn a_sleep_explains_a_wrong_result_that_costs_no_more() {
        let sleep = ("ordered-by-sleep", Works, true);
        let told_with = |result| told(&[result, sleep]);
        let alone = ["ordered-by-sleep"];
        assert_eq!(told_with(("wrong-output", Works, true)), alone);
        assert_eq!(told_with(("wrong-output", Robust, true)), alone);
        // In a run without a sleep it has another reason.
        let both = ["ordered-by-sleep", "wrong-output"];
        assert_eq!(told_with(("wrong-output", Works, false)), both);
        let both = ["ordered-by-sleep", "too-slow"];
        assert_eq!(told_with(("too-slow", Works, true)), both);
        let dear = told(&[
            ("wrong-output", Works, true),
            ("ordered-by-sleep", Robust, true),
        ]);
        assert_eq!(dear, ["wrong-output", "ordered-by-sleep"]);
    }
}
