//! What is refused is not claimed. The tree is made by a shell: `cat` reads
//! from a FIFO that has no name any more, and whose write end it holds.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use why::{
    Answer, Basis, Cause, Question, Refusal, Tree, Verdict, explain, watch,
};

/// Ends the tree when dropped.
struct Stuck(Child);

impl Stuck {
    fn new(name: &str) -> Self {
        let fifo = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::remove_file(&fifo).ok();
        // The last command of a script may replace the shell: it is not.
        let script = "mkfifo \"$1\" && exec 3<>\"$1\" && rm \"$1\" && \
                      echo ready && cat <&3; exit";
        let mut child = Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(&fifo)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell can be run");
        let from = child.stdout.take().expect("it is piped");
        let mut line = String::new();
        BufReader::new(from).read_line(&mut line).expect("it is text");
        assert_eq!(line, "ready\n");
        Self(child)
    }

    fn pid(&self) -> i32 {
        self.0.id() as i32
    }

    fn ask(&self, refusal: Refusal) -> Answer {
        let question = Question::new(Tree::new(self.pid()));
        // Until it rests: watch returns as soon as it does.
        watch(&question).expect("it can be asked about");
        explain(&Question { refusal, ..question }).expect("as before")
    }
}

impl Drop for Stuck {
    fn drop(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.pid());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        for child in children.split_ascii_whitespace() {
            let pid = child.parse().expect("a pid");
            let pid = nix::unistd::Pid::from_raw(pid);
            nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).ok();
        }
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn with_nothing_refused_the_missing_close_is_named() {
    let answer = Stuck::new("all").ask(Refusal::default());
    assert_eq!(answer.verdict, Verdict::Stuck, "{answer:?}");
    assert_eq!(answer.basis, Basis::Syscall);
    assert_eq!(answer.causes, [Cause::WriteEndOpen]);
    let cat = &answer.processes[1];
    assert_eq!(cat.call.as_deref(), Some("read"));
    let wait = cat.waits_for.as_ref().expect("it waits");
    assert_eq!((wait.kind.as_str(), wait.fd), ("pipe-data", Some(0)));
    let is_said = |it: &String| it.contains("close(3) is missing in A.1 (cat)");
    assert!(answer.says.iter().any(is_said), "{:?}", answer.says);
}

#[test]
fn without_the_call_only_the_kind_of_wait_is_told() {
    let refusal = Refusal { syscall: true, ..Refusal::default() };
    let answer = Stuck::new("syscall").ask(refusal);
    assert_eq!(answer.basis, Basis::Wchan);
    assert!(answer.processes.iter().all(|it| it.call.is_none()), "{answer:?}");
    let is_said = |it: &String| it.contains("cargo why -- CMD");
    assert!(answer.says.iter().any(is_said), "{:?}", answer.says);
}

#[test]
fn without_descriptors_nobody_is_called_stuck() {
    let refusal = Refusal { descriptors: true, ..Refusal::default() };
    let answer = Stuck::new("descriptors").ask(refusal);
    assert_eq!(answer.verdict, Verdict::Moving, "{answer:?}");
    assert!(answer.causes.is_empty());
    assert!(answer.processes.iter().all(|it| !it.stuck));
}

#[test]
fn without_memory_a_pipe_is_explained_all_the_same() {
    let refusal = Refusal { memory: true, ..Refusal::default() };
    let answer = Stuck::new("memory").ask(refusal);
    assert_eq!(answer.causes, [Cause::WriteEndOpen], "{answer:?}");
}

#[test]
fn a_program_that_ends_is_watched_to_its_end() {
    let mut child = Command::new("true").spawn().expect("it can be run");
    let question = Question::new(Tree::new(child.id() as i32));
    let answer = watch(&question).expect("it is our child");
    assert_eq!(answer.verdict, Verdict::Finished);
    child.wait().expect("it is our child");
}

#[test]
fn the_answer_is_read_as_it_was_written() {
    let answer = Stuck::new("json").ask(Refusal::default());
    let text = serde_json::to_string(&answer).expect("plain data");
    assert!(text.starts_with(
        "{\"version\":1,\"verdict\":\"stuck\",\"basis\":\"syscall\",\
         \"causes\":[\"write-end-open\"],\"cycle\":[\"A.1\",\"A.1\"],\
         \"processes\":[{\"who\":\"A\","
    ));
    assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
}
