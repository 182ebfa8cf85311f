//! Each plan has its effect on a program that is wrong, and a right one
//! survives it. The programs are in `fixtures/planned`.

use std::process::{Command, Stdio};

use trace::{Ending, Event, Reader, What};

struct Run {
    said: String,
    plan: Option<String>,
    events: Vec<Event>,
}

fn run(plan: &str, program: &str) -> Run {
    let mut program_run = Command::new(env!("CARGO_BIN_EXE_planned"))
        .args(["observe", plan, program])
        .stdin(Stdio::piped()) // and nobody writes
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("planned runs");
    let input = program_run.stdin.take();
    let output = program_run.wait_with_output().expect("it ends");
    drop(input);
    let heard = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.success(), "{plan}, {program}: {heard}");
    let lines: Vec<&str> =
        heard.lines().filter(|line| line.starts_with('{')).collect();
    let text = lines.join("\n") + "\n";
    let reader = Reader::new(text.as_bytes()).expect("a trace");
    let plan = reader.header().plan.clone();
    let events = reader.collect::<Result<_, _>>().expect("a trace");
    Run { said: String::from_utf8(output.stdout).expect("text"), plan, events }
}

impl Run {
    /// What the plan did, as it stands in the trace: who, at which call.
    fn acts(&self) -> Vec<String> {
        self.waits("plan")
    }

