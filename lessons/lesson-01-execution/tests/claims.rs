//! One test for each claim of the README.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use transcript::{Run, lesson, run};

#[test]
fn a_process_becomes_sh_and_runs_the_file() {
    assert_eq!(lesson!().demo("script").stdout, "Sweeterror404\n");
}

#[test]
fn a_missing_sh_is_one_error_line() {
    let folder = empty_folder("missing-sh");
    let needs_sh = [
        "script",
        "shell-line",
        "arguments",
        "replace",
        "search",
        "redirect",
        "inherited",
    ];
    for demo in needs_sh {
        let mut command = lesson!().command(&[demo]);
        let run =
            run(command.env("PATH", "/nonexistent").env("TMPDIR", &folder));
        assert!(fails_with(&run, "sh").contains("ENOENT"), "{run:#?}");
        assert_eq!(names(&folder), [""; 0], "{demo} left something behind");
    }
}

#[test]
fn a_full_disk_is_one_error_line() {
    let folder = empty_folder("full-disk");
    // The limit of 0 bytes stands in for the disk.
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -f 0; exec \"$0\" script"])
        .arg(lesson!().program)
        .env("TMPDIR", &folder)
        .stdout(Stdio::piped());
    let run = run(&mut command);
    assert!(fails_with(&run, "cannot write").contains("code.sh"), "{run:#?}");
    assert_eq!(names(&folder), [""; 0], "something was left behind");
}

#[test]
fn a_missing_folder_for_files_is_one_error_line() {
    let mut command = lesson!().command(&["script"]);
    let run = run(command.env("TMPDIR", "/nonexistent"));
    fails_with(&run, "cannot make a folder in /nonexistent");
}

#[test]
fn a_shell_takes_a_file_name_apart() {
    let run = lesson!().demo("shell-line");
    assert_eq!(
        run.lines(),
        [
            r#"before: ["my", "my notes.txt", "notes.txt"]"#,
            r#"remove this one file: "my notes.txt""#,
            r#"after: ["my notes.txt"]"#,
        ]
    );
}

#[test]
fn a_list_reaches_the_program_untouched() {
    let run = lesson!().demo("arguments");
    assert_eq!(
        run.lines()[..7],
        [
            "as a list:",
            r#"argv[0]: "show-argv""#,
            r#"argv[1]: "two words""#,
            r#"argv[2]: """#,
            r#"argv[3]: "*""#,
            r#"argv[4]: "$HOME""#,
            r#"argv[5]: "\xFF""#,
        ]
    );
}

#[test]
fn the_same_line_comes_apart_in_a_shell() {
    let run = lesson!().demo("arguments");
    assert_eq!(
        run.lines()[7..],
        [
            "as a line, through a shell:",
            r#"argv[0]: "show-argv""#,
            r#"argv[1]: "two""#,
            r#"argv[2]: "words""#,
            r#"argv[3]: "show-argv""#,
            r#"argv[4]: "\xFF""#,
        ]
    );
}

#[test]
fn the_caller_chooses_the_name() {
    let mut command = lesson!().command(&["a", "", "b c"]);
    let run = run(command.arg0("show-argv"));
    assert_eq!(
        run.lines(),
        [
            r#"argv[0]: "show-argv""#,
            r#"argv[1]: "a""#,
            r#"argv[2]: """#,
            r#"argv[3]: "b c""#,
        ]
    );
}

#[test]
fn the_pid_is_the_same_before_and_after_exec() {
    let run = lesson!().demo("replace");
    let [before, after, end] = run.lines()[..] else {
        panic!("three lines were expected: {run:#?}");
    };
    let pid = before
        .strip_prefix("wrapper: pid ")
        .and_then(|rest| rest.strip_suffix(" is a Rust program"))
        .expect("the wrapper says its pid");
    assert_eq!(after, format!("sh: pid {pid} is a shell"));
    assert_eq!(end, format!("parent: pid {pid} has ended with exit code 7"));
}

#[test]
fn nothing_of_the_old_program_runs_after_exec() {
    let run = lesson!().demo("replace");
    assert!(!run.stdout.contains("back to Rust"), "{run:#?}");
    assert_eq!(run.lines().len(), 3, "{run:#?}");
}

