//! What is worth a sentence, and what is not.

use picture::{LaneStyle, Story, Time, chrome, html, lanes, mermaid, notices};
use stage::{Stage, three, two};
use trace::{Ending, Header, Held, Level, What, Who};

mod stage;

fn said(stage: &Stage) -> Vec<(String, &'static str, String)> {
    notices(&stage.story())
        .into_iter()
        .map(|notice| (notice.who.to_string(), notice.id, notice.sentence))
        .collect()
}

fn only(stage: &Stage) -> (String, &'static str, String) {
    let mut said = said(stage);
    assert_eq!(said.len(), 1, "{said:?}");
    said.remove(0)
}

#[test]
fn a_pipeline_of_a_shell_is_no_news() {
    assert_eq!(said(&three()), []);
}

#[test]
fn a_tidy_pair_is_no_news() {
    assert_eq!(said(&two()), []);
}

/// As std::process::Command does it: a pipe for the output, another,
/// close-on-exec, for the error of exec.
#[test]
fn a_command_of_the_standard_library_is_no_news() {
    let mut s = Stage::new("tool");
    let a = Who::first();
    let out = s.pipe_with(&a, 3, 4, true);
    let error = s.socketpair(&a, [5, 6]);
    let child = s.create(&a, "tool");
    s.close(&a, 6, &error[1]);
    s.close(&child, 5, &error[0]);
    s.dup(&child, 4, 1, &out);
    s.exec_fails(&child, "/usr/local/bin/date");
    s.close(&child, 6, &error[1]);
    s.exec(&child, "/bin/date");
    s.close(&a, 4, &out);
    s.close(&a, 5, &error[0]);
    s.write(&child, 1, &out, 30);
    s.exit(&child, 0);
    s.read(&a, 3, &out, 30);
    s.read(&a, 3, &out, 0);
    s.close(&a, 3, &out);
    s.wait(&a, &child);
    s.exit(&a, 0);
    assert_eq!(said(&s), []);
}

#[test]
fn a_zombie_that_lies_for_long_is_told_with_its_time() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let child = s.create(&a, "worker");
    s.exit(&child, 0);
    s.pass(1_200_000);
    s.wait(&a, &child);
    s.exit(&a, 0);
    let (who, id, sentence) = only(&s);
    assert_eq!((who.as_str(), id), ("A.1", "zombie-for-long"));
    assert_eq!(
        sentence,
        "A.1 (worker) was a zombie for 1.20 s: A (parent) waited for it only \
         then"
    );
}

#[test]
fn a_child_that_nobody_waits_for_is_told() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let child = s.create(&a, "worker");
    s.exit(&child, 0);
    s.exit(&a, 0);
    assert_eq!(only(&s).1, "never-waited-for");
}

#[test]
fn children_that_the_kernel_throws_away_need_no_wait() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    for (how, collected) in [("ignore", true), ("default", false)] {
        s.play(&a, disposition(how));
        let child = s.create(&a, "worker");
        s.exit(&child, 0);
        s.play(&child, used(collected));
    }
    // What it does to the signal later changes nothing.
    s.play(&a, disposition("default"));
    s.exit(&a, 0);
    let (who, id, _) = only(&s);
    assert_eq!((who.as_str(), id), ("A.2", "never-waited-for"));
    let style = LaneStyle { time: Time::Step, ..LaneStyle::default() };
    let picture = lanes(&s.story(), &style);
    let is_zombie = |who: &str| {
        let mut lines = picture.lines().map(str::trim_start);
        lines.find(|line| line.starts_with(who)).unwrap().contains('z')
    };
    assert!(!is_zombie("A.1") && is_zombie("A.2"), "{picture}");
}

