//! `forklore learn`, driven over pipes as by a learner who saves and types.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use course::{course_of, root, target};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

mod course;

/// Who says nothing for so long hangs.
const LONG: Duration = Duration::from_secs(120);

const SAY: &str = "crates/forklore/fixtures/learn/say";
const EXERCISES: &[(&str, &str, &str)] = &[
    ("lesson-01-execution", "say", SAY),
    ("lesson-01-execution", "late", "crates/forklore/fixtures/learn/late"),
    ("lesson-02-creation", "greet", "crates/forklore/fixtures/learn/greet"),
];

/// A learner's clone of a small course.
struct Desk {
    course: PathBuf,
    temporary: PathBuf,
}

impl Desk {
    fn new(name: &str) -> Self {
        let course = course_of(&format!("learn-{name}"), EXERCISES);
        let temporary = course.join("tmp");
        fs::create_dir(&temporary).expect("it can be done");
        Self { course, temporary }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forklore"));
        command
            .arg("learn")
            .args(arguments)
            .current_dir(&self.course)
            .env("CARGO_TARGET_DIR", target())
            .env("TMPDIR", &self.temporary)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it can be run")
    }

    /// What it prints; it must end well.
    fn read(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("it is text")
    }

    /// Its exit code and the one line that it says on standard error.
    fn refused(&self, arguments: &[&str]) -> (Option<i32>, String) {
        refused(&self.run(arguments))
    }

    fn sit(&self, arguments: &[&str]) -> Sitting {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be run");
        let mut output = child.stdout.take().expect("it is piped");
        let input = child.stdin.take();
        let (tell, heard) = channel();
        let listen = move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                tell.send(buffer[..length].to_vec()).ok();
            }
        };
        Builder::new().spawn(listen).expect("a thread");
        Sitting { child, input, heard, new: Vec::new(), all: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.course.join("work").join(name)
    }

    fn source(&self) -> PathBuf {
        self.path("execution-say/src/main.rs")
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Saves as editors do that write beside the file and rename.
    fn rename_over(&self, program: &str) {
        let draft = self.path("execution-say/src/.main.rs.swp");
        fs::write(&draft, program).expect("it can be done");
        fs::rename(draft, self.source()).expect("it can be done");
    }

    /// Nothing of a run is left.
    fn is_tidy(&self) -> bool {
        fs::read_dir(&self.temporary).expect("it can be done").next().is_none()
    }
}

fn refused(output: &Output) -> (Option<i32>, String) {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(stderr.lines().count(), 1, "{output:?}");
    (output.status.code(), stderr)
}

/// A session under way.
struct Sitting {
    child: Child,
    input: Option<ChildStdin>,
    heard: Receiver<Vec<u8>>,
    new: Vec<u8>,
    all: String,
}

impl Sitting {
    fn types(&mut self, line: &str) {
        let input = self.input.as_mut().expect("it is not closed");
        writeln!(input, "{line}").expect("it listens");
    }

    /// Waits for a text; what was said up to its end.
    fn hears(&mut self, text: &str) -> String {
        loop {
            let new = String::from_utf8_lossy(&self.new).into_owned();
            if let Some(at) = new.find(text) {
                let end = at + text.len();
                self.new.drain(..end);
                self.all.push_str(&new[..end]);
                return new[..end].to_owned();
            }
            match self.heard.recv_timeout(LONG) {
                Ok(bytes) => self.new.extend(bytes),
                Err(why) => panic!("no '{text}' ({why}):\n{new}"),
            }
        }
    }

    /// Waits for the end; the exit code, and all that was said.
    fn ends(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        while let Ok(bytes) = self.heard.recv_timeout(LONG) {
            self.new.extend(bytes);
        }
        self.all.push_str(&String::from_utf8_lossy(&self.new));
        let status = self.child.wait().expect("it is our child");
        (status.code(), std::mem::take(&mut self.all))
    }
}

