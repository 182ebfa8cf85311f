//! Runs a program of the table, waits until it rests, and asks about it.

#![allow(dead_code, reason = "each test program uses its part")]

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};
use std::fs::{self, File};
use std::io::Read;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use serde_json::Value;

pub(crate) const HANG: &str = env!("CARGO_BIN_EXE_hang");
pub(crate) const EXPLAIN: &str = env!("CARGO_BIN_EXE_explain");

/// What does not come within this time does not come.
const LONG: Duration = Duration::from_secs(20);

/// Who waits longer for a CPU, in seconds, is on a busy machine.
const BUSY: f64 = 0.2;

/// What the table of the programs says of one of them.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) family: String,
    pub(crate) name: String,
    pub(crate) causes: BTreeSet<String>,
    pub(crate) stuck: BTreeSet<String>,
    pub(crate) tree: Tree,
    pub(crate) says: Vec<String>,
}

/// When the expectation holds: see `src/bin/hang/program.rs`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Tree {
    Open,
    Closed,
    Mapped,
    Either,
}

impl Expected {
    pub(crate) fn is_stuck(&self) -> bool {
        !self.stuck.is_empty()
    }
}

pub(crate) fn table() -> Vec<Expected> {
    let output = Command::new(HANG).arg("--list").output();
    let output = output.expect("it can be run");
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(expected).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn expected(line: &str) -> Expected {
    let columns: Vec<&str> = line.split('\t').collect();
    let [family, name, verdict, causes, stuck, tree, says] = columns[..] else {
        panic!("seven columns, not: {line}");
    };
    let expected = Expected {
        family: family.to_owned(),
        name: name.to_owned(),
        causes: words(causes),
        stuck: words(stuck),
        tree: match tree {
            "open" => Tree::Open,
            "closed" => Tree::Closed,
            "mapped" => Tree::Mapped,
            "either" => Tree::Either,
            other => panic!("what is a tree that is {other}?"),
        },
        says: says.split_terminator("; ").map(str::to_owned).collect(),
    };
    assert_eq!(expected.is_stuck(), verdict == "stuck", "{line}");
    expected
}

/// A program of the table, which is ready; ended when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    /// The first process of the tree.
    pub(crate) first: i32,
    folder: PathBuf,
}

impl Running {
    /// A program of the table, at rest if it ever rests.
    pub(crate) fn at_rest(expected: &Expected) -> Self {
        let running = Self::new(&expected.name);
        running.await_rest_for(match expected.is_stuck() {
            true => LONG,
            false => Duration::from_millis(500),
        });
        running
    }

    pub(crate) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Relaxed);
        let folder = format!("{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        fs::create_dir(&folder).expect("it is new");
        let child = Command::new(HANG)
            .arg(name)
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be run");
        let mut running = Self { child, first: 0, folder };
        let line = running.first_line();
        let pid = line.trim_end().strip_prefix("ready ");
        let pid = pid.unwrap_or_else(|| panic!("{name} said '{line}'"));
        running.first = pid.parse().expect("a pid");
        running
    }

    fn first_line(&mut self) -> String {
        let from = self.child.stdout.as_mut().expect("it is piped");
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let mut set = [PollFd::new(from.as_fd(), PollFlags::POLLIN)];
            let end = PollTimeout::try_from(LONG).expect("it fits");
            let mut byte = [0];
            if poll(&mut set, end) != Ok(1)
                || from.read(&mut byte).unwrap_or(0) == 0
            {
                break;
            }
            line.push(byte[0]);
        }
        String::from_utf8_lossy(&line).into_owned()
    }

    /// Returns when nothing in the tree has moved for a while.
    pub(crate) fn await_rest(&self) {
        self.await_rest_for(LONG);
    }

    /// The same, for programs that may never rest.
    pub(crate) fn await_rest_for(&self, long: Duration) {
        let start = Instant::now();
        let mut before = Vec::new();
        let mut since = start;
        while start.elapsed() < long {
            let mut now = Vec::new();
            tasks(self.first, &mut now);
            let is_running = |task: &String| task.contains("(running)");
            if now != before || now.iter().any(is_running) {
                before = now;
                since = Instant::now();
            } else if since.elapsed() > Duration::from_millis(60) {
                return;
            }
            poll(&mut [], 5_u8).ok();
        }
    }

    /// Both questions at once: about an open tree, and about a closed one.
    pub(crate) fn ask_twice(&self) -> [Asked; 2] {
        let open = Question::new(self.first, &[]);
        let closed = Question::new(self.first, &["--closed"]);
        [open.answer(), closed.answer()]
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let started = i32::try_from(self.child.id()).unwrap_or(self.first);
        // The one that was started may have to clean up behind the first.
        let (pid, signal) = match self.first {
            0 => (started, Signal::SIGTERM),
            first => (first, Signal::SIGKILL),
        };
        kill(Pid::from_raw(pid), signal).ok();
        self.child.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

/// Every thread of the tree with its state and how often it was switched:
/// what rests has the same twice.
fn tasks(pid: i32, into: &mut Vec<String>) {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return;
    };
    for thread in threads.flatten().map(|entry| entry.path()) {
        let read = |name| fs::read_to_string(thread.join(name));
        let status = read("status").unwrap_or_default();
        let is_meant =
            |line: &&str| line.starts_with("State") || line.contains("ctxt");
        let lines = status.lines().filter(is_meant).collect::<String>();
        into.push(format!("{} {lines}", thread.display()));
        let children = read("children").unwrap_or_default();
        for child in children.split_whitespace() {
            tasks(child.parse().expect("a pid"), into);
        }
    }
}