#[test]
fn who_dies_with_its_pid_namespace_is_nobodys_victim() {
    let mut s = Stage::new("unshare");
    let a = Who::first();
    let first = s.create(&a, "sh");
    let child = s.create(&first, "sleep");
    s.exit(&first, 0);
    s.events.last_mut().unwrap().pid_seen = Some(1);
    s.killed(&child, "SIGKILL");
    s.wait(&a, &first);
    s.exit(&a, 0);
    let (who, id, sentence) = only(&s);
    assert_eq!((who.as_str(), id), ("A.1.1", "killed-with-namespace"));
    assert_eq!(
        sentence,
        "A.1.1 (sleep) was killed by the kernel: the first of its PID \
         namespace, A.1 (sh), ended"
    );
}

/// Everybody is killed at once, as a ceiling does it.
fn end(s: &mut Stage, all: &[(&Who, &str, Option<&str>)], began: u64) {
    s.pass(500_000);
    for (who, kind, object) in all {
        s.blocked(who, kind, *object, None, began);
        s.killed(who, "SIGKILL");
    }
}

#[test]
fn who_waits_for_time_or_for_one_who_does_is_not_stuck() {
    for with_sleeper in [true, false] {
        let mut s = Stage::new("sh");
        let a = Who::first();
        let pipe = s.pipe(&a, 3, 4);
        let writer = s.create(&a, "sleep");
        s.close(&a, 4, &pipe);
        let reader = s.create(&a, "cat");
        let began = s.now();
        let kind = if with_sleeper { "sleep" } else { "pipe-data" };
        let object = (!with_sleeper).then_some(pipe.as_str());
        end(
            &mut s,
            &[
                (&a, "child", None),
                (&writer, kind, object),
                (&reader, "pipe-data", Some(&pipe)),
            ],
            began,
        );
        let is_stuck =
            said(&s).iter().any(|said| said.1 != "killed-from-outside");
        assert_eq!(is_stuck, !with_sleeper, "{:?}", said(&s));
    }
}

#[test]
fn a_call_that_was_refused_is_told_with_the_reason() {
    let mut s = Stage::new("tracer");
    let a = Who::first();
    for _ in 0..2 {
        let (call, errno) = ("ptrace".to_owned(), "EPERM".to_owned());
        s.play(&a, What::Refuse { call, errno, reaches: None });
    }
    s.exit(&a, 1);
    let (who, id, sentence) = only(&s);
    assert_eq!((who.as_str(), id), ("A", "call-refused"));
    assert_eq!(
        sentence,
        "A (tracer) was refused ptrace (EPERM), since it is observed: \
         unobserved, the call could succeed"
    );
    let page = html(&s.story());
    assert!(page.contains("were refused (below)"), "{page}");
    assert!(chrome(&s.story()).contains("ptrace refused: EPERM"));
}

#[test]
fn a_call_that_reached_out_of_a_contained_run_is_told_with_whom_it_reached() {
    let mut s = Stage::new("attacker");
    let a = Who::first();
    let (call, errno) = ("kill".to_owned(), "EPERM".to_owned());
    let reaches = Some("process 1, which is none of the run".to_owned());
    s.play(&a, What::Refuse { call, errno, reaches });
    s.exit(&a, 0);
    let (_, id, sentence) = only(&s);
    assert_eq!(id, "call-refused");
    assert_eq!(
        sentence,
        "A (attacker) was refused kill (EPERM), since it is contained: it \
         reaches process 1, which is none of the run"
    );
}

#[test]
fn a_light_story_says_what_it_does_not_show_and_why() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let child = s.create(&a, "child");
    s.pass(5_000_000);
    let how = Ending::Unknown { unknown: true };
    s.play(&child, What::Exit { how });
    s.exit(&a, 0);
    let mut header = Header::new(Level::Light, Vec::new());
    header.because = Some("it <was> asked for".to_owned());
    let story = Story::new(&header, s.events.clone());
    let says = story.reservation().expect("it is light");
    assert!(says.contains("level light (it <was> asked for)"), "{says}");
    let picture = lanes(&story, &LaneStyle::default());
    assert!(!picture.contains('█'), "nobody saw it run: {picture}");
    assert!(picture.contains("░ there"), "{picture}");
    let page = html(&story);
    assert!(page.contains("level light (it &lt;was&gt; asked"), "{page}");
    let claims = [
        "class=\"run\"",
        "class=\"fault\"",
        "class=\"end bad\"",
        "every event",
        "the same in every",
    ];
    for claim in claims {
        assert!(!page.contains(claim), "{claim}");
    }
    assert!(chrome(&story).contains("level light"));
    assert!(mermaid(&story).contains("level light"));
    assert_eq!(s.story().reservation(), None);
}

