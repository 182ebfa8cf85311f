//! Which runs are made, in which order.

use std::ptr;
use std::rc::Rc;

use observer::Plan;
use trace::Who;

use super::{Judge, Trial, is_result};
use crate::questions::{Mark, PlanQuestion, RunQuestion};
use crate::record::{Cut, Record};
use crate::rules::{Fault, Kind, Rule, rule, sleeper};
use crate::trouble::Trouble;

/// A run as it is, which has come to its end.
#[derive(Clone)]
pub(super) struct Undisturbed<'a> {
    question: &'a RunQuestion,
    record: Rc<Record>,
    /// Whether nothing was wrong in it that may be a matter of time.
    is_right: bool,
}

impl<'a> Judge<'a> {
    /// What counts for this mark: each run as it is, then under its plans.
    pub(super) fn judge_mark(&mut self, mark: Mark) -> Result<(), Trouble> {
        let exercise = self.exercise;
        for question in &exercise.questions().run {
            if question.mark == mark {
                self.judge_undisturbed(question)?;
            }
            let mut runs = self.undisturbed.iter();
            let run = runs.find(|it| ptr::eq(it.question, question)).cloned();
            if let Some(run) = run {
                self.judge_under_plans(&run, mark)?;
            }
        }
        Ok(())
    }

    fn judge_undisturbed(
        &mut self,
        question: &'a RunQuestion,
    ) -> Result<(), Trouble> {
        let mark = question.mark;
        let plain = Trial { question, plan: None, mark, is_brief: false };
        let Some(record) = self.try_out(&plain)? else { return Ok(()) };
        let faults = self.faults(&plain, &record);
        let is_right = !faults.iter().any(|(rule, _)| may_be_timing(rule));
        self.note(&plain, faults, &record);
        match record.cut {
            None => {
                let run = Undisturbed { question, record, is_right };
                self.undisturbed.push(run);
                Ok(())
            }
            Some(Cut::Wall | Cut::Cpu)
                if !self.findings.has_busy_wait() && record.may_ask() =>
            {
                self.look_for_polling(question)
            }
            // Perturbed, it would only hang again.
            Some(_) => Ok(()),
        }
    }

    fn judge_under_plans(
        &mut self,
        run: &Undisturbed<'a>,
        mark: Mark,
    ) -> Result<(), Trouble> {
        let (exercise, question) = (self.exercise, run.question);
        let name = question.name.get_ref();
        for plan in &exercise.questions().plan {
            let is_named = plan.runs.iter().any(|it| it.get_ref() == name);
            let is_of_run = plan.runs.is_empty() || is_named;
            if !is_of_run || plan.mark.max(question.mark) != mark {
                continue;
            }
            for text in &plan.acts {
                let acts = text.with(self.options.seed);
                let plan = Some((plan, acts));
                let trial = Trial { question, plan, mark, is_brief: false };
                self.judge_perturbed(&trial, run)?;
            }
        }
        Ok(())
    }

    /// Looks at a run that took too long once more, and briefly: a question
    /// that no trace has, as of sched_yield(2) or stat(2), is heard in a hold.
    fn look_for_polling(
        &mut self,
        question: &RunQuestion,
    ) -> Result<(), Trouble> {
        let (asked, mark) = (PlanQuestion::default(), question.mark);
        for acts in ["child-first", "parent-first"] {
            let Ok(acts) = acts.parse::<Plan>() else { continue };
            let plan = Some((&asked, acts));
            let trial = Trial { question, plan, mark, is_brief: true };
            let Some(record) = self.try_out(&trial)? else { break };
            let mut faults = self.faults(&trial, &record);
            faults.retain(|(rule, _)| rule.id == "polls");
            if !faults.is_empty() {
                self.note(&trial, faults, &record);
                break;
            }
        }
        Ok(())
    }

    fn judge_perturbed(
        &mut self,
        trial: &Trial<'_>,
        run: &Undisturbed<'_>,
    ) -> Result<(), Trouble> {
        let Some(record) = self.try_out(trial)? else { return Ok(()) };
        let mut faults = self.faults(trial, &record);
        let sleeper = sleeper(&record).or_else(|| sleeper(&run.record));
        if run.is_right
            && let Some(who) = sleeper
        {
            blame_sleep(&mut faults, who);
        }
        self.note(trial, faults, &record);
        Ok(())
    }
}

/// Whether a sleep may hide this fault: what is wrong is the result, or that
/// somebody came too late for another.
fn may_be_timing(rule: &Rule) -> bool {
    let is_too_late = ["never-received", "no-communication"].contains(&rule.id);
    let is_wrong = is_result(rule) && rule.id != "too-slow";
    is_wrong || is_too_late || rule.kind == Kind::Race
}

/// The undisturbed run is right, this one is not, and somebody sleeps: then
/// the sleep has made it right.
fn blame_sleep(faults: &mut Vec<(&'static Rule, Fault)>, who: Who) {
    let at = faults.iter().position(|(rule, _)| may_be_timing(rule));
    let Some(at) = at else { return };
    let Some(sleep) = rule("ordered-by-sleep") else { return };
    let says = format!(
        "{who} sleeps, and the result hangs on it: perturbed, {}",
        faults[at].1.says
    );
    let mark = faults[at].1.mark;
    faults.retain(|(rule, _)| !may_be_timing(rule));
    faults
        .push((sleep, Fault { who: Some(who), says, mark, has_result: true }));
}
