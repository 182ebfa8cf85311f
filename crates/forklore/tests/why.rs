//! `forklore why`: what it says of a command and of a pid, and what it leaves.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

/// A shell that holds both ends of the FIFO from which it reads.
const HOLDS_BOTH_ENDS: &str =
    "mkfifo \"$0\"; exec 3<>\"$0\"; rm \"$0\"; read line <&3";

fn why(words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forklore"));
    command.arg("why").args(words).stdin(Stdio::null());
    command.output().expect("it can be run")
}

fn object(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let last = text.lines().last().expect("one line at least");
    serde_json::from_str(last).expect("one JSON object")
}

fn fifo(name: &str) -> String {
    let name = format!("{}-{name}", std::process::id());
    format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"))
}

#[test]
fn a_stuck_command_is_explained_and_ended() {
    let path = fifo("json");
    // `output` returns at the end of file: then nobody holds its write end,
    // and nobody of the run is left.
    let output = why(&["--json", "--", "sh", "-c", HOLDS_BOTH_ENDS, &path]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let answer = object(&output);
    assert_eq!(answer["version"], 1);
    assert_eq!(answer["verdict"], "stuck");
    assert_eq!(answer["causes"], serde_json::json!(["write-end-open"]));
    assert_eq!(answer["cycle"], serde_json::json!(["A", "A"]));
    assert_eq!(answer["unless"], Value::Null, "an alarm would have been seen");
    let shell = &answer["processes"][0];
    assert_eq!(shell["name"], "sh");
    let holders = shell["waits_for"]["holders"].as_array().expect("a list");
    let fds: Vec<&Value> = holders.iter().map(|it| &it["fd"]).collect();
    assert!(fds.contains(&&Value::from(3)), "{fds:?}");
}

#[test]
fn the_ring_is_drawn_beside_the_sentences() {
    let path = fifo("ring");
    let words = ["--ascii", "--", "sh", "-c", HOLDS_BOTH_ENDS, &path];
    let output = why(&words);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(output.stdout, b"", "the command printed nothing");
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("  A (sh) <-"), "{text}");
    assert!(lines[1].starts_with("  | read("), "{text}");
    assert!(lines.iter().any(|it| it.starts_with("A (sh) waits in read(")));
    assert!(lines.iter().any(|it| it.starts_with("write-end-open: ")));
}