#[test]
fn a_sentence_has_a_form_without_clock_times() {
    for lay in [1_200_000, 1_900_000] {
        let mut s = Stage::new("parent");
        let a = Who::first();
        let (late, never) = (s.create(&a, "worker"), s.create(&a, "idler"));
        s.exit(&late, 0);
        s.exit(&never, 0);
        s.pass(lay);
        s.wait(&a, &late);
        s.exit(&a, 0);
        let all = notices(&s.story());
        let timeless: Vec<&str> = all.iter().map(|it| &*it.timeless).collect();
        assert_eq!(
            timeless,
            [
                "A.1 (worker) was a zombie: A (parent) waited for it only then",
                "A.2 (idler) was never waited for: it stayed a zombie until A \
                 (parent) ended",
            ]
        );
    }
}

#[test]
fn a_failed_exec_says_whether_the_process_ran_on() {
    for (code, then) in
        [(127, ", and ended: exit 127"), (0, " and ran on as it was")]
    {
        let mut s = Stage::new("sh");
        let a = Who::first();
        s.exec_fails(&a, "/nowhere/prog");
        s.exit(&a, code);
        let says = only(&s).2;
        assert!(says.ends_with(&format!("(ENOENT){then}")), "{says}");
    }
}

#[test]
fn an_end_that_was_opened_by_its_number_has_not_leaked() {
    let mut s = Stage::new("bash");
    let a = Who::first();
    let pipe = s.pipe(&a, 63, 4);
    let child = s.create(&a, "bash");
    s.close(&a, 63, &pipe);
    s.close(&child, 4, &pipe);
    let held = Held { fd: 63, object: pipe.clone(), mode: "r".to_owned() };
    s.exec_keeping(&child, "/usr/bin/diff", vec![held]);
    s.play(
        &child,
        What::Open {
            call: "openat".to_owned(),
            path: "/dev/fd/63".to_owned(),
            fd: Some(3),
            object: Some(pipe.clone()),
            mode: Some("r".to_owned()),
            cloexec: false,
            errno: None,
        },
    );
    let opened = s.events.len() as u64 - 1;
    s.write(&a, 4, &pipe, 5);
    s.close(&a, 4, &pipe);
    s.read(&child, 3, &pipe, 5);
    s.exit(&child, 0);
    s.wait(&a, &child);
    s.exit(&a, 0);
    assert_eq!(said(&s), []);
    let table = s.story().descriptors(&child, opened);
    assert_eq!(table[&3], "P1 read end");
}

#[test]
fn an_alarm_of_its_own_is_nobody_elses_signal() {
    let mut s = Stage::new("python3");
    let a = Who::first();
    let (call, after_us, every_us) = ("alarm".to_owned(), 100_000, 0);
    s.play(&a, What::Alarm { call, after_us, every_us });
    s.killed(&a, "SIGALRM");
    let says = only(&s).2;
    assert!(says.ends_with("SIGALRM: it had set its alarm"), "{says}");
}