impl Drop for Sitting {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn right() -> String {
    fs::read_to_string(root().join(SAY).join("right.rs"))
        .expect("it can be done")
}

/// The last line of what follows every verdict.
const PROMPT: &str = "q quit (and Enter)\n";

#[test]
fn a_learner_is_sent_to_the_lesson_and_told_the_earliest_cause() {
    let desk = Desk::new("first");
    let mut sitting = desk.sit(&[]);
    let first = sitting.hears(PROMPT);
    for line in [
        "Say hello  (execution-say, level 1, about 1 min)",
        "  lessons/lesson-01-execution/README.md\n",
        "  cargo run -p lesson-01-execution\n",
        "  work/execution-say/README.md\n",
        "  work/execution-say/src/main.rs\n",
        "0 of 3 work; both marks: 0.",
        "execution-say: fail  (works no, robust no, 0 of 10 points)\n\
         \nwrong-output",
        "also: wrong-exit (f tells all)\n",
        "A solution",
        "h hint on wrong-output",
    ] {
        assert!(first.contains(line), "{line}:\n{first}");
    }
    // Of a small terminal the end is seen: the lanes come before.
    assert!(first.find("A solution") < first.find("\nwrong-output"), "{first}");
    assert!(!first.contains("wrong-exit  (in the run"), "{first}");
    assert!(!first.contains('\u{1b}'), "{first:?}");
    sitting.types("hint");
    sitting.hears("wrong-output:\nCompare it letter by letter.\n");
    sitting.types("f");
    sitting.hears("wrong-exit  (in the run");
    sitting.types("a");
    sitting.hears("are shown once your program has both marks");
    sitting.types("hnit");
    sitting.hears("'hnit' is no key; `?` names them\n");
    sitting.types("?");
    sitting.hears("The letter or the word, and Enter.\n");
    sitting.types("q");
    assert_eq!(sitting.ends().0, Some(0));
}

#[test]
fn every_save_is_judged_until_it_passes() {
    let desk = Desk::new("loop");
    let mut sitting = desk.sit(&[]);
    sitting.hears(PROMPT);
    desk.rename_over("fn main() { println!(\"hello\" }");
    let broken = sitting.hears(PROMPT);
    assert!(broken.contains("does not compile"), "{broken}");
    assert!(
        broken.contains("--> work/execution-say/src/main.rs:1"),
        "{broken}"
    );
    assert_eq!(desk.text("progress.txt"), "");

    fs::write(desk.source(), right()).unwrap();
    let passed = sitting.hears(PROMPT);
    assert!(passed.contains("execution-say: pass"), "{passed}");
    assert!(passed.contains("1 of 3 work; both marks: 1."), "{passed}");
    assert!(desk.text("progress.txt").contains("\nexecution-say pass\n"));
    sitting.types("answer");
    sitting.hears("cargo learn answer execution-say bytes\n");
    sitting.types("next");
    sitting.hears("Greet, and end well  (creation-greet");
    sitting.hears(PROMPT);
    sitting.types("q");
    let (code, _) = sitting.ends();
    assert_eq!(code, Some(0));
    assert!(desk.is_tidy());
}

#[test]
fn each_content_is_judged_once_and_never_half_of_it() {
    let desk = Desk::new("saves");
    let mut sitting = desk.sit(&["execution-say"]);
    sitting.hears(PROMPT);
    let program = right();
    let mut file = File::create(desk.source()).unwrap();
    let (head, tail) = program.split_at(program.len() / 2);
    file.write_all(head.as_bytes()).unwrap();
    // Meanwhile other verdicts are made from beginning to end: one on this
    // half would be there, too, also if it was looked at without an event.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        desk.read(&["creation-greet"]);
    }
    sitting.types("list");
    sitting.hears("work; both marks");
    file.write_all(tail.as_bytes()).unwrap();
    drop(file);
    sitting.hears("execution-say: pass");
    sitting.hears(PROMPT);
    // The same again, in three ways.
    fs::write(desk.source(), &program).unwrap();
    desk.rename_over(&program);
    fs::write(desk.source(), &program).unwrap();
    desk.read(&["creation-greet"]);
    sitting.types("list");
    sitting.hears("work; both marks");
    sitting.types("q");
    let (_, all) = sitting.ends();
    assert_eq!(all.matches("execution-say: ").count(), 2, "{all}");
    assert!(!all.contains("does not compile"), "{all}");
}

