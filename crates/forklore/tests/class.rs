//! `forklore class`: a class is judged, whatever its submissions are.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use course::{course_of, target};
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, mkfifo};
use serde_json::Value;

mod course;

const SAY: &str = "crates/forklore/fixtures/learn/say";
const ID: &str = "execution-say";

/// A course with one small exercise, and an empty folder for submissions.
struct Stage {
    course: PathBuf,
}

impl Stage {
    fn new(name: &str) -> Self {
        let this = ("lesson-01-execution", "say", SAY);
        let course = course_of(&format!("class-{name}"), &[this]);
        fs::create_dir(course.join("in")).expect("the stage holds");
        Self { course }
    }

    /// A right answer of a student's own.
    fn hand_in(&self, student: &str) -> PathBuf {
        let right = format!("{SAY}/right.rs");
        let right = fs::read_to_string(self.course.join(right))
            .expect("the stage holds");
        self.hand_in_this(student, &format!("{right}// {student}\n"))
    }

    fn hand_in_this(&self, student: &str, source: &str) -> PathBuf {
        let folder = self.course.join("in").join(student);
        fs::create_dir_all(&folder).expect("the stage holds");
        fs::write(folder.join(format!("{ID}.rs")), source)
            .expect("the stage holds");
        folder
    }

    fn class(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forklore"));
        command
            .arg("class")
            .args(arguments)
            .current_dir(&self.course)
            .env("CARGO_TARGET_DIR", target())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        told(&self.class(arguments).output().expect("the stage holds"))
    }

    fn out(&self, name: &str) -> PathBuf {
        self.course.join(name)
    }

    /// All records in a folder of results, by the student's name.
    fn records(&self, out: &str) -> BTreeMap<String, Value> {
        let folder = self.out(out).join("records");
        let mut records = BTreeMap::new();
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let folder = entry.expect("the stage holds").path();
            for entry in fs::read_dir(&folder).expect("the stage holds") {
                let file = entry.expect("the stage holds").path();
                let name = file
                    .file_name()
                    .expect("the stage holds")
                    .to_string_lossy();
                if name.starts_with('.') {
                    continue; // a draft that nobody reads
                }
                let record: Value = serde_json::from_slice(
                    &fs::read(&file).expect("the stage holds"),
                )
                .unwrap_or_else(|it| panic!("{file:?} is torn: {it}"));
                let student = record["student"]
                    .as_str()
                    .expect("the stage holds")
                    .to_owned();
                assert_eq!(
                    folder.file_name().expect("the stage holds"),
                    &*student
                );
                assert!(records.insert(student, record).is_none());
            }
        }
        records
    }
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    // What cargo says while it builds the libraries comes before.
    let is_cargo = |line: &&str| {
        ["Blocking ", "Finished ", "Compiling "]
            .iter()
            .any(|it| line.trim_start().starts_with(it))
    };
    let stderr = text(&output.stderr);
    let stderr = stderr.split_inclusive('\n').filter(|it| !is_cargo(it));
    (output.status.code(), text(&output.stdout), stderr.collect())
}

/// What has to be the same however the record came about.
fn verdicts(records: &BTreeMap<String, Value>) -> Vec<(&String, Value)> {
    let verdict = |(student, record)| {
        let record: &Value = record;
        let mut verdict = record["verdict"].clone();
        verdict["key"] = record["key"].clone();
        (student, verdict)
    };
    records.iter().map(verdict).collect()
}

/// Links, special files, and names that are no students.
fn hand_in_what_is_none(folder: &Path, outside: &Path) {
    let source = format!("{ID}.rs");
    for (student, make) in [
        ("link", &|path: &Path| symlink(outside, path)),
        ("fifo", &|path: &Path| Ok(mkfifo(path, Mode::S_IRWXU)?)),
        ("socket", &|path: &Path| UnixListener::bind(path).map(drop)),
        ("folder", &|path: &Path| fs::create_dir(path)),
        ("huge", &|path: &Path| File::create(path)?.set_len(1 << 40)),
    ]
        as [(&str, &dyn Fn(&Path) -> io::Result<()>); 5]
    {
        fs::create_dir(folder.join(student)).expect("the stage holds");
        make(&folder.join(student).join(&source)).expect("the stage holds");
    }
    symlink(outside, folder.join("alias")).expect("the stage holds");
    symlink(folder.join("good"), folder.join("linked"))
        .expect("the stage holds");
    let way = folder.join("way/work");
    fs::create_dir_all(&way).expect("the stage holds");
    symlink(folder.join("good"), way.join(ID)).expect("the stage holds");
    fs::create_dir(folder.join("a\n::set-output name=x::y"))
        .expect("the stage holds");
    fs::create_dir(folder.join(".hidden")).expect("the stage holds");
    fs::create_dir(folder.join(std::ffi::OsStr::from_bytes(b"\xff")))
        .expect("the stage holds");
}

