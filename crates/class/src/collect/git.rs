//! Repositories at a deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{Collection, LONGEST, Named, Rank};
use crate::ask::ask;
use crate::moment::Moment;
use crate::roster::{Known, Table};

/// So many lines of what git says are told.
const COMPLAINT: usize = 3;
/// And so many characters.
const LONGEST_COMPLAINT: usize = 400;

/// How repositories are read.
#[derive(Clone, Debug)]
pub struct Git {
    /// The last commit before it is taken; without one, the last.
    pub deadline: Option<Moment>,
    /// One that takes longer is given up.
    pub limit: Duration,
    /// A folder for what is needed for a while.
    pub place: PathBuf,
}

/// Takes the submissions out of the repositories of a roster: a table with the
/// columns `student` and `address`, and maybe `branch` and `name`.
///
/// Nothing is checked out, so no hook, no link and no filter of a repository
/// does anything.
///
/// # Errors
/// If the roster cannot be read. What is wrong with one repository is a line
/// of the collection.
pub fn from_git(
    collection: &mut Collection,
    roster: &Path,
    git: &Git,
) -> io::Result<()> {
    let table = Table::read(roster)?;
    let column = |name: &str| {
        table.column(name).ok_or_else(|| {
            let says = format!("it has no column '{name}': {:?}", table.head);
            io::Error::other(grader::clean(&says))
        })
    };
    let (student, address) = (column("student")?, column("address")?);
    let mut met = BTreeSet::new();
    for row in &table.rows {
        let cell =
            |name: &str| table.column(name).map_or("", |at| row[at].trim());
        let student = row[student].trim();
        let known = Known {
            name: cell("name").to_owned(),
            system: "git".to_owned(),
            ..Known::default()
        };
        if !met.insert(student) {
            // Whose the second one is, nobody here can say.
            let says = "is in the roster twice: the second line is not taken";
            collection.note(student, says);
            continue;
        }
        if !collection.enrol(student, known) {
            continue;
        }
        let address = row[address].trim();
        if address.is_empty() || address.starts_with('-') {
            collection.note(student, "not taken: it has no address");
            continue;
        }
        git.collect(collection, student, address, cell("branch"));
    }
    Ok(())
}

impl Git {
    fn collect(
        &self,
        collection: &mut Collection,
        student: &str,
        address: &str,
        branch: &str,
    ) {
        let copy = self.place.join("repository");
        let taken = self
            .clone(address, branch, &copy)
            .and_then(|()| self.take(collection, student, &copy));
        crate::grading::remove(&copy);
        if let Err(error) = taken {
            collection.note(student, &format!("not taken: {error}"));
            collection.leave_open(student, &error.to_string());
        }
    }

    fn clone(
        &self,
        address: &str,
        branch: &str,
        copy: &Path,
    ) -> io::Result<()> {
        fs::create_dir_all(&self.place)?;
        let mut command = Command::new("git");
        // In other ways of transport an address may name a program, or a
        // descriptor.
        command.args(["-c", "protocol.allow=never"]);
        for way in ["https", "http", "ssh", "git", "file"] {
            command.args(["-c", &format!("protocol.{way}.allow=always")]);
        }
        command.args(["clone", "--quiet", "--bare", "--single-branch"]);
        if !branch.is_empty() {
            command.arg(format!("--branch={branch}"));
        }
        command.arg("--").arg(address).arg(copy);
        self.run(&mut command).map(drop)
    }

    fn take(
        &self,
        collection: &mut Collection,
        student: &str,
        copy: &Path,
    ) -> io::Result<()> {
        let before =
            self.deadline.map(|it| format!("--before={}", it.seconds()));
        let mut command = self.in_copy(copy);
        command.args(["rev-list", "--max-count=1"]);
        command.args(before).arg("HEAD");
        let commit = text(&self.run(&mut command)?);
        if commit.is_empty() {
            collection.note(student, "no commit before the deadline");
            return Ok(());
        }
        let mut command = self.in_copy(copy);
        command.args(["show", "--no-patch", "--format=%cI", &commit]);
        let moment = text(&self.run(&mut command)?);
        if Moment::read(&moment).is_ok() {
            collection.moments.insert(student.to_owned(), moment);
        }
        for (path, (kind, blob)) in self.sources(collection, copy, &commit)? {
            let taken = self.blob(copy, &kind, &blob);
            match taken {
                Ok(bytes) => {
                    let rank = Rank(Named::Exactly, 0);
                    collection.take(student, (path, rank), &bytes)?;
                }
                Err(error) => {
                    let says = format!("{path} is not taken: {error}");
                    collection.note(student, &says);
                }
            }
        }
        Ok(())
    }

