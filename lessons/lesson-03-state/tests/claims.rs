//! One test for each claim of the README.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid, waitpid};
use nix::unistd::Pid;
use transcript::{lesson, normalised};

#[test]
fn a_process_that_asks_about_itself_reads_running() {
    for _ in 0..20 {
        let child = lesson!().command(&["look"]).spawn().unwrap();
        let pid = child.id();
        let output = child.wait_with_output().unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        let expected =
            format!("pid={pid} name=lesson-03-state status=running started=");
        let clock = line.strip_prefix(&expected).unwrap();
        assert_eq!(normalised(clock), "HH:MM:SS\n");
    }
}

#[test]
fn somebody_who_looks_from_outside_reads_the_truth() {
    let mut cat = blocked_cat(Path::new("cat"));
    let pid = Pid::from_raw(cat.id() as i32);

    kill(pid, Signal::SIGSTOP).unwrap();
    waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
    assert!(look(pid).contains(" name=cat status=stopped started="));

    kill(pid, Signal::SIGKILL).unwrap();
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
    assert!(look(pid).contains(" name=cat status=zombie started="));

    cat.wait().unwrap();
    let line = lesson!().refuses(&["look", &pid.to_string()], 1);
    assert!(line.ends_with(&format!("there is no pid {pid}")), "{line}");
}

#[test]
fn the_start_is_told_in_local_time() {
    let hour = |zone: &str| -> u32 {
        let run = transcript::run(
            lesson!().command(&["look", &own_pid()]).env("TZ", zone),
        );
        let (_, clock) = run.stdout.trim().rsplit_once('=').unwrap();
        clock[..2].parse().unwrap()
    };
    // In POSIX, "XYZ-5" is a zone five hours ahead of UTC.
    assert_eq!((hour("XYZ0") + 5) % 24, hour("XYZ-5"));
}

#[test]
fn the_state_of_another_users_process_is_public_unless_proc_hides_it() {
    let run = lesson!().run(&["look", "1"]);
    match run.code {
        Some(0) => assert!(run.stdout.starts_with("pid=1 name="), "{run:?}"),
        _ => {
            let line = lesson!().refuses(&["look", "1"], 1);
            assert!(line.contains("hidepid"), "{line}");
        }
    }
}

#[test]
fn what_is_no_pid_is_refused_with_exit_code_2() {
    for text in ["abc", "0", "-1", "", "1.5", "99999999999999999999", "\n"] {
        let line = lesson!().refuses(&["look", text], 2);
        assert!(line.contains("a pid is a number from 1 to"), "{line}");
    }
}

#[test]
fn a_pid_that_nobody_has_is_refused_with_exit_code_1() {
    // Pids stay below 4194304, the highest value of kernel.pid_max.
    for text in ["4194304", "2147483647"] {
        let line = lesson!().refuses(&["look", text], 1);
        assert!(line.ends_with(&format!("there is no pid {text}")), "{line}");
    }
}

#[test]
fn a_name_with_a_newline_and_a_parenthesis_stays_a_name() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join("a\n) Z (");
    fs::remove_file(&program).ok();
    symlink("/bin/cat", &program).unwrap();
    let mut cat = blocked_cat(&program);
    let pid = Pid::from_raw(cat.id() as i32);

    kill(pid, Signal::SIGSTOP).unwrap();
    waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap();
    let line = look(pid);
    assert!(line.contains(r" name=a\n) Z ( status=stopped "), "{line}");

    cat.kill().unwrap();
    cat.wait().unwrap();
    fs::remove_file(&program).unwrap();
}

#[test]
fn five_letters_are_produced_and_read_back() {
    let run = lesson!().demo("letters");
    assert_eq!(
        run.lines()[..6],
        [
            "worker: /proc says S, sysinfo says sleeping: it waits in read",
            "worker: /proc says R, sysinfo says running: it runs, or is ready \
             to",
            "worker: /proc says T, sysinfo says stopped: SIGSTOP stopped it",
            "worker: /proc says Z, sysinfo says zombie: it has ended",
            "worker: waited for, and gone",
            "vfork-parent: /proc says D, sysinfo says disk-sleep: it waits in \
             vfork",
        ]
    );
}

#[test]
fn a_process_in_state_d_can_be_killed_when_the_kernel_allows() {
    let run = lesson!().demo("letters");
    assert_eq!(
        normalised(run.lines()[6]),
        "vfork-parent: D, and killed all the same: \
         Signaled(Pid(P1), SIGKILL, false)"
    );
}