#[test]
fn what_is_no_submission_is_told_in_a_line_and_the_rest_is_graded() {
    let stage = Stage::new("refused");
    let folder = stage.course.join("in");
    stage.hand_in("good");
    hand_in_what_is_none(&folder, &stage.course.join("README.md"));
    let (code, stdout, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stdout.starts_with("1 submissions have a verdict, 0 have none"));
    for line in [
        "link: execution-say.rs is a symbolic link: execution-say is not taken",
        "fifo: execution-say.rs is a FIFO: ",
        "socket: execution-say.rs is a socket: ",
        "folder: execution-say.rs is a folder: ",
        "huge: execution-say.rs has 1099511627776 bytes; at most 1048576",
        "'alias' is a symbolic link, and no student's folder",
        "'linked' is a symbolic link, and no student's folder",
        "way: work/execution-say is a symbolic link: ",
        r"'a\n::set-output name=x::y' is no name of a student",
        "'.hidden' is no name of a student",
        "is not UTF-8",
    ] {
        let count = stderr.lines().filter(|it| it.contains(line)).count();
        assert_eq!(count, 1, "{line}\n{stderr}");
    }
    assert_eq!(stderr.lines().count(), 11, "{stderr}");
    assert!(stderr.lines().all(|it| it.starts_with("forklore class: ")));
    assert_eq!(stage.records("out").keys().collect::<Vec<_>>(), ["good"]);
}

/// Root reads what nobody may; without that right it does not.
fn without_rights_to_all_files(command: &Command) -> Command {
    if !nix::unistd::geteuid().is_root() {
        let mut same = Command::new(command.get_program());
        same.args(command.get_args());
        return same;
    }
    let mut less = Command::new("setpriv");
    less.arg("--bounding-set=-dac_override,-dac_read_search")
        .arg(command.get_program())
        .args(command.get_args());
    less
}

#[test]
fn what_the_machine_does_not_let_one_read_is_nobodys_zero() {
    let stage = Stage::new("unread");
    stage.hand_in("ada");
    let close = |path: PathBuf| {
        fs::set_permissions(path, Permissions::from_mode(0o0)).unwrap();
    };
    close(stage.hand_in("bob").join(format!("{ID}.rs")));
    close(stage.hand_in("cyd"));
    fs::create_dir_all(stage.course.join("in/dan/course/work")).unwrap();
    fs::create_dir(stage.course.join("in/eve")).unwrap();
    let asked = stage.class(&["in", "--out", "out"]);
    let output = without_rights_to_all_files(&asked)
        .current_dir(&stage.course)
        .env("CARGO_TARGET_DIR", target())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (code, _, stderr) = told(&output);
    assert_eq!(code, Some(3), "{stderr}");
    for line in [
        "bob: execution-say.rs cannot be read: ",
        "cyd: work cannot be opened: ",
        "neither work/EXERCISE/src/main.rs nor EXERCISE.rs lies in the \
         folders of 2: dan; eve",
    ] {
        assert_eq!(stderr.matches(line).count(), 1, "{line}\n{stderr}");
    }
    let grades = fs::read_to_string(stage.out("out/grades.csv")).unwrap();
    for (student, state) in [
        ("ada", "judged,pass,yes,yes,10"),
        ("bob", "not judged yet,,,,"),
        ("cyd", "not judged yet,,,,"),
        ("dan", "not handed in,,,,0"),
    ] {
        let row = format!("\n{student},,{ID},{state},10,");
        assert!(grades.contains(&row), "{row}\n{grades}");
    }
    let open = Permissions::from_mode(0o700);
    fs::set_permissions(stage.course.join("in/cyd"), open).unwrap();
}

