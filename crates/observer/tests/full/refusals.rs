//! What could not be seen is refused, and what is hostile does no harm.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use trace::What;

use crate::causes::{check, check_bytes};
use crate::support::{OBSERVED, observe, observed};

#[test]
fn what_could_not_be_seen_is_refused() {
    for (behaviour, call, errno) in [
        ("clone3", Some("clone3"), libc::ENOSYS),
        ("clone3-twice", Some("clone3"), libc::ENOSYS),
        ("clone3-or-clone", None, libc::ENOSYS),
        ("clone3-last", Some("clone3"), 9),
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
fn who_falls_back_to_clone_is_not_told_of_clone3() {
    for behaviour in ["spawn", "command", "threads"] {
        let run = observed(&[behaviour, "3"]);
        let refused = run.count(|it| matches!(it, What::Refuse { .. }));
        assert_eq!(refused, 0, "{behaviour}");
    }
}

/// exit(7) for 32-bit machines, as small as a program can be.
#[cfg(target_arch = "x86_64")]
fn foreign_program() -> Vec<u8> {
    const CODE: &[u8] = b"\xb8\x01\0\0\0\xbb\x07\0\0\0\xcd\x80\xf4"; // int 0x80, hlt
    const BASE: u32 = 0x0804_8000;
    const HEADERS: u32 = 84;
    let length = HEADERS + CODE.len() as u32;
    let mut file = b"\x7fELF\x01\x01\x01".to_vec();
    file.resize(16, 0);
    let halves = |all: &[u16]| -> Vec<u8> {
        all.iter().flat_map(|half| half.to_le_bytes()).collect()
    };
    let words = |all: &[u32]| -> Vec<u8> {
        all.iter().flat_map(|word| word.to_le_bytes()).collect()
    };
    file.extend(halves(&[2, 3])); // an executable, EM_386
    file.extend(words(&[1, BASE + HEADERS, 52, 0, 0]));
    file.extend(halves(&[52, 32, 1, 0, 0, 0]));
    file.extend(words(&[1, 0, BASE, BASE, length, length, 5, 0x1000]));
    file.extend(CODE);
    file
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_program_of_another_architecture_is_told_why_it_fails() {
    let file = concat!(env!("CARGO_TARGET_TMPDIR"), "/foreign-program");
    let copy = concat!(env!("CARGO_TARGET_TMPDIR"), "/foreign-copy");
    std::fs::write(file, foreign_program()).expect("it can be written");
    // Not by this process, as above: ETXTBSY.
    let copied = Command::new("install").args([file, copy]).status();
    assert!(copied.is_ok_and(|it| it.success()));
    let run = observe(&[], &["sh", "-c", "exec \"$0\"", copy]);
    let is_refused = |it: &What| {
        matches!(it, What::Refuse { call, errno, .. }
            if call.starts_with("every call") && errno == "ENOSYS")
    };
    // Some kernels do not know such programs at all.
    let is_unknown = |it: &What| {
        matches!(it, What::Exec { ok: false, errno: Some(errno), .. }
            if errno == "ENOEXEC")
    };
    assert_eq!(run.count(is_refused) + run.count(is_unknown), 1, "{run:?}");
    for path in [file, copy] {
        std::fs::remove_file(path).expect("it is ours");
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