#[test]
fn who_sent_the_signal_of_a_death_is_told_as_the_kernel_says_it() {
    for (signal, code, why) in [
        ("SIGTERM", "SI_USER", "no process of this run sent it"),
        ("SIGSEGV", "SI_USER", "no process of this run sent it"),
        ("SIGSEGV", "SEGV_MAPERR", "its own instruction caused it"),
        (
            "SIGXCPU",
            "SI_KERNEL",
            "the kernel sent it (SI_KERNEL): its CPU time had reached \
             RLIMIT_CPU",
        ),
        (
            "SIGINT",
            "SI_KERNEL",
            "the kernel sent it (SI_KERNEL): a key of its terminal",
        ),
        ("SIGUSR1", "SI_KERNEL", "the kernel sent it (SI_KERNEL)"),
        (
            "SIGUSR1",
            "SI_TIMER",
            "the kernel sent it (SI_TIMER): its timer ran out (timer_create)",
        ),
        (
            "SIGUSR1",
            "CLD_EXITED",
            "the kernel sent it (CLD_EXITED): it was the exit signal of a \
             child",
        ),
    ] {
        let mut s = Stage::new("sleep");
        let a = Who::first();
        s.arrives_by(&a, signal, code);
        s.killed(&a, signal);
        let says = format!("A (sleep) was killed by {signal}: {why}");
        assert_eq!(only(&s).2, says);
    }
}

#[test]
fn who_asked_to_end_with_its_parent_is_told_so() {
    let mut s = Stage::new("sh");
    let a = Who::first();
    let child = s.create(&a, "sh");
    let signal = Some("SIGKILL".to_owned());
    s.play(&child, What::Pdeathsig { signal });
    let began = s.now();
    s.pass(500_000);
    s.exit(&a, 0);
    s.play(&child, What::Reparent { to: None });
    s.blocked(&child, "signal", None, None, began);
    s.killed(&child, "SIGKILL");
    let says = only(&s).2;
    assert!(
        says.ends_with(
            "SIGKILL: it had asked for that at the end of its \
                        parent, A (sh) (PR_SET_PDEATHSIG)"
        ),
        "{says}"
    );
}

fn disposition(how: &str) -> What {
    What::Mask {
        call: "rt_sigaction".to_owned(),
        how: how.to_owned(),
        signals: vec!["SIGCHLD".to_owned()],
    }
}

fn used(collected: bool) -> What {
    What::Cpu {
        user_us: 0,
        system_us: 0,
        voluntary: 0,
        involuntary: 0,
        collected,
    }
}

#[test]
fn an_end_that_leaks_over_exec_is_told_with_its_descriptor() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let child = s.create(&a, "parent");
    s.close(&child, 3, &pipe);
    let object = pipe.clone();
    let kept = vec![Held { fd: 4, object, mode: "w".to_owned() }];
    s.exec_keeping(&child, "/bin/sleep", kept);
    s.close(&a, 4, &pipe);
    s.exit(&child, 0);
    s.read(&a, 3, &pipe, 0);
    s.wait(&a, &child);
    s.exit(&a, 0);
    let (who, id, sentence) = only(&s);
    assert_eq!((who.as_str(), id), ("A.1", "descriptor-leaked-over-exec"));
    assert!(sentence.contains("descriptor 4 (P1 write end)"), "{sentence}");
}

#[test]
fn an_end_of_a_socketpair_has_one_name() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let pair = s.socketpair(&a, [3, 4]);
    let child = s.create(&a, "parent");
    s.close(&child, 3, &pair[0]);
    let object = pair[1].clone();
    let kept = vec![Held { fd: 4, object, mode: "rw".to_owned() }];
    s.exec_keeping(&child, "/bin/sleep", kept);
    let executed = s.events.len() as u64 - 1;
    s.close(&a, 4, &pair[1]);
    s.exit(&child, 0);
    s.wait(&a, &child);
    s.exit(&a, 0);
    let sentence = only(&s).2;
    assert!(sentence.contains("descriptor 4 (S1.b) leaked"), "{sentence}");
    let story = s.story();
    assert_eq!(story.descriptors(&child, executed)[&4], "S1.b");
    let style = LaneStyle { time: Time::Step, ..LaneStyle::default() };
    assert!(lanes(&story, &style).contains("close S1.b"));
}

