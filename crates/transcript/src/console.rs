//! The ```` ```console ```` blocks of a README: commands with their output.

/// One command of a block and what the README shows below it.
#[derive(Debug, PartialEq)]
pub(crate) struct Shown {
    /// The line number of the command, from 1.
    pub(crate) line: usize,
    /// The command, without its `$ `.
    pub(crate) command: String,
    /// The lines below it, each with its end.
    pub(crate) output: String,
}

impl Shown {
    /// The arguments, if the command runs that package:
    /// `cargo run -q -p NAME -- ARGUMENTS`.
    pub(crate) fn arguments(&self, package: &str) -> Option<Vec<&str>> {
        let words: Vec<&str> = self.command.split_whitespace().collect();
        let words = words.strip_suffix(&["2>&1"]).unwrap_or(&words);
        match words {
            ["cargo", "run", rest @ ..] => {
                let rest = rest.strip_prefix(&["-q"]).unwrap_or(rest);
                match rest {
                    ["-p", name] if *name == package => Some(Vec::new()),
                    ["-p", name, "--", arguments @ ..] if *name == package => {
                        Some(arguments.to_vec())
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    pub(crate) fn shows_stderr(&self) -> bool {
        self.command.ends_with(" 2>&1")
    }
}

/// All commands of all console blocks, in order.
pub(crate) fn shown(markdown: &str) -> Vec<Shown> {
    let mut shown: Vec<Shown> = Vec::new();
    let mut inside = false;
    for (number, line) in markdown.lines().enumerate() {
        match line {
            "```console" => inside = true,
            "```" => inside = false,
            _ if !inside => {}
            _ => match (line.strip_prefix("$ "), shown.last_mut()) {
                (Some(command), _) => shown.push(Shown {
                    line: number + 1,
                    command: command.to_owned(),
                    output: String::new(),
                }),
                (None, Some(last)) => {
                    last.output.push_str(line);
                    last.output.push('\n');
                }
                (None, None) => {}
            },
        }
    }
    shown
}

/// The same text with another output below the command at `line`.
pub(crate) fn replaced(
    markdown: &str,
    line: usize,
    old: &str,
    new: &str,
) -> String {
    let lines: Vec<&str> = markdown.lines().collect();
    let (before, behind) = lines.split_at(line);
    let behind = &behind[old.lines().count()..];
    let mut text = before.join("\n");
    text.push('\n');
    text.push_str(new);
    text.push_str(&behind.join("\n"));
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Look:\n```console\n$ cargo run -q -p a -- x\none\n\
                        two\n$ echo $?\n0\n```\nend\n";

    #[test]
    fn a_block_holds_commands_with_their_output() {
        let found = shown(TEXT);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].arguments("a"), Some(vec!["x"]));
        assert_eq!(found[0].arguments("b"), None);
        assert_eq!(found[0].output, "one\ntwo\n");
        assert_eq!((found[1].line, &*found[1].output), (6, "0\n"));
    }

    #[test]
    fn replacing_leaves_the_rest_alone() {
        let found = shown(TEXT);
        let new = replaced(TEXT, found[0].line, &found[0].output, "three\n");
        assert_eq!(new, TEXT.replace("one\ntwo", "three"));
    }
}
