//! One exercise's folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::check;
use crate::questions::Questions;
use crate::trouble::Trouble;

/// What lies over an exercise.
const MORE: &str = "runs.toml";

/// An exercise, with its questions read and checked.
#[derive(Clone, Debug)]
pub struct Exercise {
    id: String,
    folder: PathBuf,
    /// What lies over it.
    more: Option<PathBuf>,
    questions: Questions,
}

impl Exercise {
    /// Reads the exercise in that folder.
    ///
    /// # Errors
    /// If `expect.toml` cannot be read or is wrong: `file:line: what, and
    /// what is allowed`.
    pub fn read(id: String, folder: PathBuf) -> Result<Self, Trouble> {
        let path = folder.join("expect.toml");
        let text = read_text(&path)?;
        let questions = check::questions(&path, &text, &helpers_in(&folder)?)?;
        Ok(Self { id, folder, more: None, questions })
    }

    /// The exercise with the runs and plans of `runs.toml` in that folder,
    /// and the helpers beside it.
    ///
    /// # Errors
    /// If there is none, or it is wrong: `file:line: what, and what is
    /// allowed`.
    pub(crate) fn with_more(
        mut self,
        folder: PathBuf,
    ) -> Result<Self, Trouble> {
        let own = folder.join("expect.toml");
        if own.exists() {
            let (own, id) = (own.display(), &self.id);
            return Err(Trouble::usage(format!(
                "{own}: the course has {id}; what is asked beside stands in \
                 runs.toml"
            )));
        }
        let path = folder.join(MORE);
        let text = read_text(&path)?;
        self.more = Some(folder);
        let helpers = self.helpers()?;
        self.questions = check::more(&path, &text, &helpers, &self.questions)?;
        Ok(self)
    }

    /// The files that say what it asks.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>, Trouble> {
        let mut files = vec![self.folder.join("expect.toml")];
        files.extend(self.more.iter().map(|it| it.join(MORE)));
        files.extend(self.helpers()?.iter().map(|it| self.helper(it)));
        Ok(files)
    }

    /// `pipes-pingpong`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder of its lesson: `lesson-05-pipes`.
    pub fn lesson(&self) -> String {
        let lesson = self.folder.ancestors().nth(2).and_then(Path::file_name);
        lesson.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// What it asks.
    pub fn questions(&self) -> &Questions {
        &self.questions
    }

    /// The program that a learner begins with.
    pub fn starter(&self) -> PathBuf {
        self.folder.join("starter.rs")
    }

    /// The task.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn readme(&self) -> Result<String, Trouble> {
        read_text(&self.folder.join("README.md"))
    }

    /// The hint of the README that belongs to a rule: what stands in
    /// `## Hints` below `### RULE`.
    ///
    /// # Errors
    /// If the README cannot be read.
    pub fn hint(&self, rule: &str) -> Result<Option<String>, Trouble> {
        let all = hints(&self.readme()?);
        Ok(all.into_iter().find(|(it, _)| it == rule).map(|(_, hint)| hint))
    }

    /// The files `right*.rs` and `wrong-*.rs`, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn answers(&self) -> Result<Vec<PathBuf>, Trouble> {
        let mut answers = sources_in(&self.folder)?;
        answers.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("right") || name.starts_with("wrong-")
        });
        Ok(answers)
    }

    /// The names of its helpers.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn helpers(&self) -> Result<Vec<String>, Trouble> {
        let mut helpers = helpers_in(&self.folder)?;
        if let Some(more) = &self.more {
            helpers.extend(helpers_in(more)?);
            helpers.sort();
            helpers.dedup();
        }
        Ok(helpers)
    }

    /// The source of a helper.
    pub fn helper(&self, name: &str) -> PathBuf {
        let file =
            |folder: &Path| folder.join("helpers").join(format!("{name}.rs"));
        let over = self.more.as_deref().map(file);
        over.filter(|it| it.is_file()).unwrap_or_else(|| file(&self.folder))
    }
}

/// The hints of a README, each with its rule.
pub fn hints(readme: &str) -> Vec<(String, String)> {
    let behind = readme.split_once("\n## Hints\n").map_or("", |(_, it)| it);
    let hints = behind.split("\n## ").next().unwrap_or_default();
    hints
        .split("\n### ")
        .skip(1)
        .filter_map(|hint| hint.split_once('\n'))
        .map(|(rule, hint)| {
            let rule = rule.trim().trim_matches('`');
            (rule.to_owned(), hint.trim().to_owned())
        })
        .collect()
}

fn helpers_in(folder: &Path) -> Result<Vec<String>, Trouble> {
    let folder = folder.join("helpers");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let sources = sources_in(&folder)?;
    let name = |path: &PathBuf| {
        path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    };
    Ok(sources.iter().map(name).collect())
}

fn sources_in(folder: &Path) -> Result<Vec<PathBuf>, Trouble> {
    let failed = |error| {
        Trouble::failed(format!("cannot read {}: {error}", folder.display()))
    };
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|it| it == "rs") {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

fn read_text(path: &Path) -> Result<String, Trouble> {
    fs::read_to_string(path).map_err(|error| {
        Trouble::failed(format!("cannot read {}: {error}", path.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::hints;

    #[test]
    fn a_hint_belongs_to_its_rule() {
        let readme = "# X\n\n## Hints\n\n### `polls`\n\nBlock.\n\n\
                      ### panics\n\nMatch.\n\n## More\n\n### no\n\nx\n";
        let found = hints(readme);
        let polls = ("polls".to_owned(), "Block.".to_owned());
        assert_eq!(found, [polls, ("panics".to_owned(), "Match.".to_owned())]);
    }
}
