//! A program is a file, a process is a running instance of one: `execve(2)`
//! replaces the program inside a process and keeps the process.
//!
//! Read README.md beside this folder. Run: `cargo run -p lesson-01-execution`

use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use common::{Demo, Lesson};

mod arguments;
mod c_path;
mod environment;
mod failing_exec;
mod inherited;
mod redirect;
mod replace;
mod script;
mod search;
mod shell_line;

fn main() -> ExitCode {
    // argv[0] is whatever the caller of execve wrote there. Two demos execute
    // this file again under another name, and it is another program then.
    match env::args_os().next().as_deref().and_then(OsStr::to_str) {
        Some("show-argv") => arguments::show_argv(),
        Some("show-env") => environment::show_env(),
        _ => Lesson::new(env!("CARGO_PKG_NAME"), DEMOS).run(),
    }
}

const DEMOS: &[Demo] = &[
    Demo::new(
        "script",
        "a file is written, a process becomes sh and runs it",
        script::run,
    ),
    Demo::new(
        "shell-line",
        "the naive way: a file name on a line for the shell",
        shell_line::run,
    ),
    Demo::new(
        "arguments",
        "a list of bytes reaches the program untouched",
        arguments::run,
    ),
    Demo::new("replace", "two programs, one process", replace::run),
    Demo::new(
        "environment",
        "inherited, changed, cleared: each in one process only",
        environment::run,
    ),
    Demo::new(
        "search",
        "which file runs, and what 126 and 127 say",
        search::run,
    ),
    Demo::new(
        "redirect",
        "descriptor 1 is replaced, the program notices nothing",
        redirect::run,
    ),
    Demo::new(
        "failing-exec",
        "exec returns only if it failed, and then the child runs on",
        failing_exec::run,
    ),
    Demo::new("inherited", "what crosses exec and what not", inherited::run),
];
