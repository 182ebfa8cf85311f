//! A run as somebody would type it.

use crate::content::{Content, File, FileKind};
use crate::questions::{RunQuestion, Step};

/// More bytes are counted, and not shown.
const SHOWN: usize = 48;
/// More files are counted, and not made.
const FILES: usize = 3;

/// What to type in the folder of the program, a line each; nothing, where
/// `cargo run` alone is all of it.
pub(crate) fn typed(question: &RunQuestion) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, file) in question.files.iter().take(FILES) {
        lines.push(made(name, file));
    }
    if question.files.len() > FILES {
        let more = question.files.len() - FILES;
        lines.push(format!("# and {more} more files"));
    }
    for helper in &question.helpers {
        let (name, program) = (helper.name.get_ref(), &helper.program);
        let program = program.get_ref();
        lines.push(format!("# ${name} is the pid that '{program}' says"));
    }
    for name in question.queues.keys() {
        let name = name.replace("{id}", "x");
        lines.push(format!("# with a message in the queue {name}"));
    }
    lines.push(command(question));
    lines.extend(question.steps.iter().filter_map(said));
    if lines == ["cargo run"] {
        lines.clear();
    }
    lines
}

fn command(question: &RunQuestion) -> String {
    let mut words = Vec::new();
    match question.stdin.as_ref().map(|it| (it, it.bytes().len())) {
        Some((stdin, ..=SHOWN)) => {
            words.push(format!("{} |", printf(&stdin.bytes())));
        }
        Some((_, length)) => words.push(format!("(some {length} bytes) |")),
        None => {}
    }
    for (name, value) in &question.environment {
        words.push(format!("{name}={}", word(value)));
    }
    words.push("cargo run".to_owned());
    if !question.arguments.is_empty() {
        words.push("--".to_owned());
        words.extend(question.arguments.iter().map(word));
    }
    words.join(" ")
}

fn made(name: &str, file: &File) -> String {
    let name = quoted(name);
    let mut line = match &file.kind {
        FileKind::Folder => format!("mkdir -p {name}"),
        FileKind::Helper(program) => {
            return format!("# {name} is the program '{program}'");
        }
        FileKind::Plain(content) => match content.bytes().len() {
            0 => format!("> {name}"),
            1..=SHOWN => format!("{} > {name}", printf(&content.bytes())),
            length => return format!("# {name} has {length} bytes"),
        },
    };
    let usual = match file.kind {
        FileKind::Folder => 0o755,
        _ => 0o644,
    };
    if file.mode != usual {
        line.push_str(&format!("; chmod {:o} {name}", file.mode));
    }
    line
}

/// What one does while it runs.
fn said(step: &Step) -> Option<String> {
    match step {
        Step::Await(_) | Step::States(_) => None,
        Step::Send(content) => {
            let bytes = content.bytes();
            let text = String::from_utf8_lossy(&bytes);
            Some(match text.trim_end_matches('\n') {
                "" => "# then press Enter".to_owned(),
                _ if bytes.len() > SHOWN => {
                    format!("# then type {} bytes", bytes.len())
                }
                text => format!("# then type {}", escaped(text.as_bytes())),
            })
        }
        Step::Close(_) => Some("# then press Ctrl-D".to_owned()),
        Step::Signal(signal) => {
            let who = signal.to.text();
            Some(format!("# then send {} to {who}", signal.name))
        }
    }
}

/// A word of the shell, with what only the grader knows in variables.
fn word(content: &Content) -> String {
    let bytes = content.bytes();
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return format!("\"$({})\"", printf(&bytes));
    };
    let text = text.replace("{id}", "x").replace("{folder}", "$PWD");
    let text = text.replace("{helper ", "${");
    match text.contains("$PWD") || text != content.text() {
        true => format!("\"{text}\""),
        false if text.chars().any(char::is_control) => {
            format!("\"$({})\"", printf(&bytes))
        }
        false => quoted(&text),
    }
}

fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./=:,@%+".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

fn printf(bytes: &[u8]) -> String {
    let text = escaped(bytes).replace('%', "%%").replace('\'', r"'\''");
    format!("printf '{text}'")
}

/// As printf(1) reads it.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => text.push_str("\\n"),
                '\t' => text.push_str("\\t"),
                '\\' => text.push_str("\\\\"),
                c if c.is_ascii_control() => {
                    text.push_str(&format!("\\{:03o}", c as u32));
                }
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\{byte:03o}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::typed;
    use crate::questions::Questions;

    fn lines(run: &str) -> Vec<String> {
        let text = format!(
            "title = 'T'\nlevel = 1\nminutes = 1\n\
             points = {{ works = 6, robust = 4 }}\n[[run]]\nname = 'x'\n{run}"
        );
        let questions: Questions = toml::from_str(&text).unwrap();
        typed(&questions.run[0])
    }

    #[test]
    fn a_run_is_typed_as_a_shell_takes_it() {
        for (run, expected) in [
            (
                "arguments = ['3', 'two words', \"it's\"]",
                r"cargo run -- 3 'two words' 'it'\''s'",
            ),
            (
                "stdin = \"50%\\n\"\narguments = ['-']",
                r"printf '50%%\n' | cargo run -- -",
            ),
            ("environment = { TO = 'out.txt' }", "TO=out.txt cargo run"),
            (
                "arguments = ['{folder}/a', '/q-{id}']",
                "cargo run -- \"$PWD/a\" \"/q-x\"",
            ),
            (
                "arguments = [{ bytes = [255] }]",
                r#"cargo run -- "$(printf '\377')""#,
            ),
            (
                "stdin = { repeat = 'word ', times = 100 }",
                "(some 500 bytes) | cargo run",
            ),
        ] {
            assert_eq!(lines(run), [expected], "{run}");
        }
        assert_eq!(lines(""), Vec::<String>::new());
    }

    #[test]
    fn files_come_before_the_program_and_what_one_says_behind_it() {
        let run = "arguments = ['a.txt']\nfiles = { 'a.txt' = { content = \
                   { bytes = [97, 0, 255] }, mode = 0o600 }, 'b' = { folder \
                   = true }, 'c' = '' }\n[[run.step]]\nawait = 'ready'\n\
                   [[run.step]]\nsend = \"go\\n\"\n[[run.step]]\nclose = \
                   'stdin'";
        assert_eq!(
            lines(run),
            [
                r"printf 'a\000\377' > a.txt; chmod 600 a.txt",
                "mkdir -p b",
                "> c",
                "cargo run -- a.txt",
                "# then type go",
                "# then press Ctrl-D",
            ]
        );
    }
}
