//! Every picture in a README is what the run draws: the same lanes, in every
//! run.
//!
//! A test harness has threads, and a keeper must have one: so this test is a
//! program of its own. With `SNAPSHOTS=overwrite` in the environment it
//! rewrites what differs; `-- --runs 100` draws each picture so many times.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use observer::{Ceilings, Observed, Request, observe};
use picture::{LaneStyle, Story, Time, lanes};
use place::{Place, places};
use serde_json::Value;
use trace::{Event, Level, Reader};
use tree::{lessons, root, text};

mod place;
#[expect(dead_code, reason = "the other tests of this folder use more of it")]
mod tree;

/// What the observed programs print goes where this process's output goes:
/// nowhere.
const WITHOUT_OUTPUT: &str = "--without-output";

fn main() -> ExitCode {
    observer::keeper_main();
    let mut arguments = env::args().skip(1).peekable();
    if arguments.next_if_eq(WITHOUT_OUTPUT).is_none() {
        return without_output(&arguments.collect::<Vec<_>>());
    }
    let mut runs = 1;
    let mut filters = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // What a test harness would be asked; nothing here is ignored.
            "--list" | "--ignored" => return ExitCode::SUCCESS,
            "--runs" => {
                let number = arguments.next().and_then(|it| it.parse().ok());
                runs = number.expect("--runs takes a number");
            }
            option if option.starts_with('-') => {}
            _ => filters.push(argument),
        }
    }
    let mut shown = shown(&filters);
    shown.retain(can_be_compared);
    if shown.is_empty() {
        return ExitCode::SUCCESS;
    }
    let programs = build(&shown);
    let wrong: usize = shown.iter().map(|it| it.wrong(runs, &programs)).sum();
    let drawn = shown.len() * runs;
    eprintln!("{} pictures, {drawn} runs, {wrong} wrong", shown.len());
    ExitCode::from(u8::from(wrong > 0))
}

fn without_output(arguments: &[String]) -> ExitCode {
    let program = env::current_exe().expect("this program has a path");
    let status = Command::new(program)
        .arg(WITHOUT_OUTPUT)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .expect("this program can be run once more");
    ExitCode::from(u8::from(!status.success()))
}

/// A picture in a page.
struct Shown {
    page: String,
    /// Which of the page's places it has, from 0.
    number: usize,
    lesson: String,
    /// The arguments of the lesson's program.
    arguments: Vec<String>,
    place: Place,
}

/// The pictures of all pages whose lesson and arguments contain one of the
/// filters, if there are any.
fn shown(filters: &[String]) -> Vec<Shown> {
    let mut all = Vec::new();
    for lesson in lessons() {
        let page = format!("lessons/{lesson}/README.md");
        all.extend(shown_on(&page, &lesson));
    }
    all.extend(shown_on("README.md", ""));
    all.retain(|shown| {
        let name = shown.name();
        filters.is_empty() || filters.iter().any(|it| name.contains(it))
    });
    all
}

/// The pictures of one page; those of a lesson's do not name it.
fn shown_on(page: &str, lesson: &str) -> Vec<Shown> {
    let shown = |(number, place): (usize, Place)| {
        let run = format!("{lesson} {}", place.run);
        let mut words = run.split_whitespace().map(str::to_owned);
        let lesson = words.next().expect("a run names its lesson");
        let page = page.to_owned();
        Shown { page, number, lesson, arguments: words.collect(), place }
    };
    places(&text(page)).into_iter().enumerate().map(shown).collect()
}

impl Shown {
    fn name(&self) -> String {
        format!("{} {}", self.lesson, self.arguments.join(" "))
    }

    /// Compares the picture with so many runs; how many differ.
    fn wrong(&self, runs: usize, programs: &BTreeMap<String, String>) -> usize {
        let wrong = (0..runs).filter(|_| !self.holds(programs)).count();
        if runs > 1 {
            eprintln!("{}: {wrong} of {runs} runs differ", self.name());
        }
        wrong
    }