#[test]
fn the_letter_of_a_process_is_the_letter_of_its_main_thread() {
    let run = lesson!().demo("threads");
    assert_eq!(
        run.lines(),
        [
            "main thread: my process is R",
            "second thread: my process is S",
            "second thread: I am R",
        ]
    );
}

#[test]
fn a_process_that_cannot_be_running_is_r_all_the_same() {
    let run = lesson!().demo("ready");
    assert_eq!(run.lines()[0], "spinner: I run, and the rival is R");
}

#[test]
fn schedstat_counts_the_time_spent_ready() {
    let run = lesson!().demo("ready");
    let line = run.lines()[1];
    let counts = fs::read_to_string("/proc/self/schedstat")
        .is_ok_and(|text| !text.starts_with("0 0 "));
    if !counts {
        assert_eq!(line, "spinner: this kernel does not count the time ready");
        return;
    }
    let numbers: Vec<f64> =
        line.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [ran, waited] = numbers[..] else { panic!("two figures: {line}") };
    assert!((29.9..60.0).contains(&ran), "{line}");
    // The rival has the same weight: it got about as much as the spinner.
    assert!(waited > ran / 3.0, "{line}");
}

#[test]
fn a_hostile_name_misleads_whoever_splits_at_spaces() {
    let text = normalised(&lesson!().demo("stat").stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "the line begins: pid P1 () R 1 () S",
            "split at spaces: state R, parent pid P2",
            "split behind the last ): state S, parent pid P3",
        ]
    );
}

#[test]
fn a_process_can_vanish_between_open_and_read() {
    let run = lesson!().demo("stat");
    assert_eq!(
        run.lines()[3..],
        [
            "vanished, opened before: ESRCH: No such process",
            "vanished, opened now: ENOENT: No such file or directory",
        ]
    );
}

#[test]
fn kill_9_of_a_zombie_succeeds_and_changes_nothing() {
    let run = lesson!().demo("zombie");
    assert_eq!(
        run.lines()[..4],
        [
            "worker: has ended, and is Z",
            "kill -9: Ok(())",
            "worker: is Z as before",
            "kill -0, \"is it there?\": Ok(())",
        ]
    );
}

#[test]
fn only_wait_removes_a_zombie() {
    let run = lesson!().demo("zombie");
    assert_eq!(normalised(run.lines()[4]), "wait: Exited(Pid(P1), 0)");
    assert_eq!(
        run.lines()[5..],
        ["kill -0, once more: Err(ESRCH)", "wait, once more: Err(ECHILD)"]
    );
}

#[test]
fn the_nearest_subreaper_adopts_the_orphan() {
    let text = normalised(&lesson!().demo("orphan").stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "adopter: I am pid P1",
            "orphan: my parent is pid P2",
            "adopter: pid P2 has ended",
            "orphan: my parent is pid P1",
            "adopter: has waited for the orphan: Exited(Pid(P3), 0)",
        ]
    );
}

#[test]
fn wait_reports_a_stop_and_a_continuation() {
    let text = normalised(&lesson!().demo("stop").stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[..3],
        [
            "worker: S, it waits in read",
            "worker: T after SIGSTOP: Stopped(Pid(P1), SIGSTOP)",
            "worker: S after SIGCONT: Continued(Pid(P1))",
        ]
    );
}

#[test]
fn a_signal_to_a_stopped_process_waits_for_sigcont() {
    let text = normalised(&lesson!().demo("stop").stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[4..],
        [
            "worker: T after SIGTERM, which is pending",
            "worker: SIGCONT lets SIGTERM in: \
             Signaled(Pid(P1), SIGTERM, false)",
        ]
    );
}

#[test]
fn a_hung_reader_is_explained_from_outside() {
    let text = normalised(&lesson!().demo("why-blocked").stdout);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "reader: reads descriptor 0 to the end",
            "observer: pid P1 is S",
            "observer: it is in read, on descriptor 0",
            "observer: descriptor 0 is a pipe",
            "observer: a write end is held by pid P1",
            "observer: by nobody else, so this read would wait for ever",
        ]
    );
}

fn look(pid: Pid) -> String {
    let run = lesson!().run(&["look", &pid.to_string()]);
    assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:?}");
    assert_eq!(run.lines().len(), 1, "{run:?}");
    run.stdout
}

/// `program` is a path to cat, whose name is what the kernel calls it.
fn blocked_cat(program: &Path) -> Child {
    let mut cat = Command::new(program);
    cat.arg0("cat").stdin(Stdio::piped()).stdout(Stdio::null());
    cat.spawn().expect("cat can be started")
}

fn own_pid() -> String {
    std::process::id().to_string()
}