/// A question under way.
#[derive(Debug)]
pub(crate) struct Question {
    child: Child,
    start: Instant,
    /// How long the asker itself had waited for a CPU until then.
    queued: f64,
}

impl Question {
    pub(crate) fn new(pid: i32, options: &[&str]) -> Self {
        let (start, [_, queued]) = (Instant::now(), times("thread-self"));
        let child = Command::new(EXPLAIN)
            .arg(pid.to_string())
            .args(options)
            .arg("--json")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it can be run");
        Self { child, start, queued }
    }

    pub(crate) fn answer(mut self) -> Asked {
        let (mut stdout, mut stderr) = (Vec::new(), String::new());
        let out = self.child.stdout.as_mut().expect("it is piped");
        out.read_to_end(&mut stdout).expect("it can be read");
        let wall = self.start.elapsed().as_secs_f64();
        let [_, own] = times("thread-self");
        let err = self.child.stderr.as_mut().expect("it is piped");
        err.read_to_string(&mut stderr).expect("it says text");
        let [used, its] = self.times();
        let queued = own - self.queued + its;
        // Where it waited for a CPU, so did those for whom it waits: whoever
        // holds a lock of the kernel's that it needs. Then its own time tells.
        let seconds = if queued > BUSY { used } else { wall - queued };
        let code = self.child.wait().expect("it ends").code();
        let answer = serde_json::from_slice(&stdout).unwrap_or(Value::Null);
        Asked { code, answer, stderr, seconds }
    }

    /// The times of the one that answers, who must have ended.
    fn times(&self) -> [f64; 2] {
        let pid = Pid::from_raw(self.child.id() as i32);
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(pid), flags).expect("it is our child");
        times(&pid.to_string())
    }
}

/// For how long a task had a CPU, and for how long it was ready to run while
/// none was free, in seconds: on a busy machine that is most of the time.
fn times(task: &str) -> [f64; 2] {
    let stat = fs::read_to_string(format!("/proc/{task}/schedstat"));
    let stat = stat.unwrap_or_default();
    let nanoseconds = |place| {
        let text = stat.split_whitespace().nth(place);
        text.and_then(|text| text.parse().ok()).unwrap_or(0.0_f64) / 1e9
    };
    [nanoseconds(0), nanoseconds(1)]
}

pub(crate) fn ask(pid: i32, options: &[&str]) -> Asked {
    Question::new(pid, options).answer()
}

/// What the question was answered with.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) code: Option<i32>,
    pub(crate) answer: Value,
    pub(crate) stderr: String,
    pub(crate) seconds: f64,
}

impl Display for Asked {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} {}", self.answer, self.stderr)
    }
}

impl Asked {
    pub(crate) fn text(&self, key: &str) -> &str {
        self.answer[key].as_str().unwrap_or_default()
    }

    fn list(&self, key: &str) -> &[Value] {
        self.answer[key].as_array().map_or(&[], Vec::as_slice)
    }

    fn texts(&self, key: &str) -> impl Iterator<Item = String> + use<'_> {
        self.list(key).iter().filter_map(Value::as_str).map(str::to_owned)
    }

    pub(crate) fn causes(&self) -> BTreeSet<String> {
        self.texts("causes").collect()
    }

    pub(crate) fn says(&self) -> Vec<String> {
        self.texts("says").collect()
    }

    pub(crate) fn cycle(&self) -> Vec<String> {
        self.texts("cycle").collect()
    }

    pub(crate) fn stuck(&self) -> BTreeSet<String> {
        let processes = self.list("processes").iter();
        let stuck = processes.filter(|process| process["stuck"] == true);
        let who = stuck.filter_map(|process| process["who"].as_str());
        who.map(str::to_owned).collect()
    }

    /// Whether it says so of a thread that is not its process's first.
    pub(crate) fn has_stuck_thread(&self) -> bool {
        let processes = self.list("processes").iter();
        let threads = processes.filter_map(|it| it["threads"].as_array());
        threads.flatten().any(|thread| thread["stuck"] == true)
    }

    pub(crate) fn process(&self, who: &str) -> &Value {
        let mut processes = self.list("processes").iter();
        processes
            .find(|process| process["who"] == who)
            .unwrap_or_else(|| panic!("{who} is not there: {self}"))
    }
}

/// Runs `explain` with words that are not a question.
pub(crate) fn explain(words: &[&str]) -> Output {
    Command::new(EXPLAIN).args(words).output().expect("it can be run")
}

/// The letter of a process's state.
pub(crate) fn state(pid: u32) -> Option<char> {
    let mut stat = String::new();
    let mut file = File::open(format!("/proc/{pid}/stat")).ok()?;
    file.read_to_string(&mut stat).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
