//! What is said: who still moves is named, and no advice is given that would
//! not help.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::poll;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use support::{Running, ask};
use trace::{Event, What, Who};
use why::{Answer, Process, Question, Tree, explain};

mod support;

/// A shell and all that it started; ended when dropped.
struct Shell(Child);

impl Shell {
    fn new(script: &str) -> Self {
        use std::os::unix::process::CommandExt;
        let child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a shell can be run");
        Self(child)
    }

    /// The answer as soon as a process of this name waits for something.
    fn ask_when_waiting(&self, name: &str) -> Answer {
        const LONG: Duration = Duration::from_secs(20);
        let question = Question::new(Tree::new(self.0.id() as i32));
        let start = Instant::now();
        loop {
            let answer = explain(&question).expect("it is our child");
            let is_meant =
                |it: &Process| it.name == name && it.waits_for.is_some();
            if answer.processes.iter().any(is_meant) {
                return answer;
            }
            assert!(start.elapsed() < LONG, "{answer:?}");
            poll(&mut [], 5_u8).ok();
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.0.id() as i32);
        killpg(group, Signal::SIGKILL).ok();
        self.0.wait().ok();
    }
}

fn has(says: &[String], phrase: &str) -> bool {
    says.iter().any(|sentence| sentence.contains(phrase))
}

/// sort(1) handles SIGALRM and SIGTERM: that is not what it waits for.
#[test]
fn a_reader_is_told_for_whom_it_waits() {
    let shell = Shell::new("sleep 600 | sort; true");
    let says = shell.ask_when_waiting("sort").says;
    let reader = "A.2 (sort) waits in read(0) for A.1 (sleep) at the other \
                  end of pipe:[";
    assert!(has(&says, reader), "{says:?}");
    assert!(has(&says, "A.1 (sleep) waits in clock_nanosleep with"));
    for phrase in ["may still come", "a timer or the kernel", "outside"] {
        assert!(!has(&says, phrase), "{phrase}: {says:?}");
    }
}

#[test]
fn a_lock_is_waited_for_by_the_name_of_its_holder() {
    let running = Running::new("lock-holder-rests");
    running.await_rest();
    let says = ask(running.first, &["--closed"]).says();
    let waiter = "A.2 (hang) waits in flock(";
    let holder = "for A.1 (hang) to give back the lock on /";
    let is_told = |it: &String| it.contains(waiter) && it.contains(holder);
    assert!(says.iter().any(is_told), "{says:?}");
    assert!(has(&says, "A (hang) waits in wait4 for A.2 (hang) to end."));
}

#[test]
fn an_event_loop_is_not_told_to_close_its_own_pipe() {
    let running = Running::new("loop-of-nothing");
    running.await_rest();
    let asked = ask(running.first, &["--closed"]);
    let says = asked.says();
    assert!(has(&says, "to be woken through pipe:["), "{says:?}");
    assert!(has(&says, "waits in its event loop, where nothing is left"));
    assert!(!has(&says, "close("), "{says:?}");
    assert!(!has(&says, "write-end-open"), "{says:?}");
}

/// Only an open tree has them: who else could help is said first.
#[test]
fn what_is_wrong_if_nobody_outside_helps_is_told() {
    for (name, help, cause) in [
        (
            "poll-own-pipe",
            "A (hang) by whoever sends it SIGINT.",
            "If nobody does, it is write-end-open: close(4) is missing in A \
             (hang), before it reads.",
        ),
        (
            "fifos-crossed",
            "A.1 (hang) by whoever opens fifo-a; A.2 (hang) by whoever opens \
             fifo-b.",
            "If nobody does, it is no-peer: A.1 (hang) waits in open for the \
             other side of the FIFO fifo-a, and A.2 (hang) in open for",
        ),
    ] {
        let running = Running::new(name);
        running.await_rest();
        let asked = ask(running.first, &[]);
        assert_eq!(asked.text("verdict"), "moving", "{asked}");
        assert!(asked.causes().is_empty(), "{asked}");
        let says = asked.says();
        let [.., before, last] = says.as_slice() else { panic!("{asked}") };
        assert!(before.ends_with(help), "{asked}");
        assert!(last.starts_with(cause), "{asked}");
    }
}

/// Nothing is wrong with one that waits for its clients.
#[test]
fn who_waits_for_somebody_outside_alone_has_no_fault() {
    for name in ["fifo-no-writer", "accept-nobody", "loop-of-nothing"] {
        let running = Running::new(name);
        running.await_rest();
        let says = ask(running.first, &[]).says();
        assert!(!has(&says, "If nobody does"), "{name}: {says:?}");
    }
}

#[test]
fn a_ring_of_semaphores_is_of_those_who_took_them() {
    let running = Running::new("semaphores-crossed");
    running.await_rest();
    let asked = ask(running.first, &[]);
    let mut cycle = asked.cycle();
    cycle.pop();
    cycle.sort();
    assert_eq!(cycle, ["A.1", "A.2"], "{asked}");
    let advice = "take the same semaphores in different orders, if each has \
                  the one that the other wants";
    assert!(has(&asked.says(), advice), "{asked}");
}

#[test]
fn names_are_data_and_escapes_where_they_are_said() {
    let running = Running::new("fifo-of-escapes");
    running.await_rest();
    let asked = ask(running.first, &["--closed"]);
    let process = asked.process("A");
    assert_eq!(process["name"], "\n) Z 1 (\u{1b}[31m");
    let object = process["waits_for"]["object"].as_str();
    assert_eq!(object, Some("a\n\u{1b}[2Jb"));
    let says = asked.says();
    assert!(has(&says, r"A (\n) Z 1 (\u{1b}[31m) waits in open"), "{says:?}");
    assert!(has(&says, r"the FIFO a\n\u{1b}[2Jb, and nobody"), "{says:?}");
}

/// A process of which nothing was seen but its creation.
#[test]
fn a_child_has_the_name_that_its_creation_gave_it() {
    let running = Running::new("eof-self");
    running.await_rest();
    let question = Question::new(Tree::new(running.first));
    let before = explain(&question).expect("it is there");
    let pid = |who: &str| {
        let mut all = before.processes.iter();
        all.find(|it| it.who.to_string() == who).expect("it is there").pid
    };
    let seventh = Who::first().child(7);
    let created = |creator: i32, child_pid: i32| Event {
        seq: 0,
        t_us: 0,
        who: Who::first(),
        pid: creator,
        pid_seen: None,
        start: 1,
        tid: None,
        name: "hang".to_owned(),
        what: What::Create {
            call: "fork".to_owned(),
            child: Some(seventh.clone()),
            child_pid: Some(child_pid),
            errno: None,
        },
    };
    let history = [created(pid("A"), pid("A.1"))];
    let after = explain(&question.with(&history)).expect("it is there");
    let names: Vec<&Who> = after.processes.iter().map(|it| &it.who).collect();
    assert_eq!(names, [&Who::first(), &seventh], "{after:?}");
    // The number was used for somebody else's child.
    let history = [created(1, pid("A.1"))];
    let after = explain(&question.with(&history)).expect("it is there");
    assert_eq!(after.processes[1].who, Who::first().child(1), "{after:?}");
}