#[test]
fn in_the_log_of_a_job_no_name_is_a_command() {
    let stage = Stage::new("log");
    stage.hand_in("good");
    let link = stage.course.join("in/##[error]a ##[set-env name=X]y");
    symlink("/etc", link).unwrap();
    let output = stage
        .class(&["in", "--out", "out"])
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    let (code, _, stderr) = told(&output);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("[set-env name=X]y' is a symbolic"), "{stderr}");
    assert!(!stderr.contains("##["), "{stderr}");
}

#[test]
fn a_folder_of_a_hundred_thousand_files_is_looked_up_and_not_listed() {
    let stage = Stage::new("many-files");
    let folder = stage.hand_in("many");
    let first = folder.join("0.rs");
    File::create(&first).unwrap();
    for number in 1..100_000 {
        let name = folder.join(format!("{number}.rs"));
        // Some file systems allow so many names of one file.
        if fs::hard_link(&first, &name).is_err() {
            File::create(&name).unwrap();
        }
    }
    let (code, _, stderr) = stage.run(&["in", "--out", "out"]);
    let pass = &stage.records("out")["many"]["verdict"]["verdict"];
    assert_eq!((code, pass), (Some(0), &"pass".into()), "{stderr}");
    fs::remove_dir_all(folder).unwrap();
}

/// Waits for the child's end, at most so many milliseconds; whether it came.
fn ends_in(child: &mut Child, milliseconds: u16) -> bool {
    let Some(stdout) = &child.stdout else { return true };
    let mut asked = [PollFd::new(stdout.as_fd(), PollFlags::POLLIN)];
    poll(&mut asked, milliseconds).expect("the stage holds") > 0
}