    fn waits(&self, wanted: &str) -> Vec<String> {
        let of = |event: &Event| match &event.what {
            What::Block { call, on, .. } if on.kind == wanted => {
                Some(format!("{} {call}", event.who))
            }
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    /// Who stored, what stood there, what stands there now, what had been
    /// found, and whether it was one step.
    fn stores(&self) -> Vec<(String, String, String, Option<u64>, bool)> {
        let of = |event: &Event| match &event.what {
            What::Store { before, after, found, is_atomic, .. } => Some((
                event.who.to_string(),
                before.to_string(),
                after.to_string(),
                *found,
                *is_atomic,
            )),
            _ => None,
        };
        self.events.iter().filter_map(of).collect()
    }

    fn microseconds(&self) -> u64 {
        self.events.last().expect("an event").t_us
    }
}

/// What a program says under a plan, which is the same ten times.
fn always(plan: &str, program: &str) -> String {
    let said = run(plan, program).said;
    for time in 1..10 {
        assert_eq!(run(plan, program).said, said, "time {time}: {plan}");
    }
    said
}

#[test]
fn a_hold_between_read_and_write_loses_an_update_each_time() {
    let plan = "hold A.1 at pwrite64 1; hold A.2 at pwrite64 1";
    assert_eq!(always(plan, "update"), "number 1\n");
    assert_eq!(always(plan, "update-locked"), "number 2\n");
}

#[test]
fn a_hold_is_told_with_its_place_and_costs_milliseconds() {
    let held = run("hold A.1 at pwrite64 1", "update-locked");
    assert_eq!(held.plan.as_deref(), Some("hold A.1 at pwrite64 1"));
    assert_eq!(held.acts(), ["A.1 pwrite64"]);
    assert!(held.microseconds() < 500_000, "{} us", held.microseconds());
}

/// The loader and the runtime open files, too.
#[test]
fn the_first_call_of_main_is_the_first_that_counts() {
    let held = run("hold A at openat 1", "open");
    assert_eq!(held.acts(), ["A openat"]);
    let is_hold = |what: &What| matches!(what, What::Block { on, .. } if on.kind == "plan");
    let hold = held.events.iter().position(|it| is_hold(&it.what));
    let opened =
        held.events[hold.expect("it is told")..].iter().find_map(|event| {
            match &event.what {
                What::Open { path, .. } => Some(path.as_str()),
                _ => None,
            }
        });
    assert_eq!(opened, Some("/proc/self/stat"));
}

#[test]
fn a_hold_that_is_never_reached_is_not_told() {
    let run = run("hold A.1 at pwrite64 2", "update-locked");
    assert_eq!(run.acts(), [""; 0]);
    assert_eq!(run.said, "number 2\n");
}

#[test]
fn a_slow_writer_is_held_at_every_write() {
    let run = run("hold A.1 at every write", "records");
    assert_eq!(run.acts(), ["A.1 write"; 5]);
    assert_eq!(run.said, "5 records, Exited\n");
}

/// Of a close the entry is told, which must not come before the hold ends.
#[test]
fn a_call_is_told_after_its_hold() {
    let run = run("hold A at close 1", "header-exact");
    assert_eq!(run.acts(), ["A close"]);
    let first = |is_it: fn(&What) -> bool| {
        let of = |event: &Event| event.who.depth() == 0 && is_it(&event.what);
        run.events.iter().rposition(of).expect("it is told")
    };
    let hold = first(
        |what| matches!(what, What::Block { on, .. } if on.kind == "plan"),
    );
    let pipe_closed = first(
        |what| matches!(what, What::Close { object, .. } if object.contains("pipe")),
    );
    assert!(hold < pipe_closed, "{hold} {pipe_closed}");
}

/// The creator waits in state D until exec: it is blocked, not at work.
#[test]
fn a_hold_between_vfork_and_exec_ends() {
    let run = run("hold A.1 at exec 1", "spawn");
    assert_eq!(run.acts(), ["A.1 execve"]);
    assert_eq!(run.said, "done\nspawned\n");
}

#[test]
fn a_hold_at_the_exit_keeps_the_parent_waiting() {
    let run = run("hold A.1 at exit 1", "order-waited");
    assert_eq!(run.acts(), ["A.1 exit_group"]);
    assert_eq!(run.said, "child\nparent\n");
}

/// An end that the keeper has not told the parent of wakes that parent yet.
#[test]
fn who_is_held_at_its_exit_is_the_last_to_be_collected() {
    for _ in 0..20 {
        let said = run("hold A.1 at exit 1", "ends").said;
        let mut ends: Vec<&str> = said.lines().collect();
        assert_eq!(ends.pop(), Some("1"), "{said}");
        ends.sort_unstable();
        assert_eq!(ends, ["2", "3", "4"], "{said}");
    }
}

#[test]
fn the_side_that_comes_first_is_chosen() {
    assert_eq!(always("child-first", "order"), "child\nparent\n");
    assert_eq!(always("parent-first", "order"), "parent\nchild\n");
    for plan in ["child-first", "parent-first"] {
        assert_eq!(always(plan, "order-waited"), "child\nparent\n");
    }
}

#[test]
fn a_failed_fork_is_seen_and_the_other_child_waited_for() {
    let run = run("fail fork 2 EAGAIN", "workers");
    assert_eq!(run.said, "1 workers\n");
    let failed = |event: &&Event| {
        let errno = Some("EAGAIN".to_owned());
        matches!(&event.what, What::Create { errno: found, .. } if *found == errno)
    };
    assert_eq!(run.events.iter().filter(failed).count(), 1);
}

#[test]
fn only_the_named_call_of_the_named_process_fails() {
    let run = run("fail A.2 pwrite64 1 ENOSPC", "update");
    assert!(run.said.ends_with("number 1\n"), "{}", run.said);
    assert!(run.said.contains("No space left"), "{}", run.said);
    assert_eq!(run.acts(), ["A.2 pwrite64"]);
}

/// Rust's runtime opens and reads /proc/self/maps before `main`.
#[test]
fn what_comes_before_main_is_neither_counted_nor_failed() {
    let loader = run("fail openat 1 EMFILE; fail mmap 1 ENOMEM", "order");
    assert_eq!(loader.acts(), [""; 0]);
    let first = run("fail A.1 read 1 EIO", "message-once");
    assert!(first.said.contains("Input/output error"), "{}", first.said);
    assert_eq!(run("fail A open 1 EMFILE", "open").said, "refused\n");
    assert_eq!(run("fail A open 2 EMFILE", "open").said, "opened\n");
}

/// The launch itself is an exec.
#[test]
fn the_first_exec_is_the_programs_own() {
    let run = run("fail exec 1 ENOMEM", "spawn");
    assert_eq!(run.acts(), ["A.1 execve"]);
    assert_eq!(run.said, "");
}

#[test]
fn a_read_ends_where_a_write_ended_for_who_reads_once() {
    assert_eq!(always("short-io seed 1", "header-once"), "4 bytes\n");
    assert_eq!(always("short-io seed 1", "header-exact"), "16 bytes\n");
    assert_eq!(run("", "header-once").said, "16 bytes\n");
    assert_ne!(run("short-io A seed 1", "bulk-once").said, "49152 bytes\n");
}

#[test]
fn a_long_write_is_cut_at_a_page_the_same_way_each_time() {
    let mut lengths = Vec::new();
    for seed in 0..6 {
        let plan = format!("short-io A.1 seed {seed}");
        let said = run(&plan, "bulk-written-once").said;
        assert_eq!(run(&plan, "bulk-written-once").said, said);
        let written: u64 = said.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(written % 4096, 0, "{said}");
        lengths.push(written);
    }
    lengths.sort_unstable();
    lengths.dedup();
    assert!(lengths.len() > 2, "{lengths:?}");
    for seed in 0..5 {
        let plan = format!("short-io seed {seed}");
        assert_eq!(run(&plan, "bulk-exact").said, "49152 bytes\n");
    }
}

#[test]
fn small_records_and_packets_are_never_cut() {
    for seed in 0..10 {
        let plan = format!("short-io seed {seed}");
        let tasks = run(&plan, "tasks");
        assert_eq!((&*tasks.said, tasks.acts().len()), ("done\n", 0));
        let packets = run(&plan, "packets");
        assert_eq!(packets.said, "[5000, 10] bytes\n");
        assert_eq!(packets.acts(), [""; 0]);
    }
}

#[test]
fn a_wait_is_interrupted_for_who_handles_a_signal() {
    let plan = "eintr A.1 read 1";
    let said = always(plan, "message-once");
    assert!(said.contains("Interrupted"), "{said}");
    assert_eq!(always(plan, "message-retried"), "5 bytes\n");
}

#[test]
fn without_a_handler_no_wait_is_interrupted() {
    for plan in ["eintr A.1 read 1", "eintr seed 1", "eintr seed 2"] {
        let run = run(plan, "message-unhandled");
        assert_eq!((&*run.said, run.acts().len()), ("5 bytes\n", 0));
    }
}

#[test]
fn a_pause_ends_only_when_a_signal_is_handled() {
    for plan in ["eintr A.1 ppoll 1", "eintr seed 1", "eintr seed 2"] {
        let run = run(plan, "pause");
        assert_eq!((&*run.said, run.acts().len()), ("1 handled\n", 0));
        assert!(run.waits("signal").contains(&"A.1 ppoll".to_owned()));
    }
}

#[test]
fn who_tries_again_comes_through_every_seed() {
    let mut acts = 0;
    for seed in 0..10 {
        let run = run(&format!("eintr seed {seed}"), "message-retried");
        assert_eq!(run.said, "5 bytes\n");
        acts += run.acts().len();
    }
    assert!(acts > 0);
}

#[test]
fn without_sleep_the_order_that_it_made_is_gone() {
    assert_eq!(run("", "sleep").said, "parent\nchild\n");
    let plan = "no-sleep; child-first";
    assert_eq!(always(plan, "sleep"), "child\nparent\n");
    assert_eq!(always(plan, "order-waited"), "child\nparent\n");
}

#[test]
fn a_wait_with_a_time_out_leaps_only_when_nobody_else_moves() {
    let leapt = run("no-sleep", "sleep-poll");
    assert_eq!(leapt.said, "parent\nchild\n");
    assert!(leapt.microseconds() < 250_000, "{} us", leapt.microseconds());
    let minute = run("no-sleep", "deadline");
    assert_eq!(minute.said, "0 events\n");
    assert!(minute.microseconds() < 10_000_000);
    let real = run("no-sleep; real-time", "sleep-poll");
    assert!(real.microseconds() >= 300_000, "{} us", real.microseconds());
}

#[test]
fn time_does_not_leap_over_one_who_waits_for_outside() {
    let waited = run("no-sleep", "input");
    assert_eq!(waited.said, "0 events\n");
    assert!(waited.microseconds() >= 300_000);
}

#[test]
fn everybody_shares_one_cpu() {
    assert_eq!(run("one-cpu", "cpus").said, "child: 1\nparent: 1\n");
}

#[test]
fn a_kill_comes_before_the_call() {
    for signal in ["SIGKILL", "SIGTERM"] {
        let plan = format!("kill A.1 at write 3 {signal}");
        let run = run(&plan, "records");
        assert_eq!(run.said, "2 records, Signaled\n");
        let ending = Ending::Signal { signal: signal.to_owned() };
        let killed = What::Exit { how: ending };
        assert!(run.events.iter().any(|event| event.what == killed));
    }
}

/// SIGCONT does nothing to one that runs, so the call must be made after
/// all, once.
#[test]
fn a_signal_that_does_not_kill_leaves_the_call_as_it_was() {
    for signal in ["SIGCONT", "SIGCHLD"] {
        let plan = format!("kill A.1 at write 3 {signal}");
        assert_eq!(run(&plan, "records").said, "5 records, Exited\n");
    }
    // Here a handler runs before the call is made.
    let handled = run("kill A.1 at read 1 SIGUSR1", "message-once");
    assert_eq!(handled.said, "5 bytes\n");
    let arrives = |event: &Event| {
        matches!(&event.what, What::Signal { signal, arrived: true, .. }
            if signal == "SIGUSR1")
    };
    assert!(handled.events.iter().any(arrives));
}

#[test]
fn a_step_between_load_and_store_loses_an_update_each_time() {
    let plan = |instructions: u32| {
        format!(
            "hold A.2 at getppid 1; \
             step A.1 after getppid 1, {instructions} instructions"
        )
    };
    let mut steps = (1..20).map(|tens| plan(10 * tens));
    let loses = steps.find(|plan| run(plan, "add").said == "number 1\n");
    let loses = loses.expect("some step lies between load and store");
    assert_eq!(always(&loses, "add"), "number 1\n");
    assert_eq!(always(&loses, "add-atomic"), "number 2\n");
}

#[test]
fn a_hold_before_the_store_loses_an_update_each_time() {
    let plan = "hold A.1 at store 1; hold A.2 at store 1";
    assert_eq!(always(plan, "add"), "number 1\n");
    assert_eq!(always(plan, "add-atomic"), "number 2\n");
    let held = run(plan, "add");
    assert_eq!(held.acts(), ["A.1 ", "A.2 "]);
    let store = held.stores().pop().expect("it is told");
    let [who, from, to] = ["A.2", "1", "1"].map(str::to_owned);
    assert_eq!(store, (who, from, to, Some(0), false));
}

#[test]
fn a_hold_at_any_store_under_a_lock_loses_nothing() {
    for nth in 1..10 {
        let plan = format!("hold A.1 at store {nth}");
        assert_eq!(run(&plan, "add-locked").said, "number 2\n", "{plan}");
    }
    let every = "hold A.1 at every store; hold A.2 at every store";
    assert_eq!(run(every, "add-locked").said, "number 2\n");
}

#[test]
fn stores_are_told_with_what_they_change() {
    let run = run("stores", "add-atomic");
    assert_eq!(run.said, "number 2\n");
    let stores = run.stores();
    let values: Vec<_> = stores.iter().map(|it| (&*it.1, &*it.2)).collect();
    // ARMv8.0 adds by exclusive loads and stores, which must go unseen.
    #[cfg(target_arch = "aarch64")]
    if !std::arch::is_aarch64_feature_detected!("lse") {
        return assert!(values.is_empty(), "{values:?}");
    }
    assert_eq!(values, [("0", "1"), ("1", "2")]);
    assert!(stores.iter().all(|it| it.4), "each is one step");
}

/// The kernel cannot store where the observer lets nobody store.
#[test]
fn a_read_into_guarded_memory_succeeds() {
    for plan in ["stores", "hold A.1 at store 1", "hold A.1 at every store"] {
        let run = run(plan, "add-received");
        assert_eq!(run.said, "number 42\n", "{plan}");
        assert_eq!(run.stores().len(), 1, "{plan}");
    }
}

#[test]
fn who_polls_is_found() {
    let hot = run("hold A.1 at write 1", "await-polling-hot");
    assert_eq!(hot.waits("polling"), ["A wait4"]);
    let both = run("hold A.1 at write 1", "await-polling-both");
    assert_eq!(both.waits("polling").len(), 2);
    let looking = run("hold A.1 at write 1", "await-looking");
    assert_eq!(looking.waits("polling"), ["A statx"]);
    let run = run("hold A.1 at write 1", "await-polling");
    assert_eq!(run.waits("polling"), ["A wait4"]);
    assert_eq!(run.said, "working\nwaited\n");
}

#[test]
fn who_spins_is_found() {
    let run = run("hold A.1 at write 1", "flag-spin");
    assert_eq!(run.waits("spinning"), ["A "]);
    assert_eq!(run.said, "ready\nseen\n");
}

#[test]
fn who_waits_as_one_should_is_not_found_to_poll_or_spin() {
    for program in ["await-once", "flag-pipe", "update-locked"] {
        let run = run("hold A.1 at exit 1", program);
        assert_eq!(run.acts().len(), 1);
        assert_eq!(run.waits("polling"), [""; 0], "{program}");
        assert_eq!(run.waits("spinning"), [""; 0], "{program}");
    }
}

#[test]
fn right_programs_survive_all_plans_together() {
    let programs = [
        ("update-locked", "number 2\n"),
        ("add-atomic", "number 2\n"),
        ("add-locked", "number 2\n"),
        ("add-received", "number 42\n"),
        ("flag-pipe", "ready\nseen\n"),
        ("header-exact", "16 bytes\n"),
        ("bulk-exact", "49152 bytes\n"),
        ("message-retried", "5 bytes\n"),
        ("records", "5 records, Exited\n"),
        ("order-waited", "child\nparent\n"),
        ("await-once", "working\nwaited\n"),
    ];
    for first in ["child-first", "parent-first"] {
        let plan = format!(
            "{first}; short-io seed 5; eintr seed 5; no-sleep; one-cpu; \
             hold A.1 at exit 1; hold A.1 at store 2; stores"
        );
        for (program, right) in programs {
            assert_eq!(run(&plan, program).said, right, "{program}: {plan}");
        }
    }
}
