//! A run as somebody would type it.

use crate::content::{Content, File, FileKind};
use crate::questions::{RunQuestion, Step};

/// More bytes are counted, and not shown.
const SHOWN: usize = 64;
/// More files are counted, and not made.
const FILES: usize = 3;

/// What to type in `work/ID`, a line each; nothing, where `cargo run` alone is
/// all of it. `helpers` are the programs that the run finds on PATH.
pub(crate) fn typed(
    id: &str,
    question: &RunQuestion,
    helpers: &[&str],
) -> Vec<String> {
    let mut lines = Vec::new();
    let arguments = question.arguments.iter();
    for program in arguments.map(Content::text) {
        if helpers.contains(&program) {
            lines.push(format!(
                "# {program} is a program of the exercise, on PATH there"
            ));
        }
    }
    for (name, file) in question.files.iter().take(FILES) {
        lines.push(made(name, file));
    }
    if question.files.len() > FILES {
        let more = question.files.len() - FILES;
        lines.push(format!("# and {more} more files"));
    }
    for helper in &question.helpers {
        let (name, program) = (helper.name.get_ref(), &helper.program);
        let words: Vec<String> = std::iter::once(program.get_ref().clone())
            .chain(helper.arguments.iter().map(word))
            .collect();
        let words = words.join(" ");
        lines.push(format!("# ${{{name}}} is what this says: {words}"));
    }
    for name in question.queues.keys() {
        let name = name.replace("{id}", "x");
        lines.push(format!("# with a message in the queue {name}"));
    }
    lines.push(command(id, question));
    lines.extend(question.steps.iter().filter_map(said));
    if lines == ["cargo run"] {
        lines.clear();
    }
    lines
}

fn command(id: &str, question: &RunQuestion) -> String {
    let mut words = Vec::new();
    // With another PATH a shell would not find cargo.
    let is_sought = question.environment.contains_key("PATH");
    if is_sought {
        words.push("cargo build;".to_owned());
    }
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
    words.push(match is_sought {
        true => format!("../../target/debug/{id}"),
        false => "cargo run".to_owned(),
    });
    if !question.arguments.is_empty() {
        if !is_sought {
            words.push("--".to_owned());
        }
        words.extend(question.arguments.iter().map(word));
    }
    words.join(" ")
}

fn made(name: &str, file: &File) -> String {
    let folder = match name.rsplit_once('/') {
        Some((folder, _)) => format!("mkdir -p {}; ", quoted(folder)),
        None => String::new(),
    };
    let name = quoted(name);
    let mut line = match &file.kind {
        FileKind::Folder => format!("mkdir -p {name}"),
        FileKind::Helper(program) => {
            return format!("# {name} is the program '{program}'");
        }
        FileKind::Plain(content) => match content.bytes().len() {
            0 => format!("> {name}"),
            1..=SHOWN => format!("{} > {name}", printf(&content.bytes())),
            length => {
                let mode = file.mode;
                return format!("# {name} has {length} bytes, mode {mode:o}");
            }
        },
    };
    let usual = match file.kind {
        FileKind::Folder => 0o755,
        _ => 0o644,
    };
    if file.mode != usual {
        line.push_str(&format!("; chmod {:o} {name}", file.mode));
    }
    folder + &line
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

/// A line for a terminal of so many columns: a shell takes the parts as one.
pub(crate) fn folded(line: &str, width: usize) -> String {
    let (sign, end) = match line.starts_with('#') {
        true => ("", "\n  # "),
        false => ("$ ", " \\\n    "),
    };
    let mut text = format!("  {sign}");
    let mut column = text.len();
    for (place, word) in words(line).into_iter().enumerate() {
        let length = word.chars().count();
        // A space before it, and room for a backslash behind it.
        if place > 0 && column + 1 + length + 2 > width {
            text.push_str(end);
            column = 4;
        } else if place > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text + "\n"
}

/// At the blanks that stand in no quotes.
fn words(line: &str) -> Vec<&str> {
    let mut open = None;
    let is_end = |c: char| {
        match open {
            Some(quote) if c == quote => open = None,
            None if (c == '\'' || c == '"') && !line.starts_with('#') => {
                open = Some(c);
            }
            _ => {}
        }
        c == ' ' && open.is_none()
    };
    line.split(is_end).collect()
}

#[cfg(test)]
mod tests {
    use super::{folded, typed};
    use crate::questions::Questions;

    fn lines(run: &str) -> Vec<String> {
        let text = format!(
            "title = 'T'\nlevel = 1\nminutes = 1\n\
             points = {{ works = 6, robust = 4 }}\n[[run]]\nname = 'x'\n{run}"
        );
        let questions: Questions = toml::from_str(&text).unwrap();
        typed("creation-x", &questions.run[0], &["worker"])
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
    fn a_long_line_is_folded_where_a_shell_takes_it() {
        let line = "printf 'one two three' > a; cargo run -- \"a b\" c";
        assert_eq!(
            folded(line, 30),
            "  $ printf 'one two three' > \\\n    a; cargo run -- \"a b\" c\n"
        );
        assert_eq!(
            folded("# it's so, and so", 14),
            "  # it's so,\n  # and so\n"
        );
    }

    #[test]
    fn what_only_the_exercise_has_is_named() {
        for (run, expected) in [
            (
                "arguments = ['worker', '1']",
                [
                    "# worker is a program of the exercise, on PATH there",
                    "cargo run -- worker 1",
                ],
            ),
            (
                "arguments = ['{helper it}']\n[[run.helper]]\nname = 'it'\n\
                 program = 'actor'\narguments = ['S', 'a b']",
                [
                    "# ${it} is what this says: actor S 'a b'",
                    "cargo run -- \"${it}\"",
                ],
            ),
            (
                "environment = { PATH = '{folder}/a' }\n\
                 files = { 'a' = { folder = true } }",
                [
                    "mkdir -p a",
                    "cargo build; PATH=\"$PWD/a\" \
                     ../../target/debug/creation-x",
                ],
            ),
        ] {
            assert_eq!(lines(run), expected, "{run}");
        }
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
