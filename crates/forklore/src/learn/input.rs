//! What the learner types: single keys on a terminal, lines otherwise.

use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::sys::termios::{
    LocalFlags, SetArg, SpecialCharacterIndices, Termios, tcgetattr, tcsetattr,
};
use nix::unistd::read;

/// What one can ask for in a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Command {
    Hint,
    Full,
    Task,
    Answer,
    Again,
    Next,
    List,
    Reset,
    Help,
    Quit,
}

/// Each with its key, which is also the first word of its explanation.
pub(crate) const COMMANDS: &[(char, &str, Command, &str)] = &[
    ('h', "hint", Command::Hint, "a hint on the first fault"),
    ('f', "full", Command::Full, "all that was found"),
    ('t', "task", Command::Task, "the task"),
    ('a', "answer", Command::Answer, "right answers, once yours has passed"),
    ('r', "run", Command::Again, "judge again"),
    ('n', "next", Command::Next, "the next exercise"),
    ('l', "list", Command::List, "all exercises"),
    ('x', "reset", Command::Reset, "back to the starter; yours is kept"),
    ('q', "quit", Command::Quit, "end"),
];

/// Ctrl-D.
const END: u8 = 4;
const ESCAPE: u8 = 27;

/// Standard input.
#[derive(Debug)]
pub(crate) struct Input {
    stdin: io::Stdin,
    /// How the terminal was, if single keys are read from it.
    before: Option<Termios>,
    line: Vec<u8>,
    is_over: bool,
}

impl Input {
    /// If both ends are a terminal, takes it over: each key counts at once,
    /// and is not shown. Ctrl-C and Ctrl-Z stay signals.
    pub(crate) fn new() -> Self {
        let stdin = io::stdin();
        let is_terminal = stdin.is_terminal() && io::stdout().is_terminal();
        let before = is_terminal.then(|| tcgetattr(&stdin).ok()).flatten();
        let input = Self { stdin, before, line: Vec::new(), is_over: false };
        input.take();
        input
    }

    /// Whether single keys are read.
    pub(crate) fn has_keys(&self) -> bool {
        self.before.is_some()
    }

    /// Whether nothing more will come.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over
    }

    /// What becomes readable when something is typed.
    pub(crate) fn typed(&self) -> Option<BorrowedFd<'_>> {
        (!self.is_over).then(|| self.stdin.as_fd())
    }

    /// Takes the terminal over.
    pub(crate) fn take(&self) {
        let Some(mut keys) = self.before.clone() else { return };
        keys.local_flags &= !(LocalFlags::ICANON | LocalFlags::ECHO);
        keys.control_chars[SpecialCharacterIndices::VMIN as usize] = 1;
        keys.control_chars[SpecialCharacterIndices::VTIME as usize] = 0;
        tcsetattr(&self.stdin, SetArg::TCSADRAIN, &keys).ok();
    }

    /// Gives the terminal back as it was.
    pub(crate) fn give_back(&self) {
        if let Some(before) = &self.before {
            tcsetattr(&self.stdin, SetArg::TCSADRAIN, before).ok();
        }
    }

    /// Reads what was typed, when there is something to be read; what is no
    /// command comes as its text.
    pub(crate) fn read(&mut self) -> Vec<Result<Command, String>> {
        let mut buffer = [0; 256];
        let length = match read(&self.stdin, &mut buffer) {
            Ok(length) => length,
            Err(Errno::EINTR | Errno::EAGAIN) => return Vec::new(),
            Err(_) => 0,
        };
        self.is_over = length == 0;
        match self.has_keys() {
            true => self.keys(&buffer[..length]),
            false => self.lines(&buffer[..length]),
        }
    }

    fn keys(&self, typed: &[u8]) -> Vec<Result<Command, String>> {
        let keys = plain(typed);
        let keys =
            keys.iter().filter(|it| **it == END || it.is_ascii_graphic());
        keys.map(|key| match *key {
            END => Ok(Command::Quit),
            key => command(&char::from(key).to_string()),
        })
        .collect()
    }

    fn lines(&mut self, typed: &[u8]) -> Vec<Result<Command, String>> {
        self.line.extend(typed);
        if self.is_over && !self.line.is_empty() {
            self.line.push(b'\n');
        }
        let mut lines = Vec::new();
        while let Some(end) = self.line.iter().position(|it| *it == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().to_owned();
            if !line.is_empty() {
                lines.push(command(&line));
            }
        }
        // Whoever sends no line ends gets no memory for it.
        self.line.truncate(256);
        lines
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// What was typed, without the sequences that arrows and their like send: no
/// key of ours.
fn plain(typed: &[u8]) -> Vec<u8> {
    let mut keys = Vec::new();
    let mut typed = typed.iter().copied();
    while let Some(key) = typed.next() {
        if key != ESCAPE {
            keys.push(key);
            continue;
        }
        match typed.next() {
            // Up to its last byte, a letter or ~.
            Some(b'[') => drop(typed.find(|it| (b'@'..=b'~').contains(it))),
            Some(b'O') => drop(typed.next()),
            _ => {}
        }
    }
    keys
}

fn command(word: &str) -> Result<Command, String> {
    if ["?", "help"].contains(&word) {
        return Ok(Command::Help);
    }
    let is_it = |(key, name, _, _): &&(char, &str, Command, &str)| {
        word == *name || word == key.to_string()
    };
    let found = COMMANDS.iter().find(is_it).map(|(_, _, it, _)| *it);
    found.ok_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, Command, command, plain};

    #[test]
    fn arrows_and_their_like_are_no_keys() {
        assert_eq!(plain(b"\x1b[Ah\x1b[15~l\x1bOAq"), b"hlq");
        assert_eq!(plain(b"\x1b"), b"");
    }

    #[test]
    fn each_command_has_a_letter_and_a_word() {
        for (key, name, wanted, _) in COMMANDS {
            assert_eq!(command(&key.to_string()), Ok(*wanted));
            assert_eq!(command(name), Ok(*wanted));
            assert!(name.starts_with(*key) || *wanted == Command::Reset);
        }
        assert_eq!(command("?"), Ok(Command::Help));
        assert_eq!(command("hnit"), Err("hnit".to_owned()));
    }
}