/// A program that takes this name and then never ends, nor waits.
fn endless(name: &str) -> String {
    format!(
        "fn main() {{\n    nix::sys::prctl::set_name(c\"{name}\").unwrap();\n    \
         loop {{}}\n}}\n"
    )
}

/// Waits until a program of ours has that name. It can write nothing that is
/// seen from here.
fn pid_of(name: &str) -> i32 {
    let is_it = |pid: &i32| {
        let of = |file: &str| format!("/proc/{pid}/{file}");
        let comm = fs::read_to_string(of("comm")).unwrap_or_default();
        let program = fs::read_link(of("exe")).unwrap_or_default();
        comm.trim_end() == name && program.starts_with(target())
    };
    loop {
        let entries = fs::read_dir("/proc").expect("it is mounted");
        let entries = entries.filter_map(Result::ok);
        let mut pids = entries
            .filter_map(|it| it.file_name().to_str()?.parse::<i32>().ok());
        if let Some(pid) = pids.find(is_it) {
            return pid;
        }
        std::thread::yield_now();
    }
}

fn is_alive(pid: i32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn a_save_during_a_judgement_ends_it_and_begins_another() {
    let desk = Desk::new("again");
    let mut sitting = desk.sit(&["execution-say"]);
    sitting.hears(PROMPT);
    fs::write(desk.source(), endless("end-again")).unwrap();
    let pid = pid_of("end-again");
    desk.rename_over(&right());
    let said = sitting.hears(PROMPT);
    assert!(said.contains("execution-say: pass"), "{said}");
    assert!(!said.contains("fail"), "{said}");
    assert!(!is_alive(pid));
    assert!(desk.is_tidy());
    sitting.types("q");
    assert_eq!(sitting.ends().0, Some(0));
}

#[test]
fn a_signal_ends_the_session_and_all_that_runs() {
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143)] {
        let desk = Desk::new(&format!("signal-{code}"));
        let mut sitting = desk.sit(&["execution-say"]);
        sitting.hears(PROMPT);
        let name = format!("end-{code}");
        fs::write(desk.source(), endless(&name)).unwrap();
        let pid = pid_of(&name);
        kill(Pid::from_raw(sitting.child.id() as i32), signal).unwrap();
        assert_eq!(sitting.ends().0, Some(code));
        assert!(!is_alive(pid));
        assert!(desk.is_tidy());
    }
}

#[test]
fn without_input_it_ends_behind_its_verdict() {
    let desk = Desk::new("no-input");
    let said = desk.read(&[]);
    assert!(said.ends_with(PROMPT), "{said}");
    assert!(said.contains("execution-say: fail"), "{said}");
    assert!(desk.is_tidy());
}

#[test]
fn without_file_events_it_says_so_and_looks() {
    let desk = Desk::new("poll");
    let mut sitting = desk.sit(&["--poll"]);
    let said = sitting.hears(PROMPT);
    assert!(said.contains("No file events here"), "{said}");
    fs::write(desk.source(), right()).unwrap();
    let said = sitting.hears(PROMPT);
    assert!(said.contains("execution-say: pass"), "{said}");
    desk.rename_over("fn main() {}\n");
    let said = sitting.hears(PROMPT);
    assert!(said.contains("execution-say: fail"), "{said}");
    // What was reached stays reached.
    assert!(desk.text("progress.txt").contains("execution-say pass"));
    sitting.types("q");
    assert_eq!(sitting.ends().0, Some(0));
}

