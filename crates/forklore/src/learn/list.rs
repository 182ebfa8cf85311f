//! All exercises, lesson by lesson, and what has been reached.

use grader::{Course, Trouble};

use super::order::Exercises;
use super::progress::Progress;
use super::work::Work;
use super::{say, tell};

/// Prints the list.
///
/// # Errors
/// If the progress cannot be read, or nobody reads the list.
pub(crate) fn show(
    course: &Course,
    exercises: &Exercises,
) -> Result<u8, Trouble> {
    let progress = Progress::read(course)?;
    say(&text(course, exercises, &progress, None))?;
    Ok(0)
}

/// The list, with an arrow at the exercise of that place.
pub(crate) fn text(
    course: &Course,
    exercises: &Exercises,
    progress: &Progress,
    at: Option<usize>,
) -> String {
    let work = Work::of(course);
    let all = exercises.all();
    let widest = all.iter().map(|it| it.id().len()).max().unwrap_or(0);
    let mut text = format!("        {:widest$}  level  min\n", "exercise");
    // The columns before the title, which gets the rest of 80.
    let room = 80_usize.saturating_sub(widest + 22).max(20);
    let mut lesson = "";
    let mut is_guest = false;
    for (place, exercise) in all.iter().enumerate() {
        let stage = exercises.stage(exercise);
        if stage != lesson {
            text.push_str(&format!("\n{stage}\n"));
            lesson = stage;
            is_guest = false;
        }
        if !is_guest && exercise.lesson() != stage {
            text.push_str("  of earlier lessons, and need this one too:\n");
            is_guest = true;
        }
        let id = exercise.id();
        let questions = exercise.questions();
        let is_begun = work.package(id).exists();
        let title = grader::clean(&questions.title);
        text.push_str(&format!(
            "{} {} {id:widest$}  {:5} {:4}  {}\n",
            if at == Some(place) { ">" } else { " " },
            tell::reached(progress.of(id), is_begun),
            questions.level.0,
            questions.minutes,
            shortened(&title, room),
        ));
    }
    text.push('\n');
    text.push_str(&tell::standing(exercises, progress));
    text
}

/// At most so many characters, with dots where some are left out.
fn shortened(title: &str, room: usize) -> String {
    if title.chars().count() <= room {
        return title.to_owned();
    }
    let kept: String = title.chars().take(room.saturating_sub(3)).collect();
    format!("{}...", kept.trim_end())
}
