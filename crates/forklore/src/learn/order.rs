//! The exercises, in the order in which one meets them.

use grader::{Course, Exercise, Trouble};

use super::progress::{Progress, Reached};

/// All exercises of the course.
#[derive(Debug)]
pub(crate) struct Exercises {
    all: Vec<Exercise>,
    lessons: Vec<String>,
    course: Course,
}

impl Exercises {
    /// Reads them.
    ///
    /// # Errors
    /// If a folder cannot be read or an `expect.toml` is wrong.
    pub(crate) fn of(course: &Course) -> Result<Self, Trouble> {
        let lessons = course.lessons()?;
        let ids = course.ids()?;
        let mut all = ids
            .iter()
            .map(|id| course.exercise(id))
            .collect::<Result<Vec<_>, _>>()?;
        all.sort_by_cached_key(|exercise| {
            let stage = stage(&lessons, exercise);
            // Whoever comes later than its lesson comes behind those whose
            // lesson it is.
            let is_guest = lessons.get(stage) != Some(&exercise.lesson());
            let level = exercise.questions().level.0;
            (stage, is_guest, level, exercise.id().to_owned())
        });
        Ok(Self { all, lessons, course: course.clone() })
    }

    /// The lesson behind which an exercise comes.
    pub(crate) fn stage(&self, exercise: &Exercise) -> &str {
        let stage = stage(&self.lessons, exercise);
        self.lessons.get(stage).map_or("", String::as_str)
    }

    pub(crate) fn all(&self) -> &[Exercise] {
        &self.all
    }

    pub(crate) fn at(&self, place: usize) -> &Exercise {
        &self.all[place]
    }

    /// The place of that id.
    ///
    /// # Errors
    /// If there is none, with the nearest names.
    pub(crate) fn place(&self, id: &str) -> Result<usize, Trouble> {
        match self.all.iter().position(|it| it.id() == id) {
            Some(place) => Ok(place),
            // It knows the nearest names.
            None => self.course.exercise(id).and_then(|_| {
                Err(Trouble::failed(format!("{id} has just been made")))
            }),
        }
    }

    /// The exercise of that id.
    ///
    /// # Errors
    /// As [`Self::place`].
    pub(crate) fn named(&self, id: &str) -> Result<&Exercise, Trouble> {
        self.place(id).map(|place| self.at(place))
    }

    /// The next that does not work, behind a place and then from the
    /// beginning; if all work, the next that is not robust.
    pub(crate) fn next(
        &self,
        progress: &Progress,
        behind: Option<usize>,
    ) -> Option<usize> {
        let start = behind.map_or(0, |place| place + 1);
        let count = self.all.len();
        let others = (start..start + count).map(|place| place % count);
        let find = |below: Reached| {
            others
                .clone()
                .filter(|place| Some(*place) != behind)
                .find(|place| progress.of(self.at(*place).id()) < Some(below))
        };
        find(Reached::Works).or_else(|| find(Reached::Pass))
    }
}

/// The lessons that an exercise is about, its own last.
pub(crate) fn lessons_of(exercise: &Exercise) -> Vec<String> {
    let needs = exercise.questions().needs.iter();
    let needs = needs.map(|it| it.get_ref().clone());
    needs.chain([exercise.lesson()]).collect()
}

/// The place of the last lesson that has to come before.
fn stage(lessons: &[String], exercise: &Exercise) -> usize {
    last(lessons, &lessons_of(exercise))
}

fn last(lessons: &[String], needed: &[String]) -> usize {
    let place = |lesson: &String| lessons.iter().position(|it| it == lesson);
    needed.iter().filter_map(place).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::last;

    #[test]
    fn an_exercise_comes_behind_the_last_lesson_that_it_needs() {
        let names = |names: &[&str]| -> Vec<String> {
            names.iter().map(|it| (*it).to_owned()).collect()
        };
        let lessons = names(&["lesson-01-a", "lesson-02-b", "lesson-03-c"]);
        let of = |needed| last(&lessons, &names(needed));
        assert_eq!(of(&["lesson-01-a"]), 0);
        assert_eq!(of(&["lesson-03-c", "lesson-02-b", "lesson-01-a"]), 2);
        assert_eq!(of(&["lesson-01-a", "lesson-03-c"]), 2);
    }
}
