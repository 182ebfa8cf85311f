//! What could not be seen is refused, and what is hostile does no harm.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use trace::What;

use crate::causes::{check, check_bytes};
use crate::support::{OBSERVED, observe, observed};

#[test]
fn what_could_not_be_seen_is_refused() {
    for (behaviour, call, errno) in [
        ("clone3", None, libc::ENOSYS),
        ("untraced", Some("clone"), libc::EPERM),
        ("io-uring", Some("io_uring_setup"), libc::EPERM),
        // Elsewhere only a program of its own makes such calls:
        // scripts/check-aarch64 has one.
        #[cfg(target_arch = "x86_64")]
        ("foreign", None, libc::ENOSYS),
        ("traceme", Some("ptrace"), libc::EPERM),
        ("traces-a-child", Some("ptrace"), libc::EPERM),
    ] {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(errno as u8), "{behaviour}");
        let told = run.events.iter().find_map(|event| match &event.what {
            What::Refuse { call, .. } => Some(call.as_str()),
            _ => None,
        });
        assert_eq!(told, call, "{behaviour}");
    }
}

#[test]
fn what_the_kernel_refuses_anyway_is_not_the_observers() {
    let run = observed(&["traces-nobody"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(libc::ESRCH as u8));
    assert_eq!(run.count(|it| matches!(it, What::Refuse { .. })), 0);
}

#[test]
#[ignore = "needs strace; CI installs it and runs this test"]
fn a_tracer_under_the_keeper_ends() {
    let run = observe(&[], &["strace", "-f", "-o", "/dev/null", "true"]);
    check(&run);
    assert_ne!(run.code_of("A"), Some(0), "it cannot trace");
}

/// `scripts/check-bad-input` has the other case, which needs root.
#[test]
fn a_setuid_program_of_its_own_user_loses_nothing() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/setuid-of-its-user");
    // Not by this process: whoever it starts meanwhile would hold the file
    // open for writing, and nobody could execute it (ETXTBSY).
    let copied = Command::new("cp").args([OBSERVED, file]).status();
    assert!(copied.is_ok_and(|it| it.success()));
    let mode = std::fs::Permissions::from_mode(0o4755);
    std::fs::set_permissions(file, mode).expect("it is ours");
    for level in ["--full", "--light"] {
        let run = observe(&[level], &[file, "exit", "0"]);
        assert_eq!(run.code_of("A"), Some(0));
        run.place("A", |it| {
            matches!(it, What::Exec { ok: true, withheld: None, .. })
        });
    }
    std::fs::remove_file(file).expect("it is ours");
}

#[test]
fn a_process_without_descriptors_is_followed() {
    let run = observed(&["close-everything"]);
    check(&run);
    assert_eq!(run.code_of("A"), Some(5));
}

#[test]
fn a_process_may_be_killed_at_any_moment() {
    storms(1..=40);
}

#[test]
#[ignore = "it takes a minute on a busy machine"]
fn a_process_may_be_killed_at_any_of_many_moments() {
    storms(41..=240);
}

#[test]
fn who_is_killed_while_a_thread_executes_is_nobody_new() {
    let run = observed(&["cut-short", "200"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    check(&run);
    let children = |it: &What| matches!(it, What::Create { child: Some(it), .. } if it.depth() == 1);
    assert_eq!(run.count(children), 200);
    let waits = |it: &What| matches!(it, What::Wait { child: Some(_), .. });
    assert_eq!(run.count(waits), 200);
    // They did not run on: nothing failed.
    let failed = |it: &What| matches!(it, What::Exec { ok: false, .. });
    assert_eq!(run.count(failed), 0);
    let nameless = |it: &What| matches!(it, What::Pipe { object, .. } if object.is_empty());
    assert_eq!(run.count(nameless), 0);
}

fn storms(seeds: std::ops::RangeInclusive<u32>) {
    for seed in seeds {
        eprintln!("seed {seed}");
        let run = observed(&["storm", &seed.to_string()]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        check_bytes(&run);
        check(&run);
        let children = run
            .of("A")
            .into_iter()
            .filter(|it| matches!(it, What::Create { child: Some(_), .. }));
        assert_eq!(children.count(), 8);
    }
}