#[test]
fn a_changed_variable_stays_in_its_process() {
    let run = lesson!().demo("environment");
    assert_eq!(
        run.lines(),
        [
            r#"heir: MOOD is "calm""#,
            r#"rebel: MOOD is "wild""#,
            "hermit: no MOOD; 0 variables",
            r#"parent: MOOD is "calm""#,
        ]
    );
}

#[test]
fn the_first_executable_file_in_path_runs() {
    let run = lesson!().demo("search");
    assert_eq!(
        run.lines()[..5],
        [
            "PATH=first:second:third",
            "launcher: first/hello: ENOENT",
            "launcher: second/hello: EACCES",
            "third/hello runs",
            "exit code 0",
        ]
    );
}

#[test]
fn not_executable_is_126_and_not_found_is_127() {
    let run = lesson!().demo("search");
    assert_eq!(
        run.lines()[5..],
        [
            "PATH=first:second",
            "launcher: first/hello: ENOENT",
            "launcher: second/hello: EACCES",
            "exit code 126",
            "PATH=first",
            "launcher: first/hello: ENOENT",
            "exit code 127",
            "third/hello runs",
            "sh -c third/hello: exit code 0",
            "sh -c second/hello: exit code 126",
            "sh -c first/hello: exit code 127",
        ]
    );
}

#[test]
fn a_redirected_program_notices_nothing() {
    let run = lesson!().demo("redirect");
    assert_eq!(
        run.lines(),
        [
            "sh: this goes to descriptor 1",
            "parent: my own descriptor 1 is where it was",
            "parent: out.txt holds: sh: this goes to descriptor 1",
        ]
    );
}

#[test]
fn a_child_that_runs_on_doubles_the_processes() {
    let run = lesson!().demo("failing-exec");
    assert_eq!(
        run.lines(),
        [
            "3 rounds, a child that runs on: 8 processes",
            "3 rounds, a child that ends: 4 processes",
        ]
    );
}

#[test]
fn what_belongs_to_the_process_crosses_exec() {
    let run = lesson!().demo("inherited");
    let (before, after) = row(&run, "process");
    assert!(before.starts_with("pid ") && before == after, "{run:#?}");
    assert_eq!(row(&run, "working directory"), ("/", "/"));
    assert_eq!(row(&run, "umask"), ("0007", "0007"));
    assert_eq!(row(&run, "ignores SIGPIPE"), ("yes", "yes"));
    assert_eq!(row(&run, "descriptor open"), ("yes", "yes"));
}

#[test]
fn what_belongs_to_the_program_does_not() {
    let run = lesson!().demo("inherited");
    assert_eq!(row(&run, "close-on-exec one open"), ("yes", "no"));
    assert_eq!(row(&run, "handles SIGUSR1"), ("yes", "no"));
    assert_eq!(row(&run, "name"), ("heir", "sh"));
    assert_eq!(row(&run, "this program in memory"), ("yes", "no"));
}

#[test]
fn command_no_longer_ignores_sigpipe() {
    let run = lesson!().demo("inherited");
    assert_eq!(
        run.lines().last(),
        Some(&"started by Command, it ignores SIGPIPE: no")
    );
}

/// The columns "before" and "after exec" of a row.
fn row<'a>(run: &'a Run, what: &str) -> (&'a str, &'a str) {
    let columns = run
        .lines()
        .into_iter()
        .find_map(|line| line.strip_prefix(what))
        .expect("every row is printed");
    let (before, after) =
        columns.trim().split_once("  ").expect("a row has two columns");
    (before, after.trim())
}

/// The one error line of a run that ended with exit code 1.
fn fails_with(run: &Run, words: &str) -> String {
    assert_eq!(run.code, Some(1), "{run:#?}");
    let line = lesson!().one_error_line(run);
    assert!(line.contains(words), "{line}");
    line
}

fn empty_folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::remove_dir_all(&folder).ok();
    fs::create_dir_all(&folder).expect("the target folder is writable");
    folder
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    entries
        .map(|entry| entry.expect("the folder is readable").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}