    /// Compares the picture with a run, and says what differs.
    fn holds(&self, programs: &BTreeMap<String, String>) -> bool {
        let program = &programs[&self.lesson];
        let words = [program].into_iter().chain(&self.arguments);
        let drawn = draw(words.map(OsString::from).collect());
        let (page, line, name) = (&self.page, self.place.line, self.name());
        let wanted = self.place.block.as_deref();
        match drawn {
            Ok(drawn) if wanted == Some(&drawn) => true,
            Ok(drawn) if is_overwriting() => {
                eprintln!("{page}:{line}: {name}: rewritten");
                overwrite(page, self.number, &drawn);
                true
            }
            Ok(drawn) => {
                let wanted = wanted.unwrap_or("(no ```text block)\n");
                eprintln!(
                    "{page}:{line}: {name}\n--- the README shows\n{wanted}\
                     --- the run draws\n{drawn}---"
                );
                false
            }
            Err(why) => {
                eprintln!("{page}:{line}: {name}: cannot be drawn: {why}");
                false
            }
        }
    }
}

/// Whether the machine has the shell that the picture is of; says so, if not.
fn can_be_compared(shown: &Shown) -> bool {
    let Some(wanted) = &shown.place.shell else { return true };
    let path = env::var_os("PATH").unwrap_or_default();
    let sh = env::split_paths(&path).find_map(|folder| {
        let file = fs::canonicalize(folder.join("sh")).ok()?;
        Some(file.file_name()?.to_string_lossy().into_owned())
    });
    let sh = sh.unwrap_or_default();
    if sh != *wanted {
        let name = shown.name();
        eprintln!("{name}: ignored: of {wanted}, and sh is '{sh}' here");
    }
    sh == *wanted
}

/// Builds the programs of these pictures' lessons.
///
/// # Returns
/// For each lesson the path of its program.
fn build(shown: &[Shown]) -> BTreeMap<String, String> {
    let cargo = env::var_os("CARGO").expect("cargo runs this test");
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--bins"]);
    command.args(["--message-format", "json-render-diagnostics"]);
    for shown in shown {
        command.args(["--package", &shown.lesson]);
    }
    let output = command
        .current_dir(root())
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "the lessons cannot be built");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let program = message["executable"].as_str()?;
            let lesson = message["target"]["name"].as_str()?;
            Some((lesson.to_owned(), program.to_owned()))
        })
        .collect()
}

/// Runs a command; its lanes in step time, as a page shows them.
///
/// # Errors
/// If the run could not be observed in full.
fn draw(command: Vec<OsString>) -> Result<String, String> {
    let ceilings =
        Ceilings { wall: Some(Duration::from_secs(120)), ..Default::default() };
    let request = Request {
        command,
        environment: Vec::new(),
        ceilings,
        confinement: None,
        plan: None,
        // Refused by the machine is an error, and no smaller picture.
        level: Some(Level::Full),
        is_live: false,
    };
    let mut run = observe(&request).map_err(|error| error.to_string())?;
    let trace = run.trace().expect("a new observation has its trace");
    let read = Reader::new(trace).map_err(|error| error.to_string());
    let story = read.and_then(|reader| {
        let header = reader.header().clone();
        let events: Result<Vec<Event>, _> = reader.collect();
        let events = events.map_err(|error| error.to_string())?;
        Ok(Story::new(&header, events))
    });
    match run.finish().map_err(|error| error.to_string())? {
        Observed::Done => {
            let time = Time::Step;
            let style = LaneStyle { width: 80, time, ..LaneStyle::default() };
            Ok(lanes(&story?, &style))
        }
        Observed::Ended => Err("it did not end in time".to_owned()),
        Observed::Interrupted => Err("SIGINT came".to_owned()),
        Observed::Failed => Err("the line above says why".to_owned()),
    }
}

fn is_overwriting() -> bool {
    env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite")
}

/// Puts a picture into its place, which is looked up again: earlier pictures
/// of the page may have grown since it was read.
fn overwrite(page: &str, number: usize, drawn: &str) {
    let old = text(page);
    let lines: Vec<&str> = old.lines().collect();
    let place = &places(&old)[number];
    let (above, below) = lines.split_at(place.line);
    let block = place.block.as_ref().map_or(0, |it| it.lines().count() + 2);
    let mut new: Vec<&str> = above.to_vec();
    new.push("```text");
    new.extend(drawn.lines());
    new.push("```");
    new.extend(&below[block..]);
    let new = new.join("\n") + "\n";
    fs::write(root().join(page), new).expect("a README is writable");
}