#[test]
fn a_source_that_goes_is_told_and_may_come_back() {
    let desk = Desk::new("gone");
    let mut sitting = desk.sit(&["execution-say"]);
    sitting.hears(PROMPT);
    fs::remove_file(desk.source()).unwrap();
    sitting.hears("work/execution-say/src/main.rs cannot be read");
    fs::write(desk.source(), right()).unwrap();
    sitting.hears("execution-say: pass");
    // A whole new folder in its place is watched, too.
    fs::rename(desk.path("execution-say/src"), desk.path("old")).unwrap();
    fs::create_dir(desk.path("execution-say/src")).unwrap();
    fs::write(desk.source(), "fn main() { new() }").unwrap();
    sitting.hears("cannot find function `new`");
    sitting.types("x");
    sitting.hears("once more");
    sitting.types("reset");
    sitting.hears("yours is work/execution-say/before-reset-1.rs");
    sitting.hears("execution-say: fail");
    assert_eq!(
        desk.text("execution-say/before-reset-1.rs"),
        "fn main() { new() }"
    );
    sitting.types("q");
    assert_eq!(sitting.ends().0, Some(0));
}

#[test]
fn works_opens_the_next_and_pass_the_answers() {
    let desk = Desk::new("marks");
    let list = desk.read(&["list"]);
    let places: Vec<usize> =
        ["execution-say", "creation-greet", "execution-late"]
            .iter()
            .map(|id| list.find(id).expect("it is listed"))
            .collect();
    // The last of the three needs lesson 05.
    assert!(places.is_sorted(), "{list}");
    let guest = "  of earlier lessons, and need this one too:\n";
    let behind = list.split_once(guest).unwrap_or_default().1;
    assert!(behind.contains("execution-late"), "{list}");
    assert!(!behind.contains("execution-say"), "{list}");
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");

    desk.read(&["creation-greet"]);
    let works = "fn main() { println!(\"hi\") }";
    fs::write(desk.path("creation-greet/src/main.rs"), works).unwrap();
    let said = desk.read(&["creation-greet"]);
    assert!(said.contains("the next exercise is open"), "{said}");
    assert!(desk.text("progress.txt").contains("creation-greet works"));
    let output = desk.run(&["answer", "creation-greet"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let output = desk.run(&["hint", "creation-greet"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let hint = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(hint, "wrong-output:\nIt says nothing yet.\n");
    // Begun and known: the introduction is shorter now.
    assert!(!said.contains("The lesson comes first"), "{said}");
    assert!(desk.read(&["list"]).contains("works creation-greet"));
}

/// Of `creation-greet`, the second run counts for `robust` alone.
#[test]
fn that_it_works_is_told_before_the_rest_is_judged() {
    let desk = Desk::new("early");
    desk.read(&["creation-greet"]);
    let judge = |program: &str| {
        fs::write(desk.path("creation-greet/src/main.rs"), program).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_forklore"));
        let mut worker = command
            .args(["learn-worker", "creation-greet", "--columns", "80"])
            .current_dir(&desk.course)
            .env("CARGO_TARGET_DIR", target())
            .env("TMPDIR", &desk.temporary)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = worker.stdin.take().unwrap();
        input.write_all(program.as_bytes()).unwrap();
        drop(input);
        let said = worker.wait_with_output().unwrap().stdout;
        String::from_utf8(said).unwrap()
    };
    let said = judge("fn main() { println!(\"hi\") }");
    let (first, rest) = said.split_once('\n').unwrap();
    assert_eq!(first, "{\"works\":true}");
    assert!(rest.contains("\"reached\":\"works\""), "{rest}");
    assert_eq!(rest.lines().count(), 1, "{rest}");
    let said = judge("fn main() { println!(\"ho\") }");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("\"reached\":null"), "{said}");
}

#[test]
fn an_answer_is_shown_once_it_is_earned() {
    let desk = Desk::new("answers");
    fs::create_dir(desk.path("")).unwrap();
    fs::write(desk.path("progress.txt"), "execution-say pass\n").unwrap();
    let said = desk.read(&["answer", "execution-say"]);
    assert!(said.starts_with(&right()), "{said}");
    assert!(said.contains("Another: It writes the bytes itself."), "{said}");
    let said = desk.read(&["answer", "execution-say", "bytes"]);
    assert!(said.contains("write_all"), "{said}");
    let (code, line) = desk.refused(&["answer", "execution-say", "nix"]);
    assert_eq!(code, Some(2));
    assert!(line.contains("right, bytes"), "{line}");
}

#[test]
fn reset_keeps_what_was_there() {
    let desk = Desk::new("reset");
    desk.read(&["reset", "execution-say"]);
    for (number, program) in
        ["fn main() {}", "fn main() { 1 }"].iter().enumerate()
    {
        fs::write(desk.source(), program).unwrap();
        desk.read(&["reset", "execution-say"]);
        let kept = format!("execution-say/before-reset-{}.rs", number + 1);
        assert_eq!(desk.text(&kept), *program);
    }
    let starter = root().join(SAY).join("starter.rs");
    assert_eq!(fs::read(desk.source()).unwrap(), fs::read(starter).unwrap());
    let said = desk.read(&["reset", "execution-say"]);
    assert!(said.contains("is the starter"), "{said}");
    assert!(!desk.path("execution-say/before-reset-3.rs").exists());
    fs::write(desk.path("progress.txt"), "execution-say pass\n").unwrap();
    let said = desk.read(&["reset", "execution-say"]);
    assert!(said.contains("what you have reached stays: pass"), "{said}");
    assert_eq!(desk.text("progress.txt"), "execution-say pass\n");
}

#[test]
fn what_the_learner_has_is_never_written_over() {
    let desk = Desk::new("kept");
    desk.read(&["execution-say"]);
    let own = ["Cargo.toml", "execution-say/Cargo.toml", "Cargo.lock"];
    for name in own {
        let text = desk.text(name) + "# mine\n";
        fs::write(desk.path(name), text).unwrap();
    }
    fs::write(desk.path("execution-say/README.md"), "mine").unwrap();
    fs::write(desk.source(), "fn main() {}").unwrap();
    desk.read(&["execution-say"]);
    for name in own {
        assert!(desk.text(name).ends_with("# mine\n"), "{name}");
    }
    assert_eq!(desk.text("execution-say/README.md"), "mine");
    assert_eq!(desk.text("execution-say/src/main.rs"), "fn main() {}");
}

#[test]
fn the_workspace_of_the_learner_is_one_that_cargo_takes() {
    let desk = Desk::new("cargo");
    desk.read(&["execution-say"]);
    desk.read(&["creation-greet"]);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(desk.path("execution-say"))
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    for name in ["\"name\":\"execution-say\"", "\"name\":\"creation-greet\""] {
        assert!(said.contains(name), "{said}");
    }
    assert!(said.contains("work/../target\""), "the target folder: {said}");
    // In these folders the course's commands are the course's.
    for (folder, course) in [("", ".."), ("execution-say/", "../..")] {
        let config = desk.text(&format!("{folder}.cargo/config.toml"));
        let learn = format!("run --manifest-path {course}/Cargo.toml -p");
        assert!(config.contains(&learn), "{config}");
    }
    let editor = desk.course.join(".vscode/settings.json");
    assert!(fs::read_to_string(editor).unwrap().contains("work/Cargo.toml"));
}

#[test]
fn what_cannot_be_is_refused_in_one_line() {
    let desk = Desk::new("refused");
    for arguments in [&["execution-sya"][..], &["reset", "execution-sya"]] {
        let (code, line) = desk.refused(arguments);
        assert_eq!(code, Some(2), "{line}");
        assert!(line.contains("did you mean execution-say"), "{line}");
    }
    for (arguments, meant) in [
        (&["lsit"][..], "`cargo learn list`"),
        (&["hnit", "execution-say"], "`cargo learn hint`"),
        (&["execution-say", "creation-greet"], "one exercise at a time"),
    ] {
        let (code, line) = desk.refused(arguments);
        assert_eq!(code, Some(2), "{line}");
        assert!(line.contains(meant), "{line}");
    }
    assert!(!desk.path("").exists(), "nothing is made for it");

    desk.read(&["execution-say"]);
    for (file, text, says) in [
        ("Cargo.toml", "[workspace]\nmembers = [", "work/Cargo.toml:2: "),
        ("Cargo.toml", "a = 1", "work/Cargo.toml:1: it has no [workspace]"),
        ("execution-say/Cargo.toml", "x", "work/execution-say/Cargo.toml:1: "),
        ("progress.txt", "# mine\n<<<<<<<", "work/progress.txt:2: '<<<<<<<'"),
    ] {
        let before = desk.text(file);
        fs::write(desk.path(file), text).unwrap();
        let (code, line) = desk.refused(&["execution-say"]);
        assert_eq!(code, Some(3), "{line}");
        assert!(line.contains(says), "{line}");
        assert_eq!(desk.text(file), text);
        match before.is_empty() {
            true => fs::remove_file(desk.path(file)).unwrap(),
            false => fs::write(desk.path(file), before).unwrap(),
        }
    }
    fs::remove_file(desk.source()).unwrap();
    let (code, line) = desk.refused(&["execution-say"]);
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("cargo learn reset execution-say"), "{line}");
    desk.read(&["reset", "execution-say"]);
    desk.read(&["execution-say"]);
}

#[test]
fn a_source_that_is_no_program_is_told_as_what_it_is() {
    let desk = Desk::new("no-program");
    desk.read(&["execution-say"]);
    fs::write(desk.source(), b"fn main() { \xff }").unwrap();
    assert!(desk.read(&["execution-say"]).contains("UTF-8"));
    let file = File::create(desk.source()).unwrap();
    file.set_len(100 << 20).unwrap();
    let said = desk.read(&["execution-say"]);
    assert!(said.contains("has 104857600 bytes"), "{said}");
    fs::remove_file(desk.source()).unwrap();
    fs::create_dir(desk.source()).unwrap();
    let output = desk.run(&["execution-say"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("main.rs cannot be read: it is no file"), "{said}");
    let (code, line) = desk.refused(&["hint", "execution-say"]);
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("it is no file"), "{line}");
}

#[test]
fn a_signal_ends_a_hint_and_what_runs_for_it() {
    let desk = Desk::new("hint");
    desk.read(&["execution-say"]);
    fs::write(desk.source(), endless("end-hint")).unwrap();
    let hint = desk.sit(&["hint", "execution-say"]);
    let pid = pid_of("end-hint");
    kill(Pid::from_raw(hint.child.id() as i32), Signal::SIGINT).unwrap();
    assert_eq!(hint.ends().0, Some(130));
    assert!(!is_alive(pid));
    assert!(desk.is_tidy());
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused_and_stays() {
    let desk = Desk::new("file");
    fs::write(desk.path(""), "mine").ok();
    fs::write(desk.course.join("work"), "mine").unwrap();
    let (code, line) = desk.refused(&[]);
    assert_eq!(code, Some(3), "{line}");
    assert!(line.contains("cannot"), "{line}");
    let kept = fs::read_to_string(desk.course.join("work")).unwrap();
    assert_eq!(kept, "mine");
}

#[test]
fn without_a_compiler_nothing_is_begun() {
    let desk = Desk::new("no-compiler");
    let empty = desk.course.join("empty");
    fs::create_dir(&empty).unwrap();
    let output = desk
        .command(&[])
        .env("PATH", &empty)
        .env("CARGO_TARGET_DIR", &empty)
        .output()
        .unwrap();
    let (code, line) = refused(&output);
    assert_eq!(code, Some(3), "{line}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.ends_with("lessons/lesson-01-execution/README.md\n"),
        "{said}"
    );
    assert!(line.contains("rustup.rs"), "{line}");
    assert!(!desk.path("").exists(), "nothing is made for it");
}