#[test]
fn an_end_that_its_holder_forgot_is_told() {
    let mut s = Stage::new("sender");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let child = s.create(&a, "receiver");
    s.close(&a, 3, &pipe);
    s.write(&a, 4, &pipe, 2);
    s.close(&a, 4, &pipe);
    s.read(&child, 3, &pipe, 2);
    s.exit(&child, 0);
    s.wait(&a, &child);
    s.exit(&a, 0);
    let (who, id, sentence) = only(&s);
    assert_eq!((who.as_str(), id), ("A.1", "end-never-closed"));
    assert_eq!(
        sentence,
        "A.1 (receiver) held the P1 write end unused until it ended: its own \
         reading could never meet the end of file"
    );
}

#[test]
fn a_reader_that_waits_on_itself_is_told() {
    let mut s = Stage::new("sender");
    let a = Who::first();
    let pipe = s.pipe(&a, 3, 4);
    let child = s.create(&a, "receiver");
    s.close(&a, 3, &pipe);
    s.write(&a, 4, &pipe, 2);
    s.close(&a, 4, &pipe);
    s.read(&child, 3, &pipe, 2);
    let began = s.now();
    s.pass(500_000);
    s.blocked(&child, "pipe-data", Some(&pipe), None, began);
    s.killed(&child, "SIGKILL");
    s.events.last_mut().unwrap().t_us -= 100;
    s.wait(&a, &child);
    s.exit(&a, 0);
    assert_eq!(only(&s).1, "waits-on-itself");
}

/// Each holds the end that the other waits for: nobody waits on himself.
#[test]
fn two_that_are_stuck_are_told_with_the_holders() {
    let mut s = Stage::new("ping");
    let a = Who::first();
    let [one, other] = [s.pipe(&a, 3, 4), s.pipe(&a, 5, 6)];
    let child = s.create(&a, "pong");
    let began = s.now();
    s.pass(500_000);
    s.blocked(&a, "pipe-data", Some(&other), None, began);
    s.killed(&a, "SIGKILL");
    s.play(&child, What::Reparent { to: None });
    s.blocked(&child, "pipe-data", Some(&one), None, began);
    s.killed(&child, "SIGKILL");
    let said: Vec<String> = said(&s).into_iter().map(|said| said.2).collect();
    assert_eq!(
        said,
        [
            "A (ping) was stuck until it was killed: it waits to read P2; \
             the P2 write end was held by A (6), A.1 (6)",
            "A.1 (pong) was stuck until it was killed: it waits to read P1; \
             the P1 write end was held by A (4), A.1 (4)",
        ]
    );
}

/// Its parent's end gives a zombie away, and nobody of the run gets it.
#[test]
fn a_zombie_lies_until_its_parent_ends() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let child = s.create(&a, "worker");
    s.exit(&child, 0);
    s.pass(50_000);
    s.exit(&a, 0);
    s.play(&child, What::Reparent { to: None });
    let (who, id, sentence) = only(&s);
    assert_eq!((who.as_str(), id), ("A.1", "never-waited-for"));
    assert!(sentence.contains("a zombie for 50.1 ms"), "{sentence}");
}

/// Whether exec closes a descriptor may be changed in a way that is no event.
#[test]
fn what_exec_kept_has_leaked_though_it_was_to_be_closed() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let pipe = s.pipe_with(&a, 3, 4, true);
    let child = s.create(&a, "parent");
    let object = pipe.clone();
    let kept = vec![Held { fd: 4, object, mode: "w".to_owned() }];
    s.exec_keeping(&child, "/bin/sleep", kept);
    s.close(&a, 4, &pipe);
    s.exit(&child, 0);
    s.read(&a, 3, &pipe, 0);
    s.wait(&a, &child);
    s.exit(&a, 0);
    assert_eq!(only(&s).1, "descriptor-leaked-over-exec");
}

#[test]
fn a_death_by_a_signal_of_the_run_is_no_news() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let child = s.create(&a, "worker");
    s.send(&a, "SIGTERM", &child);
    s.killed(&child, "SIGTERM");
    s.wait(&a, &child);
    s.exit(&a, 0);
    assert_eq!(said(&s), []);
}

