//! One sitting: from the first verdict to the last key.

use std::os::fd::AsFd;
use std::time::Duration;

use grader::{Course, Exercise, Trouble};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, raise};
use nix::sys::signalfd::SignalFd;

use super::answers;
use super::input::{Command, Input};
use super::judgement::{Judgement, Outcome, Told};
use super::order::{Exercises, lessons_of};
use super::progress::{Progress, Reached};
use super::watcher::{Change, Watcher};
use super::work::Work;
use super::{list, say, shown, signals, tell};
use crate::contain::Contain;

const COULD_NOT: u8 = 3;

/// A learner at an exercise.
pub(crate) struct Session<'a> {
    course: &'a Course,
    exercises: &'a Exercises,
    at: usize,
    polls: bool,
    contain: Contain,
    progress: Progress,
    signals: SignalFd,
    input: Input,
    watcher: Watcher,
    judgement: Option<Judgement>,
    /// The program that has its verdict, and the verdict.
    judged: Option<(Vec<u8>, Told)>,
    /// Whether more has been reached than one was told.
    has_news: bool,
    /// Whether the next key may be the second of a reset.
    is_reset_asked: bool,
    code: u8,
}

/// What a turn of the session has heard.
#[derive(Default)]
struct Heard {
    signal: bool,
    typed: bool,
    output: bool,
}

impl<'a> Session<'a> {
    /// Begins with the exercise of that place; `polls` is whether to do
    /// without file events.
    ///
    /// # Errors
    /// If its folder cannot be made, or signals not be heard.
    pub(crate) fn new(
        course: &'a Course,
        exercises: &'a Exercises,
        at: usize,
        polls: bool,
        contain: Contain,
    ) -> Result<Self, Trouble> {
        let progress = Progress::read(course)?;
        let signals = signals::hear()?;
        let path = course.work(exercises.at(at).id());
        let mut session = Self {
            course,
            exercises,
            at,
            polls,
            contain,
            progress,
            signals,
            input: Input::new(),
            watcher: Watcher::new(&path, polls),
            judgement: None,
            judged: None,
            has_news: false,
            is_reset_asked: false,
            code: 0,
        };
        session.open(at)?;
        Ok(session)
    }

