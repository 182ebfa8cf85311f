//! What `expect.toml` says is possible, and every mistake has its line.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use crate::questions::{PlanQuestion, Questions, RunQuestion};
use crate::rules;
use crate::trouble::Trouble;

/// Reads and checks an `expect.toml`.
///
/// # Errors
/// `FILE:LINE: what is wrong, and what is allowed`.
pub(crate) fn questions(
    path: &Path,
    text: &str,
    helpers: &[String],
) -> Result<Questions, Trouble> {
    let page = Page { path, text };
    let questions: Questions = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        page.wrong(at, error.message().trim_end())
    })?;
    page.check_runs(&questions, helpers)?;
    page.check_plans(&questions)?;
    for rule in &questions.except {
        let standing: Vec<&str> = rules::standing().map(|it| it.id).collect();
        if !standing.contains(&rule.get_ref().as_str()) {
            let wrong = format!("'{}' is no standing rule", rule.get_ref());
            let allowed = standing.join(", ");
            return Err(page.at(rule, &format!("{wrong}: {allowed}")));
        }
    }
    Ok(questions)
}

/// Reads and checks a `runs.toml`: runs and plans beside those of an
/// `expect.toml`. A plan without `runs` is for all runs, wherever they stand.
///
/// # Errors
/// `FILE:LINE: what is wrong, and what is allowed`.
pub(crate) fn more(
    path: &Path,
    text: &str,
    helpers: &[String],
    questions: &Questions,
) -> Result<Questions, Trouble> {
    let page = Page { path, text };
    let more: More = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        page.wrong(at, error.message().trim_end())
    })?;
    if more.run.is_empty() && more.plan.is_empty() {
        let says = "there is neither [[run]] nor [[plan]]: at least one";
        return Err(page.wrong(0, says));
    }
    let mut questions = questions.clone();
    questions.run.extend(more.run);
    questions.plan.extend(more.plan);
    page.check_runs(&questions, helpers)?;
    page.check_plans(&questions)?;
    Ok(questions)
}

/// What lies over an exercise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct More {
    #[serde(default)]
    run: Vec<RunQuestion>,
    #[serde(default)]
    plan: Vec<PlanQuestion>,
}