    /// The sources of exercises in a commit: their modes and their blobs.
    fn sources(
        &self,
        collection: &Collection,
        copy: &Path,
        commit: &str,
    ) -> io::Result<BTreeMap<String, (String, String)>> {
        let mut command = self.in_copy(copy);
        command.args(["ls-tree", "-z", "--full-tree", commit, "--"]);
        for id in &collection.exercises {
            command.arg(format!("work/{id}/src/main.rs"));
            command.arg(format!("{id}.rs"));
        }
        let listed = self.run(&mut command)?;
        let listed = String::from_utf8_lossy(&listed);
        let entry = |line: &str| {
            let (what, path) = line.split_once('\t')?;
            let mut words = what.split(' ');
            let (mode, _, blob) = (words.next()?, words.next()?, words.next()?);
            Some((path.to_owned(), (mode.to_owned(), blob.to_owned())))
        };
        Ok(listed.split('\0').filter_map(entry).collect())
    }

    fn blob(&self, copy: &Path, mode: &str, blob: &str) -> io::Result<Vec<u8>> {
        if !mode.starts_with("100") {
            return Err(io::Error::other(match mode {
                "120000" => "it is a symbolic link",
                _ => "it is no file",
            }));
        }
        let mut command = self.in_copy(copy);
        command.args(["cat-file", "-s", blob]);
        let length = text(&self.run(&mut command)?);
        if length.parse::<u64>().is_ok_and(|it| it <= LONGEST) {
            let mut command = self.in_copy(copy);
            return self.run(command.args(["cat-file", "blob", blob]));
        }
        Err(io::Error::other(format!(
            "it has {length} bytes, at most {LONGEST} are taken"
        )))
    }

    fn in_copy(&self, copy: &Path) -> Command {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(copy);
        command
    }

    fn run(&self, command: &mut Command) -> io::Result<Vec<u8>> {
        command
            // Nobody is there to be asked for a password, nor whether a host
            // is the right one: ssh, too, asks a program that says no.
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("SSH_ASKPASS", "false")
            .env("SSH_ASKPASS_REQUIRE", "force")
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env("LC_ALL", "C");
        let answer = ask(command, self.limit)
            .map_err(|it| io::Error::other(format!("cannot run git: {it}")))?;
        if answer.is_cut {
            return Err(io::Error::other(
                "git took too long, or said too much",
            ));
        }
        if answer.status.success() {
            return Ok(answer.stdout);
        }
        let says = String::from_utf8_lossy(&answer.stderr);
        Err(io::Error::other(format!("git says: {}", complaint(&says))))
    }
}

/// What went wrong, in one line: what others said before git gave up, and
/// that; behind it git gives advice.
fn complaint(says: &str) -> String {
    let lines = says.lines().map(str::trim).filter(|it| !it.is_empty());
    let lines: Vec<&str> = lines.collect();
    let end = lines.iter().position(|it| it.starts_with("fatal: "));
    let end = end.map_or(lines.len(), |it| it + 1);
    let told = &lines[end.saturating_sub(COMPLAINT)..end];
    told.join("; ").chars().take(LONGEST_COMPLAINT).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn the_cause_is_told_and_not_the_advice_behind_it() {
        let ssh = "Host key verification failed.\r\nfatal: Could not read \
                   from remote repository.\n\nPlease make sure you have the \
                   correct access rights\nand the repository exists.\n";
        assert_eq!(
            complaint(ssh),
            "Host key verification failed.; fatal: Could not read from remote \
             repository."
        );
        assert_eq!(complaint("fatal: x\n"), "fatal: x");
        assert_eq!(complaint("error: y\n\n"), "error: y");
        assert_eq!(complaint(""), "");
    }
}
