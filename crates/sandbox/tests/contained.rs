//! What is contained, and what this machine says when it cannot.

use std::process::{Command, Output};

fn contained(arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_contained");
    Command::new(program).args(arguments).output().expect("it can be run")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Why this machine has no namespaces for us; empty if it has.
fn lacks_namespaces() -> String {
    let probe = said(&contained(&["probe"]));
    let line = probe.lines().find(|it| it.contains("namespaces: "));
    line.expect("it was tried").split(": ").nth(1).unwrap_or("").to_owned()
}

/// Where there are no namespaces, the error names the step and nothing runs.
fn refused_or(output: &Output, expected: &str) {
    let lacks = lacks_namespaces();
    if lacks.is_empty() {
        assert_eq!(said(output), expected, "{output:?}");
    } else {
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(&lacks), "{stderr}");
        assert!(!output.status.success(), "{output:?}");
    }
}

#[test]
fn inside_one_sees_init_and_oneself_and_the_exit_code_comes_out() {
    let expected = "pid 2, of 2 processes\n\
                    the machine may be written: false\n\
                    Code(7), 0 bytes told\n";
    refused_or(&contained(&["look"]), expected);
}

/// It holds the standard output, which this test reads to its end.
#[test]
fn an_orphan_in_a_session_of_its_own_ends_with_who_went_in() {
    refused_or(&contained(&["orphan"]), "Code(0), 0 bytes told\n");
}

#[test]
fn a_death_inside_is_told_outside() {
    refused_or(&contained(&["die"]), "Signal(9), 0 bytes told\n");
}

#[test]
fn what_is_told_inside_comes_out_whole() {
    refused_or(&contained(&["tell"]), "Code(0), 300000 bytes told\n");
}

#[test]
fn who_is_confined_reads_the_system_and_nothing_else_and_has_no_rights() {
    let own = env!("CARGO_MANIFEST_DIR").to_owned() + "/Cargo.toml";
    let output = contained(&["confined", &own]);
    let none = "0000000000000000";
    // CapInh, CapPrm, CapEff, CapBnd, CapAmb; who has none may not drop what
    // it could have had.
    let said = said(&output);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("{own}: Err(PermissionDenied)"), "{output:?}");
    assert_eq!(lines[1], "/usr: Ok(())");
    let first = format!("rights: [\"{none}\", \"{none}\", \"{none}\", ");
    assert!(lines[2].starts_with(&first), "{said}");
}
