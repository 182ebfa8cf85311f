//! Asks about one process tree: `explain PID [--closed] [--json]`.

use std::io::{Write, stdout};
use std::process::ExitCode;

use why::{Question, Tree, Verdict, explain};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (mut pid, mut is_closed, mut is_json) = (None, false, false);
    for word in words {
        match word.as_str() {
            "--closed" => is_closed = true,
            "--json" => is_json = true,
            _ => match word.parse::<i32>() {
                Ok(number) if number > 0 && pid.is_none() => pid = Some(number),
                _ => {
                    return refuse(
                        &format!("'{}' is no pid", word.escape_debug()),
                        2,
                    );
                }
            },
        }
    }
    let Some(pid) = pid else {
        return refuse("explain PID [--closed] [--json]", 2);
    };
    let tree = Tree { closed: is_closed, ..Tree::new(pid) };
    let answer = match explain(&Question::new(tree)) {
        Ok(answer) => answer,
        Err(error) => return refuse(&error.to_string(), 3),
    };
    let text = match answer.to_json() {
        Ok(text) if is_json => text,
        Ok(_) => answer.says.join("\n"),
        Err(error) => return refuse(&error.to_string(), 3),
    };
    // Whoever does not read on has seen enough.
    writeln!(stdout(), "{text}").ok();
    ExitCode::from(u8::from(answer.verdict == Verdict::Stuck))
}

fn refuse(why: &str, code: u8) -> ExitCode {
    eprintln!("explain: {why}");
    ExitCode::from(code)
}
