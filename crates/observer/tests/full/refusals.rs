//! What could not be seen is refused, and what is hostile does no harm.

use trace::What;

use crate::causes::{check, check_bytes};
use crate::support::{observe, observed};

#[test]
fn what_could_not_be_seen_is_refused() {
    for (behaviour, errno) in [
        ("clone3", libc::ENOSYS),
        ("untraced", libc::EPERM),
        ("io-uring", libc::EPERM),
        ("foreign", libc::ENOSYS),
        ("traceme", libc::EPERM),
    ] {
        let run = observed(&[behaviour]);
        check(&run);
        assert_eq!(run.code_of("A"), Some(errno as u8), "{behaviour}");
    }
}

#[test]
#[ignore = "needs strace; CI installs it and runs this test"]
fn a_tracer_under_the_keeper_ends() {
    let run = observe(&[], &["strace", "-f", "-o", "/dev/null", "true"]);
    check(&run);
    assert_ne!(run.code_of("A"), Some(0), "it cannot trace");
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
