//! `bare-tracer PATH [ARGUMENT...]`: runs a program with the observer's stops,
//! and tells nothing. `scripts/bench-observer` times it.

use std::env;
use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words = env::args_os().skip(1).map(OsStringExt::into_vec);
    let command: Result<Vec<CString>, _> = words.map(CString::new).collect();
    let command = command.expect("an argument has no NUL");
    match observer::only_stop(&command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bare-tracer: cannot run the program: {error}");
            ExitCode::FAILURE
        }
    }
}