#[test]
fn a_crash_is_told() {
    let mut s = Stage::new("tool");
    s.killed(&Who::first(), "SIGSEGV");
    let (_, id, sentence) = only(&s);
    assert_eq!(id, "killed-from-outside");
    assert!(sentence.contains("its own instruction"), "{sentence}");
}

#[test]
fn an_exec_that_never_succeeds_is_told() {
    let mut s = Stage::new("sh");
    let a = Who::first();
    s.exec_fails(&a, "/nowhere/prog");
    s.exit(&a, 127);
    assert_eq!(only(&s).1, "exec-failed");
}

#[test]
fn a_process_that_outlives_the_run_is_told() {
    let mut s = Stage::new("sh");
    let a = Who::first();
    s.create(&a, "daemon");
    s.exit(&a, 0);
    assert_eq!(only(&s).1, "left-behind");
}

#[test]
fn what_many_have_in_common_is_said_once() {
    let mut s = Stage::new("pool");
    let a = Who::first();
    for _ in 0..40 {
        let child = s.create(&a, "worker");
        s.exit(&child, 0);
    }
    s.exit(&a, 0);
    let (who, _, sentence) = only(&s);
    assert_eq!(who, "A.1");
    let names = "A.1 … A.40 (40 of worker) were never waited for: ";
    assert!(sentence.starts_with(names), "{sentence}");
}

#[test]
fn a_few_are_named() {
    let mut s = Stage::new("pool");
    let a = Who::first();
    for _ in 0..3 {
        let child = s.create(&a, "worker");
        s.exit(&child, 0);
    }
    s.exit(&a, 0);
    let sentence = only(&s).2;
    let names = "A.1, A.2 and A.3 (worker) were never waited for: ";
    assert!(sentence.starts_with(names), "{sentence}");
}

/// Each forgot another pipe: the first speaks for all.
#[test]
fn many_of_one_kind_that_differ_are_counted() {
    let mut s = Stage::new("pool");
    let a = Who::first();
    for _ in 0..7 {
        let pipe = s.pipe(&a, 3, 4);
        let child = s.create(&a, "worker");
        s.close(&a, 3, &pipe);
        s.write(&a, 4, &pipe, 2);
        s.close(&a, 4, &pipe);
        s.read(&child, 3, &pipe, 2);
        s.exit(&child, 0);
        s.wait(&a, &child);
    }
    s.exit(&a, 0);
    let (_, id, sentence) = only(&s);
    assert_eq!(id, "end-never-closed");
    assert!(sentence.ends_with("(and 6 more like it)"), "{sentence}");
}

/// Level light sees neither waits nor kills: their absence proves nothing.
#[test]
fn a_light_trace_accuses_nobody() {
    let mut s = Stage::new("parent");
    let a = Who::first();
    let child = s.create(&a, "worker");
    s.killed(&child, "SIGTERM");
    s.pass(5_000_000);
    s.exit(&a, 0);
    let header = Header::new(Level::Light, Vec::new());
    let story = Story::new(&header, s.events);
    assert_eq!(notices(&story), []);
}

#[test]
fn a_program_without_the_rights_of_its_file_is_told() {
    for (bit, rights, why) in [
        ("setuid", "its owner's rights", "is setuid"),
        ("setgid", "its group's rights", "is setgid"),
        ("capabilities", "its file's capabilities", "has some"),
    ] {
        let mut s = Stage::new("sh");
        let a = Who::first();
        let what = What::Exec {
            ok: true,
            path: "/usr/bin/su".to_owned(),
            args: Vec::new(),
            kept: Vec::new(),
            withheld: Some(bit.to_owned()),
            errno: None,
        };
        s.play(&a, what);
        s.exit(&a, 1);
        let (who, id, sentence) = only(&s);
        assert_eq!((who.as_str(), id), ("A", "rights-withheld"));
        let expected = format!(
            "A (sh) runs without {rights}, since it is observed: \
             /usr/bin/su {why}"
        );
        assert_eq!(sentence, expected);
    }
}