#[test]
fn killed_twenty_times_and_resumed_no_record_is_lost_doubled_or_torn() {
    const STUDENTS: usize = 16;
    let stage = Stage::new("killed");
    for number in 0..STUDENTS {
        stage.hand_in(&format!("s{number}"));
    }
    let command = ["in", "--out", "out", "--resume", "--jobs", "2"];
    let (mut kills, mut before) = (0, 0);
    while kills < 20 {
        let mut child = stage
            .class(&command)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // A random moment: no order hangs on it.
        let random = RandomState::new().build_hasher().finish();
        if ends_in(&mut child, (random % 400) as u16) {
            // All are judged: from the beginning.
            assert!(child.wait().unwrap().success());
            assert_eq!(stage.records("out").len(), STUDENTS);
            fs::remove_dir_all(stage.out("out")).unwrap();
            before = 0;
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let records = stage.records("out").len();
        assert!(records >= before, "{records} records, {before} before");
        before = records;
    }
    let (code, _, stderr) = stage.run(&command);
    assert_eq!((code, &*stderr), (Some(0), ""));
    is_as_one_run(&stage, STUDENTS);
}

/// What was killed and resumed is what one run alone makes.
fn is_as_one_run(stage: &Stage, students: usize) {
    let (code, _, stderr) = stage.run(&["in", "--out", "again"]);
    assert_eq!((code, &*stderr), (Some(0), ""));
    let (killed, whole) = (stage.records("out"), stage.records("again"));
    assert_eq!(killed.len(), students);
    assert_eq!(verdicts(&killed), verdicts(&whole));
    let canonical = |out: &str| {
        fs::read(stage.out(out).join("records.jsonl")).expect("it is made")
    };
    assert_eq!(canonical("out"), canonical("again"));
    let drafts = fs::read_dir(stage.out("out/records/s0"));
    assert_eq!(drafts.expect("it is made").count(), 1, "a draft is left");
}

#[test]
fn results_are_gone_on_with_only_if_that_is_asked_for() {
    let stage = Stage::new("resume");
    stage.hand_in("ada");
    assert_eq!(stage.run(&["in", "--out", "out"]).0, Some(0));
    let (code, _, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("out holds results: --resume"), "{stderr}");
    let (code, _, stderr) = stage.run(&["in", "--out", "in/out"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("there it would be a student"), "{stderr}");
    let first = stage.records("out");

    // What is judged is not judged again; another source is.
    stage.hand_in_this("bob", "fn main() { missing() }");
    assert_eq!(stage.run(&["in", "--out", "out", "--resume"]).0, Some(0));
    let second = stage.records("out");
    assert_eq!(first["ada"], second["ada"]);
    assert_eq!(second["bob"]["verdict"]["verdict"], "build-failed");
    let said = second["bob"]["verdict"]["compiler"].as_str().unwrap();
    assert!(said.contains("--> execution-say.rs:1:13"), "{said}");
    stage.hand_in("bob");
    assert_eq!(stage.run(&["in", "--out", "out", "--resume"]).0, Some(0));
    let third = stage.records("out");
    assert_eq!(third["bob"]["verdict"]["verdict"], "pass");
    assert_ne!(third["bob"]["seed"], third["ada"]["seed"]);
}

fn start(stage: &Stage) -> Child {
    stage
        .class(&["in", "--out", "out", "--jobs", "2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it can be run")
}

/// Stops a class; whether some of its records were kept by then, and not all.
fn is_stopped_under_way(stage: &Stage, child: &mut Child, all: usize) -> bool {
    while stage.records("out").is_empty() {
        let is_over = ends_in(child, 5);
        let has_none = stage.records("out").is_empty();
        assert!(!(is_over && has_none), "nothing was kept");
    }
    let pid = Pid::from_raw(child.id() as i32);
    kill(pid, Signal::SIGSTOP).expect("it is ours");
    let stopped = waitpid(pid, Some(WaitPidFlag::WUNTRACED));
    let is_stopped = matches!(stopped, Ok(WaitStatus::Stopped(..)));
    is_stopped && stage.records("out").len() < all
}

#[test]
fn results_that_vanish_under_way_are_made_once_more() {
    let stage = Stage::new("vanish");
    for number in 0..12 {
        stage.hand_in(&format!("s{number}"));
    }
    let mut child = start(&stage);
    while !is_stopped_under_way(&stage, &mut child, 12) {
        // It was done before it could be stopped: once more.
        child.kill().ok();
        child.wait().ok();
        fs::remove_dir_all(stage.out("out")).unwrap();
        child = start(&stage);
    }
    let gone = stage.course.join("gone");
    fs::rename(stage.out("out"), &gone).unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGCONT).unwrap();
    let (code, _, stderr) = told(&child.wait_with_output().unwrap());
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("records were gone from out"), "{stderr}");
    assert_eq!(stage.records("out").len(), 12);
}

#[test]
fn without_a_compiler_nobody_gets_a_zero() {
    let stage = Stage::new("no-compiler");
    stage.hand_in("ada");
    let empty = stage.course.join("empty");
    fs::create_dir(&empty).unwrap();
    // The libraries are built; what was compiled before needs no linker.
    let new = format!("fn main() {{}} // {:?}", std::time::SystemTime::now());
    stage.hand_in_this("bob", &new);
    assert!(stage.class(&["in", "--out", "all"]).status().unwrap().success());
    let newer = format!("{new} once more");
    stage.hand_in_this("bob", &newer);
    let output = stage
        .class(&["in", "--out", "out"])
        .env("PATH", &empty)
        .output()
        .unwrap();
    let (code, _, stderr) = told(&output);
    assert_eq!(code, Some(3), "{stderr}");
    let line = "bob: execution-say: no verdict: cannot compile";
    assert!(stderr.contains(line), "{stderr}");
    let record = &stage.records("out")["bob"];
    assert_eq!(record["outcome"], "infrastructure");
    assert_eq!(record["tries"], 2);
    assert_eq!(record["verdict"], Value::Null);
    // Nor does any table know of a zero.
    let grades = stage.out("out/grades.csv");
    let grades = fs::read_to_string(grades).unwrap();
    let row = "\nbob,,execution-say,not judged yet,,,,,10,0,,,,100\n";
    assert!(grades.contains(row), "{grades}");
    let canvas = stage.out("out/canvas.csv");
    let canvas = fs::read_to_string(canvas).unwrap();
    assert!(canvas.contains("\nbob,,,bob,,\n"), "{canvas}");
    // With a compiler it goes on.
    assert_eq!(stage.run(&["in", "--out", "out", "--resume"]).0, Some(0));
    assert_eq!(stage.records("out")["bob"]["outcome"], "judged");
}

#[test]
fn the_level_of_containment_is_recorded_and_too_little_is_no_verdict() {
    let stage = Stage::new("contained");
    stage.hand_in_this("bob", "fn main() { missing() }");
    // Of what does not compile nothing has to be contained.
    let full = ["in", "--out", "full", "--require-containment", "full"];
    let (code, _, stderr) = stage.run(&full);
    assert_eq!(code, Some(0), "{stderr}");
    stage.hand_in("ada");
    let level = |out: &str| {
        let record = &stage.records(out)["ada"];
        record["verdict"]["contained"].as_str().unwrap_or("").to_owned()
    };
    let (code, _, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(["full", "partial"].contains(&&*level("out")), "{}", level("out"));
    let asked = stage.run(&["in", "--out", "none", "--contain", "none"]);
    assert_eq!((asked.0, &*level("none")), (Some(0), "none"), "{asked:?}");

    // What graders are told behind the back of their class does not count.
    let (code, _, stderr) =
        stage.run(&["in", "--out", "less", "--", "--contain", "none"]);
    assert_eq!(code, Some(3), "{stderr}");
    let line = "ada: execution-say: no verdict: it was contained less";
    assert!(stderr.contains(line), "{stderr}");
    let (code, _, stderr) = stage.run(&["in", "--out", "odd", "--", "--odd"]);
    assert_eq!(code, Some(3), "{stderr}");
    let line = "ada: execution-say: no verdict: error: unexpected argument";
    assert!(stderr.contains(line), "{stderr}");
    assert_eq!(stage.records("less")["ada"]["outcome"], "infrastructure");
}

#[test]
fn a_class_that_is_asked_to_end_leaves_nothing_and_goes_on_later() {
    let stage = Stage::new("asked");
    for number in 0..12 {
        stage.hand_in(&format!("s{number}"));
    }
    let tmp = stage.course.join("tmp");
    fs::create_dir(&tmp).unwrap();
    let mut command = stage.class(&["in", "--out", "out", "--jobs", "2"]);
    command.env("TMPDIR", &tmp).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while stage.records("out").is_empty() && !ends_in(&mut child, 5) {}
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    // It may have been done by then.
    if output.status.signal() == Some(15) {
        let (_, _, stderr) = told(&output);
        assert!(stderr.ends_with("stopped by SIGTERM; --resume goes on\n"));
    } else {
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0, "something is left");
    assert_eq!(stage.run(&["in", "--out", "out", "--resume"]).0, Some(0));
    assert_eq!(stage.records("out").len(), 12);
}

/// A server that takes a connection and says nothing: git waits for it.
#[test]
fn a_collection_that_is_asked_to_end_leaves_nothing_of_a_repository() {
    let stage = Stage::new("collect-asked");
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let roster = format!("student,address\nada,git://127.0.0.1:{port}/x\n");
    fs::write(stage.out("roster.csv"), roster).unwrap();
    let tmp = stage.course.join("tmp");
    fs::create_dir(&tmp).unwrap();
    let mut command = stage.class(&["collect", "roster.csv", "--into", "got"]);
    command.env("TMPDIR", &tmp).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let (_connection, _) = server.accept().unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.signal(), Some(15), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("stopped by SIGTERM; collect once more"), "{said}");
    assert_eq!(fs::read_dir(&tmp).unwrap().count(), 0, "something is left");
}

#[test]
fn help_tells_all_that_the_documentation_of_a_command_says() {
    for (words, says) in [
        (&["see"][..], "the picture comes after it, on standard error"),
        (&["grade"], "what its processes did decides"),
        (&["class"], "DIR holds a folder for each student"),
        (&["class", "collect"], "columns `student` and `address`"),
        (&["class", "merge"], "Every share has to be there once"),
        (&["doctor"], "Each is found out by doing it"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_forklore"))
            .args(words)
            .arg("--help")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(says), "{words:?}: {said}");
    }
}
