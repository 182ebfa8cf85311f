//! A lesson under test: its program, its folder, its README.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::console::{Shown, replaced, shown};
use crate::normalised;
use crate::run::{Run, run};

/// Made by [`crate::lesson!`].
#[derive(Clone, Copy, Debug)]
pub struct Lesson {
    /// The package's name, which is the folder's and the program's too.
    pub name: &'static str,
    /// The package's folder.
    pub folder: &'static str,
    /// The path of the built program.
    pub program: &'static str,
}

impl Lesson {
    /// The program with these arguments, still to be run.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(arguments).stdout(Stdio::piped());
        command
    }

    /// Runs the program with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Run {
        run(&mut self.command(arguments))
    }

    /// Runs one demo, which must succeed and say nothing on stderr.
    ///
    /// # Panics
    /// If it does not.
    pub fn demo(&self, name: &str) -> Run {
        let run = self.run(&[name]);
        assert_eq!((run.code, &*run.stderr), (Some(0), ""), "{run:#?}");
        run
    }

    /// Runs the program, which must refuse with this exit code, one line on
    /// stderr that starts with its name, and nothing on stdout.
    ///
    /// # Panics
    /// If it does not.
    pub fn refuses(&self, arguments: &[&str], code: i32) -> String {
        let run = self.run(arguments);
        assert_eq!((run.code, &*run.stdout), (Some(code), ""), "{run:#?}");
        self.one_error_line(&run)
    }

    /// The one line on stderr, which must start with the program's name.
    ///
    /// # Panics
    /// If there is none, or another.
    pub fn one_error_line(&self, run: &Run) -> String {
        let lines: Vec<&str> = run.stderr.lines().collect();
        let [line] = lines[..] else {
            panic!("one line on stderr was expected: {run:#?}");
        };
        assert!(line.starts_with(self.name), "{line}");
        line.to_owned()
    }

    /// The command line every lesson has: bad input is refused in one line,
    /// output that goes nowhere is noticed.
    ///
    /// # Panics
    /// If one of that does not hold.
    pub fn check_command_line(&self) {
        self.refuses(&["no-such-demo"], 2);
        self.refuses(&["--no-such-option"], 2);
        self.refuses(&[""], 2);
        self.refuses(&["two\nlines"], 2);
        self.refuses(&["--list", "one"], 2);
        let list = self.run(&["--list"]);
        assert_eq!(list.code, Some(0));
        let first = list.stdout.split_whitespace().next();
        let first = first.expect("a lesson has demos");
        self.refuses(&[first, "one", "two"], 2);
        assert_eq!(self.run(&["--help"]).code, Some(0));

        // What a careless starter ignores, exec hands on.
        let mut careless = Command::new("env");
        careless
            .args(["--ignore-signal=CHLD,TERM,XFSZ", "--block-signal=TERM"])
            .arg(self.program)
            .stdout(Stdio::piped());
        let (careless, plain) = (run(&mut careless), self.run(&[]));
        assert_eq!((careless.code, &*careless.stderr), (Some(0), ""));
        assert_eq!(normalised(&careless.stdout), normalised(&plain.stdout));

        let (read_end, write_end) = io::pipe().expect("a pipe can be made");
        drop(read_end);
        let run = run(self.command(&[]).stdout(write_end));
        assert_eq!(run.code, Some(1), "nobody reads: {run:#?}");
        assert!(self.one_error_line(&run).contains("EPIPE"), "{run:#?}");
    }

    /// Every console block of the lesson's README, and those of the root
    /// README that run this lesson, show what the program prints.
    /// With `SNAPSHOTS=overwrite` in the environment they are rewritten.
    ///
    /// # Panics
    /// If one differs, or none was found in the lesson's README.
    pub fn check_readme(&self) {
        let own = Path::new(self.folder).join("README.md");
        let checked = self.check_markdown(&own);
        assert!(checked > 0, "{} shows no output", own.display());
        self.check_markdown(&self.root().join("README.md"));
    }

    fn root(&self) -> PathBuf {
        Path::new(self.folder).join("../..")
    }

    fn check_markdown(&self, path: &Path) -> usize {
        let read = || fs::read_to_string(path).expect("a README is readable");
        let count = shown(&read()).len();
        let mut checked = 0;
        for index in 0..count {
            let text = read();
            let all = shown(&text);
            let Some(real) = self.real_output(&all, index) else { continue };
            checked += 1;
            let Shown { line, command, output } = &all[index];
            if normalised(&real) == normalised(output) {
                continue;
            }
            if env::var_os("SNAPSHOTS").is_some_and(|how| how == "overwrite") {
                let text = replaced(&text, *line, output, &real);
                fs::write(path, text).expect("a README is writable");
                continue;
            }
            panic!(
                "{}:{line}: `{command}`\n--- the README shows\n{}\
                 --- the program prints\n{}",
                path.display(),
                normalised(output),
                normalised(&real),
            );
        }
        checked
    }

    /// What the command really prints. A command that fails must be followed
    /// by `echo $?` in the same block.
    fn real_output(&self, all: &[Shown], index: usize) -> Option<String> {
        let shown = &all[index];
        let run = self.run(&shown.arguments(self.name)?);
        let code = match all.get(index + 1) {
            Some(next) if next.command == "echo $?" => next.output.trim(),
            _ => "0",
        };
        let what = &shown.command;
        assert_eq!(run.code, code.parse().ok(), "`{what}`: {run:#?}");
        if shown.shows_stderr() {
            return Some(run.stdout + &run.stderr);
        }
        assert_eq!(run.stderr, "", "`{what}` says this on stderr");
        Some(run.stdout)
    }
}