    fn exercise(&self) -> &'a Exercise {
        self.exercises.at(self.at)
    }

    /// Goes to an exercise.
    fn open(&mut self, at: usize) -> Result<(), Trouble> {
        let exercise = self.exercises.at(at);
        let is_new = !self.knows_lesson(exercise);
        let notes = Work::of(self.course).prepare(exercise)?;
        self.judgement = None;
        self.judged = None;
        self.has_news = false; // it is told below
        self.at = at;
        let path = self.course.work(exercise.id());
        self.watcher = Watcher::new(&path, self.polls);
        say(&tell::introduction(self.course, exercise, is_new))?;
        for note in notes {
            say(&tell::page(&note))?;
        }
        if let Some(because) = self.watcher.polls_because() {
            say(&tell::page(&format!(
                "No file events here ({because}): your program is looked at \
                 four times a second."
            )))?;
        }
        say(&tell::standing(self.exercises, &self.progress))?;
        let change = self.watcher.read();
        self.changed(change)
    }

    /// Whether another exercise of its lesson has been begun.
    fn knows_lesson(&self, exercise: &Exercise) -> bool {
        let work = Work::of(self.course);
        let begun = self.exercises.all().iter();
        let mut begun = begun.filter(|it| work.package(it.id()).exists());
        begun.any(|it| it.lesson() == exercise.lesson())
            || lessons_of(exercise).is_empty()
    }

    /// Until somebody ends it; the exit code.
    ///
    /// # Errors
    /// If nobody reads what it says.
    pub(crate) fn run(mut self) -> Result<u8, Trouble> {
        loop {
            let heard = self.wait()?;
            if heard.signal
                && let Some(code) = self.take_signal()
            {
                return Ok(code);
            }
            // Saves come before verdicts: a verdict on what is no more there
            // is not told.
            if let Some(change) = self.watcher.look() {
                self.changed(change)?;
            } else if heard.output
                && let Some(judgement) = &mut self.judgement
            {
                judgement.hear();
            }
            self.tell_works()?;
            self.tell_verdict()?;
            if heard.typed {
                for typed in self.input.read() {
                    if !self.obey(typed)? {
                        return Ok(self.code);
                    }
                }
            }
            if self.input.is_over() && self.judgement.is_none() {
                return Ok(self.code);
            }
        }
    }

    /// Waits for a signal, a key, a save, a verdict.
    fn wait(&self) -> Result<Heard, Trouble> {
        let judgement = self.judgement.as_ref();
        let is_done = judgement.is_some_and(Judgement::is_over);
        let patience = match is_done && !self.watcher.is_writing() {
            true => Duration::ZERO,
            false => self.watcher.patience(),
        };
        let sources = [
            Some(self.signals.as_fd()),
            self.input.typed(),
            judgement.and_then(Judgement::output),
            self.watcher.events(),
        ];
        let mut asked: Vec<PollFd<'_>> = sources
            .iter()
            .flatten()
            .map(|fd| PollFd::new(*fd, PollFlags::POLLIN))
            .collect();
        let patience =
            PollTimeout::try_from(patience).unwrap_or(PollTimeout::MAX);
        match poll(&mut asked, patience) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => {
                let says = format!("cannot wait for a save: {}", errno.desc());
                return Err(Trouble::failed(says));
            }
        }
        let mut asked = asked.iter();
        let mut is_ready = |place: usize| {
            sources[place].is_some()
                && asked.next().is_some_and(|it| it.any() == Some(true))
        };
        Ok(Heard {
            signal: is_ready(0),
            typed: is_ready(1),
            output: is_ready(2),
        })
    }

    /// The exit code, if a signal ends the session.
    fn take_signal(&mut self) -> Option<u8> {
        let signal = signals::next(&self.signals)?;
        if signal != Signal::SIGTSTP {
            return Some(signals::code(signal));
        }
        // While it is stopped, the terminal is the shell's.
        self.input.give_back();
        raise(Signal::SIGSTOP).ok();
        self.input.take();
        None
    }

    fn changed(&mut self, change: Change) -> Result<(), Trouble> {
        match change {
            Change::Saved(program) => self.begin(program),
            Change::Lost(why) => {
                self.judgement = None;
                self.judged = None;
                self.code = COULD_NOT;
                let path = shown(&self.course.work(self.exercise().id()));
                say(&format!(
                    "{path} cannot be read: {why}. Bring it back, or `x` \
                     twice puts the starter there.\n"
                ))
            }
        }
    }

    /// Judges a program, unless that is the one that is or was judged.
    fn begin(&mut self, program: Vec<u8>) -> Result<(), Trouble> {
        match (&self.judgement, &self.judged) {
            (Some(judgement), _) if judgement.program() == program => {
                return Ok(());
            }
            (None, Some((judged, _))) if *judged == program => return Ok(()),
            _ => {}
        }
        self.judgement = None;
        self.judged = None;
        self.is_reset_asked = false;
        if self.input.has_keys() {
            say("judging ...\r")?;
        }
        let id = self.exercise().id();
        match Judgement::start(id, program, tell::look(), self.contain) {
            Ok(judgement) => self.judgement = Some(judgement),
            Err(trouble) => self.complain(&trouble.to_string())?,
        }
        Ok(())
    }

    /// Tells that the program works, if that is known before its verdict.
    fn tell_works(&mut self) -> Result<(), Trouble> {
        let judgement = self.judgement.as_mut();
        let works = judgement.is_some_and(Judgement::works_by_now);
        if !works || self.watcher.is_writing() {
            return Ok(());
        }
        // Whoever goes on at once has the mark.
        self.note(Some(Reached::Works))?;
        let id = self.exercise().id();
        match self.input.has_keys() {
            true => say(&format!("\r\x1b[K{id}: works; judging on ...\r")),
            false => Ok(()),
        }
    }

    /// Tells the verdict, if there is one, and nobody is saving.
    fn tell_verdict(&mut self) -> Result<(), Trouble> {
        let is_done = self.judgement.as_ref().is_some_and(Judgement::is_over);
        if !is_done || self.watcher.is_writing() {
            return Ok(());
        }
        let Some(judgement) = self.judgement.take() else { return Ok(()) };
        let program = judgement.program().to_vec();
        match judgement.finish() {
            Outcome::Stale => Ok(()),
            Outcome::Trouble(says) => self.complain(&says),
            Outcome::Told(told) => {
                self.code = 0; // whatever was, it is judged now
                if self.input.has_keys() {
                    say("\r\x1b[K")?; // in the place of "judging"
                }
                say(&tell::verdict(&told, tell::look(), false))?;
                say(tell::merit(&told))?;
                self.note(told.reached)?;
                self.tell_news()?;
                self.judged = Some((program, told));
                self.prompt()
            }
        }
    }

    /// Notes what has been reached, if that is more than before.
    fn note(&mut self, reached: Option<Reached>) -> Result<(), Trouble> {
        let id = self.exercise().id();
        // Another session may have written.
        let noted = Progress::read(self.course).and_then(|progress| {
            self.progress = progress;
            match reached {
                Some(it) if reached > self.progress.of(id) => {
                    self.progress.note(id, it).map(|()| true)
                }
                _ => Ok(false),
            }
        });
        match noted {
            Ok(is_more) => {
                self.has_news |= is_more;
                Ok(())
            }
            Err(trouble) => self.complain(&trouble.to_string()),
        }
    }

    /// How far one is, if that is further than one was told.
    fn tell_news(&mut self) -> Result<(), Trouble> {
        match std::mem::take(&mut self.has_news) {
            true => say(&tell::standing(self.exercises, &self.progress)),
            false => Ok(()),
        }
    }

    /// Says what could not be done; the session goes on.
    fn complain(&mut self, says: &str) -> Result<(), Trouble> {
        self.code = COULD_NOT;
        say(&format!("forklore learn: {says}\n"))
    }

    fn prompt(&self) -> Result<(), Trouble> {
        let told = self.judged.as_ref().map(|(_, told)| told);
        say(&tell::prompt(told, self.input.has_keys()))
    }

    /// Does what was typed; whether the session goes on.
    fn obey(
        &mut self,
        typed: Result<Command, String>,
    ) -> Result<bool, Trouble> {
        let is_asked = self.is_reset_asked;
        self.is_reset_asked = false;
        let command = match typed {
            Ok(command) => command,
            Err(word) => {
                let word = grader::clean(&word);
                say(&format!("'{word}' is no key; `?` names them\n"))?;
                return Ok(true);
            }
        };
        match command {
            Command::Quit => return Ok(false),
            Command::Help => say(&tell::help(self.input.has_keys()))?,
            Command::Hint => self.hint()?,
            Command::Full => self.full()?,
            Command::Task => say(&task(self.exercise())?)?,
            Command::Answer => self.answer()?,
            Command::List => say(&list::text(
                self.course,
                self.exercises,
                &self.progress,
                Some(self.at),
            ))?,
            Command::Again => {
                self.judged = None;
                let change = self.watcher.read();
                self.changed(change)?;
            }
            Command::Next => self.next()?,
            Command::Reset if is_asked => self.reset()?,
            Command::Reset => self.ask_reset()?,
        }
        Ok(true)
    }

    fn hint(&self) -> Result<(), Trouble> {
        match &self.judged {
            Some((_, told)) => {
                say(&format!("\n{}", answers::text(self.exercise(), told)?))
            }
            None => say("There is no verdict yet.\n"),
        }
    }

    fn full(&self) -> Result<(), Trouble> {
        match &self.judged {
            Some((_, told)) => say(&tell::verdict(told, tell::look(), true)),
            None => say("There is no verdict yet.\n"),
        }
    }

    fn answer(&mut self) -> Result<(), Trouble> {
        let exercise = self.exercise();
        let reached = self.progress.of(exercise.id());
        match answers::answer_text(exercise, reached, None) {
            Ok((_, text)) => say(&format!("\n{text}")),
            Err(trouble) => say(&format!("{trouble}\n")),
        }
    }

    fn next(&mut self) -> Result<(), Trouble> {
        match self.exercises.next(&self.progress, Some(self.at)) {
            Some(at) => self.open(at),
            None => say("There is no other exercise without both marks.\n"),
        }
    }

    fn ask_reset(&mut self) -> Result<(), Trouble> {
        self.is_reset_asked = true;
        say("`x` once more puts the starter there; your program is kept \
             beside it, and what it has reached stays.\n")
    }

    fn reset(&mut self) -> Result<(), Trouble> {
        match Work::of(self.course).reset(self.exercise()) {
            Ok(says) => say(&says)?,
            Err(trouble) => return self.complain(&trouble.to_string()),
        }
        self.progress = Progress::read(self.course)?;
        self.judged = None;
        let change = self.watcher.read();
        self.changed(change)
    }
}

/// The task, without the hints: each has its moment.
fn task(exercise: &Exercise) -> Result<String, Trouble> {
    let readme = exercise.readme()?;
    let task = readme.split("\n## Hints\n").next().unwrap_or_default();
    Ok(format!("\n{}", tell::page(task)))
}