#[test]
fn a_name_that_a_terminal_would_obey_is_printed_as_an_escape() {
    let path = fifo("escapes");
    let name = "printf '\\033[31mred' >/proc/$$/comm";
    let script = format!("{name}; {HOLDS_BOTH_ENDS}");
    let output = why(&["--ascii", "--", "sh", "-c", &script, &path]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.starts_with("  A (\\u{1b}[31mred) <-"), "{text}");
    assert!(text.contains("\nA (\\u{1b}[31mred) waits in read("), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_program_of_few_events_is_explained_too() {
    let path = fifo("few");
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo(1)");
    assert!(made.success());
    let output = why(&["--json", "--closed", "--", "cat", &path]);
    std::fs::remove_file(&path).expect("it is ours");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(object(&output)["causes"], serde_json::json!(["no-peer"]));
}

/// How often a process has given its CPU away.
fn waits(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
    let status = status.expect("it runs");
    let mut lines = status.lines();
    let count =
        lines.find_map(|it| it.strip_prefix("voluntary_ctxt_switches:"));
    count.expect("a count").trim().parse().expect("a number")
}

/// Whom the tree waits for is said while it waits, once.
#[test]
fn who_outside_could_help_is_said_once() {
    let path = fifo("help");
    let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo(1)");
    assert!(made.success());
    let mut asker = Command::new(env!("CARGO_BIN_EXE_forklore"));
    asker.args(["why", "--json", "--", "cat", &path]);
    asker.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut asker = Running(asker.spawn().expect("it can be run"));
    let said = asker.0.stderr.take().expect("it is piped");
    let mut said = BufReader::new(said);
    let mut line = String::new();
    said.read_line(&mut line).expect("text");
    let begins = "forklore why: Nothing in the tree can go on by itself.";
    assert!(line.starts_with(begins), "{line}");
    assert!(line.contains(&format!("A (cat) by whoever opens {path}")));
    // Each look is a handful of waits.
    let first = waits(asker.0.id());
    while waits(asker.0.id()) < first + 30 {
        nix::sched::sched_yield().expect("it never fails");
    }
    drop(std::fs::File::options().write(true).open(&path).expect("a reader"));
    std::fs::remove_file(&path).expect("it is ours");
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("text");
    assert_eq!(rest, "", "it is said once");
    assert!(asker.0.wait().expect("it is our child").success());
}

#[test]
fn a_process_has_the_name_that_its_trace_gives() {
    let path = fifo("names");
    // Its first child has ended: without the trace the second would be A.1.
    let script = format!("true & wait; {{ {HOLDS_BOTH_ENDS}; }} & wait");
    // Its wait may be ended by any signal.
    let words = ["--json", "--closed", "--", "sh", "-c", &script, &path];
    let output = why(&words);
    let answer = object(&output);
    let names = answer["processes"].as_array().expect("a list");
    let names: Vec<&Value> = names.iter().map(|it| &it["who"]).collect();
    assert_eq!(names, ["A", "A.2"], "{answer}");
    assert_eq!(answer["cycle"], serde_json::json!(["A.2", "A.2"]));
}

#[test]
fn a_command_that_ends_is_not_stuck() {
    let output = why(&["--json", "--", "sh", "-c", "echo done"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(object(&output)["verdict"], "finished");
    assert!(output.stdout.starts_with(b"done\n"), "{output:?}");
}

/// It sleeps; both get the signal, as from a terminal, or the asker alone.
fn signalled(signal: Signal, is_for_all: bool) -> Output {
    use std::os::unix::process::CommandExt;
    let mut asker = Command::new(env!("CARGO_BIN_EXE_forklore"));
    asker.args(["why", "--", "sh", "-c", "echo ready; exec sleep 600"]);
    asker.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut asker = asker.process_group(0).spawn().expect("it can be run");
    let mut ready = [0; 6];
    let from = asker.stdout.as_mut().expect("it is piped");
    from.read_exact(&mut ready).expect("the command says so");
    let pid = Pid::from_raw(asker.id() as i32);
    let sent = match is_for_all {
        true => nix::sys::signal::killpg(pid, signal),
        false => kill(pid, signal),
    };
    assert_eq!(sent, Ok(()));
    asker.wait_with_output().expect("it is our child")
}

#[test]
fn a_run_that_was_ended_early_is_not_called_ended() {
    let output = signalled(Signal::SIGTERM, false);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert_eq!(text, "forklore: the run was ended: SIGTERM came\n");
}

#[test]
fn a_command_that_dies_of_ctrl_c_gives_the_code_of_that() {
    let output = signalled(Signal::SIGINT, true);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("has ended"), "{text}");
}

/// A process that is killed at the end of its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn a_pid_is_asked_about_and_left_alone() {
    let mut sleeper = Command::new("sleep");
    let mut sleeper =
        Running(sleeper.arg("600").spawn().expect("it can be run"));
    let pid = sleeper.0.id().to_string();
    let output = why(&["--json", &pid]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(object(&output)["verdict"], "moving");
    assert!(sleeper.0.try_wait().expect("it is our child").is_none());
}

#[test]
fn a_reader_is_moved_by_whoever_holds_the_write_end() {
    let mut cat = Command::new("cat");
    cat.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut cat = Running(cat.spawn().expect("cat(1)"));
    let pid = cat.0.id().to_string();
    let output = why(&[&pid, "--closed", "--json"]);
    assert_eq!(object(&output)["verdict"], "moving", "{output:?}");
    let mut write_end = cat.0.stdin.take().expect("it is piped");
    writeln!(write_end, "a line").expect("cat reads");
    drop(write_end);
    assert!(cat.0.wait().expect("it is our child").success());
}

#[test]
fn bad_input_is_one_line() {
    let mut zombie = Command::new("true").spawn().expect("true(1)");
    let pid = Pid::from_raw(zombie.id() as i32);
    let gone = nix::sys::wait::Id::Pid(pid);
    let flags = nix::sys::wait::WaitPidFlag::WEXITED
        | nix::sys::wait::WaitPidFlag::WNOWAIT;
    nix::sys::wait::waitid(gone, flags).expect("it ends");
    let zombie_pid = pid.to_string();
    let mut cases = vec![
        (vec!["4194305"], 3, "there is no such process"),
        (vec!["1"], 3, "every process of this machine"),
        (vec![&*zombie_pid], 3, "is a zombie"),
        (vec!["x\u{1b}[1m"], 2, "is no pid"),
        (vec!["0"], 2, "is no pid"),
        (vec!["-7"], 2, "is no pid"),
        (vec![""], 2, "is no pid"),
        (vec!["4294967297"], 2, "is no pid"),
        (vec!["--json"], 2, "nothing is asked about"),
        (vec!["--"], 2, "nothing is asked about"),
        (vec!["4711", "--", "true"], 2, "a pid and a command at once"),
        (vec!["--", "/nowhere/at-all"], 3, "there is no such file"),
    ];
    // A container may have no thread of the kernel in sight.
    let second = std::fs::read_to_string("/proc/2/comm");
    if second.is_ok_and(|name| name == "kthreadd\n") {
        cases.push((vec!["2"], 3, "thread of the kernel"));
    }
    for (words, code, part) in cases {
        let output = why(&words);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {text}");
        assert_eq!(text.lines().count(), 1, "{words:?}: {text}");
        assert!(text.contains(part), "{words:?}: {text}");
        assert!(!text.contains('\u{1b}'), "{words:?}: {text}");
        assert_eq!(output.stdout, b"", "{words:?}");
    }
    assert_eq!(kill(pid, Signal::SIGTERM), Ok(()), "the zombie is still there");
    zombie.wait().expect("it is our child");
}