struct Page<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Page<'_> {
    fn wrong(&self, at: usize, says: &str) -> Trouble {
        let before = &self.text[..at.min(self.text.len())];
        let line = before.matches('\n').count() + 1;
        let path = self.path.display();
        let says = says.replace('\n', "; ");
        Trouble::failed(format!("{path}:{line}: {says}"))
    }

    fn at<T>(&self, value: &Spanned<T>, says: &str) -> Trouble {
        self.wrong(value.span().start, says)
    }

    fn check_runs(
        &self,
        questions: &Questions,
        helpers: &[String],
    ) -> Result<(), Trouble> {
        if questions.run.is_empty() {
            return Err(self.wrong(0, "there is no [[run]]: at least one"));
        }
        let mut names = BTreeSet::new();
        for run in &questions.run {
            let name = run.name.get_ref();
            if !names.insert(name) {
                let says = format!(
                    "two runs are named '{name}': each needs its own name"
                );
                return Err(self.at(&run.name, &says));
            }
            if run.stdin.is_some() && !run.steps.is_empty() {
                let says = "a run has either stdin or steps; a step can \
                            send what is to be read";
                return Err(self.at(&run.name, says));
            }
            self.check_helpers(run, helpers)?;
        }
        Ok(())
    }

    fn check_helpers(
        &self,
        run: &RunQuestion,
        helpers: &[String],
    ) -> Result<(), Trouble> {
        for helper in &run.helpers {
            if !helpers.contains(helper.program.get_ref()) {
                let program = helper.program.get_ref();
                let says = format!(
                    "there is no helpers/{program}.rs: {}",
                    helpers.join(", ")
                );
                return Err(self.at(&helper.program, &says));
            }
        }
        let known: Vec<&String> =
            run.helpers.iter().map(|it| it.name.get_ref()).collect();
        let named = run.stdout.patterns().flat_map(|it| it.helpers());
        for name in named {
            if !known.iter().any(|it| *it == name) {
                let says = format!("no [[run.helper]] is named '{name}'");
                return Err(self.at(&run.name, &says));
            }
        }
        Ok(())
    }

    fn check_plans(&self, questions: &Questions) -> Result<(), Trouble> {
        let names: Vec<&str> = questions
            .run
            .iter()
            .map(|run| run.name.get_ref().as_str())
            .collect();
        for plan in &questions.plan {
            for run in &plan.runs {
                if !names.contains(&run.get_ref().as_str()) {
                    let says = format!(
                        "there is no run '{}': {}",
                        run.get_ref(),
                        names.join(", ")
                    );
                    return Err(self.at(run, &says));
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{more, questions};
    use std::path::Path;

    #[test]
    fn what_lies_over_an_exercise_adds_runs_and_plans_and_no_more() {
        let path = Path::new("runs.toml");
        let text = format!("{HEAD}[[run]]\nname = \"x\"\n");
        let course = questions(path, &text, &[]).unwrap();
        let lay = |text: &str| more(path, text, &[], &course);
        let both = lay("[[run]]\nname = \"y\"\n").unwrap();
        assert_eq!((both.run.len(), both.plan.len()), (2, 0));
        let plan = "[[plan]]\nacts = [\"one-cpu\"]\nruns = [\"x\"]\n";
        assert_eq!(lay(plan).unwrap().plan.len(), 1);
        for (text, says) in [
            ("[[run]]\nname = \"x\"\n", "runs.toml:2: two runs are named"),
            ("title = \"T\"\n", "runs.toml:1: unknown field `title`"),
            ("", "runs.toml:1: there is neither [[run]] nor [[plan]]"),
        ] {
            let error = lay(text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
    }

    const HEAD: &str = "title = \"T\"\nlevel = 1\nminutes = 10\n\
                        points = { works = 6, robust = 4 }\n";

    fn error(text: &str) -> String {
        let text = format!("{HEAD}{text}");
        let path = Path::new("expect.toml");
        questions(path, &text, &["say".to_owned()]).unwrap_err().to_string()
    }

    #[test]
    fn a_mistake_has_its_file_its_line_and_what_is_allowed() {
        for (text, line, why) in MISTAKES {
            let (error, place) = (error(text), format!("expect.toml:{line}: "));
            assert!(error.starts_with(&place), "{text}\n{error}");
            assert!(error.contains(why), "{text}\n{error}");
            assert!(!error.contains('\n'), "{error}");
        }
    }

    const MISTAKES: &[(&str, u32, &str)] = &[
        ("[rules.polls]\n[[run]]\nname = \"x\"", 5, "too-many-processes"),
        ("[[run]]\nnane = \"x\"", 6, "expected one of `name`"),
        ("[[run]]\narguments = []", 5, "missing field `name`"),
        ("run = []", 1, "at least one"),
        (
            "[[run]]\nname = \"x\"\n[[run]]\nname = \"x\"",
            8,
            "two runs are named 'x'",
        ),
        (
            "[[run]]\nname = \"x\"\n[[plan]]\nacts = [\"child-frist\"]",
            8,
            "no act 'child-frist'",
        ),
        (
            "[[run]]\nname = \"x\"\n[[plan]]\nacts = []\nruns = [\"y\"]",
            9,
            "there is no run 'y': x",
        ),
        (
            "[[run]]\nname = \"x\"\nstdout = { lines = [\"{pit}\"] }",
            7,
            "no place {pit}",
        ),
        (
            "[[run]]\nname = \"x\"\n[[run.helper]]\nname = \"h\"\n\
                 program = \"zzz\"",
            9,
            "no helpers/zzz.rs: say",
        ),
        ("except = [\"polled\"]\n[[run]]\nname = \"x\"", 5, "polls"),
        ("[[run]]\nname = \"x\"\nexit = 300", 7, "0 to 255"),
        ("[[run]]\nname = ", 6, ""),
    ];
}
