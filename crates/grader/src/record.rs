//! What is known of a run that is over.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nix::fcntl::{OFlag, OpenHow, ResolveFlag, openat2};
use trace::{Event, Level, What};

use crate::place::{Excess, FILES, Place, excess, open_up};
use crate::plain::clean;
use crate::questions::{Limits, RunQuestion};
use crate::selector::Streams;

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Record {
    /// How much could be seen.
    pub level: Level,
    /// What its processes did, in causal order.
    pub events: Vec<Event>,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it said on standard error.
    pub stderr: Vec<u8>,
    /// The function of the program in which a library panicked.
    pub panicking: Option<String>,
    /// Why the grader ended it; `None` if it ended by itself.
    pub cut: Option<Cut>,
    /// The limits that were set for it: not all runs have those of their
    /// exercise.
    pub limits: Limits,
    /// Whether the machine had no time for it.
    pub is_starved: bool,
    /// What its streams are called in the trace.
    pub streams: Streams,
    /// What no other run at its time was called.
    pub id: String,
    /// Its working directory, which is gone.
    pub folder: PathBuf,
    /// The folder of the helpers' programs, which is gone as well.
    pub programs: PathBuf,
    /// What each helper said first.
    pub helpers: Vec<(String, String)>,
    /// The step of the dialogue that did not come true.
    pub missed: Option<Missed>,
    /// Names that it left behind: what, and which.
    pub left: Vec<(&'static str, String)>,
    /// The files behind it: those that the question names.
    pub files: Vec<(String, Option<Vec<u8>>)>,
    /// What there was too much of in its folder behind it.
    pub(crate) excess: Option<Excess>,
}

/// Why a run was ended.
#[derive(Clone, Debug)]
pub enum Cut {
    /// It hung, and `why` says how.
    Stuck(Box<why::Answer>),
    /// Its first process was gone; others were not.
    Left,
    /// It waited for us, and we for it.
    Silent,
    /// It ran too long.
    Wall,
    /// It created too many processes.
    Processes,
    /// It had too many threads.
    Threads,
    /// It used too much memory.
    Memory,
    /// It used too much CPU time.
    Cpu,
    /// It filled its folder.
    Files,
    /// It made more calls than anybody follows.
    Calls,
    /// It kept too much in files that it had removed.
    Removed,
    /// It had too many descriptors open.
    Descriptors,
    /// It printed too much.
    Output,
    /// Somebody stopped the grader.
    Asked(String),
}

impl Record {
    /// Whether it may have asked the kernel again and again: then a good part
    /// of its CPU time is the kernel's.
    pub(crate) fn may_ask(&self) -> bool {
        let used = self.events.iter().filter_map(|it| match it.what {
            What::Cpu { user_us, system_us, .. } => Some((user_us, system_us)),
            _ => None,
        });
        let (user, system) = used
            .fold((0, 0), |sum: (u64, u64), it| (sum.0 + it.0, sum.1 + it.1));
        system >= user / 20
    }
}

impl Cut {
    /// Whether it was ended wherever it happened to be.
    pub(crate) fn is_of_greed(&self) -> bool {
        matches!(
            self,
            Self::Processes
                | Self::Threads
                | Self::Memory
                | Self::Cpu
                | Self::Files
                | Self::Calls
                | Self::Removed
                | Self::Descriptors
        )
    }

    /// Of what the grader saw, and the line of a keeper that ended the run.
    /// While it does so by itself, its first process is gone before others
    /// are, for long on a busy machine: they only look as if they were left.
    pub(crate) fn settled(seen: Option<Self>, line: &str) -> Self {
        match (seen, Self::of_keeper(line)) {
            (None, own) => own,
            (Some(Self::Left), own) if !matches!(own, Self::Asked(_)) => own,
            (Some(seen), _) => seen,
        }
    }

    /// By the keeper's own line.
    fn of_keeper(line: &str) -> Self {
        if line.contains("ran longer") {
            Self::Wall
        } else if line.contains("more processes") {
            Self::Processes
        } else if line.contains("more threads") {
            Self::Threads
        } else if line.contains("more memory") {
            Self::Memory
        } else if line.contains("more CPU time") {
            Self::Cpu
        } else if line.contains("more descriptors") {
            Self::Descriptors
        } else if line.contains("removed files") {
            Self::Removed
        } else if line.contains("printed more") {
            Self::Output
        } else {
            Self::Asked(clean(line))
        }
    }
}

/// A step of the dialogue that did not come true.
#[derive(Clone, Debug)]
pub enum Missed {
    /// The line never came.
    Line(String),
    /// The states were others: the letters found.
    States {
        /// What was expected.
        expected: String,
        /// What was found.
        found: String,
    },
    /// The dialogue ended before this step.
    Rest(String),
}

/// As much of a file is kept.
const FILE: u64 = 64 << 20;

impl Record {
    pub(crate) fn new(streams: Streams, place: &Place) -> Self {
        Self {
            level: Level::Full,
            events: Vec::new(),
            stdout: Vec::new(),
            stderr: Vec::new(),
            panicking: None,
            cut: None,
            limits: Limits::default(),
            is_starved: false,
            streams,
            id: place.id(),
            folder: place.folder(),
            programs: place.programs(),
            helpers: Vec::new(),
            missed: None,
            left: Vec::new(),
            files: Vec::new(),
            excess: None,
        }
    }

    /// The keeper's line, which is the last on standard error.
    pub(crate) fn take_last_line(&mut self) -> String {
        let text = self.stderr.strip_suffix(b"\n").unwrap_or(&self.stderr);
        let start = text.iter().rposition(|it| *it == b'\n');
        let start = start.map_or(0, |at| at + 1);
        let line = String::from_utf8_lossy(&text[start..]).into_owned();
        // A program's own text without an end stands before it.
        let at = line.rfind("forklore: ").unwrap_or(0);
        self.stderr.truncate(start + at);
        line[at..].trim_start_matches("forklore: ").to_owned()
    }

    /// Notes what the run has left in its folder and outside of it, and
    /// removes what is outside.
    pub(crate) fn look_behind(
        &mut self,
        question: &RunQuestion,
        place: &Place,
    ) {
        // As much is seen as root sees.
        open_up(&place.folder(), FILES);
        // What was found during the run may be removed by now.
        let found = excess(&place.folder(), self.limits.files);
        self.excess = self.excess.or(found);
        if self.excess.is_some()
            && matches!(self.cut, Some(Cut::Wall | Cut::Cpu))
        {
            // It was faster than the looks at its folder.
            self.cut = Some(Cut::Files);
        }
        for name in question.after.keys() {
            let content = read_below(&place.folder(), name);
            self.files.push((name.clone(), content));
        }
        for name in place.new_files(question) {
            self.left.push(("file", name));
        }
        // Others on this machine make names too, and other runs.
        for name in place.new_shared_memory() {
            if self.has_opened(&name) {
                Place::remove_shared_memory(&name);
                self.left.push(("name in /dev/shm", name));
            }
        }
        self.leftovers();
        for name in self.queues_made() {
            if Place::remove_queue(&name) && !place.has_planted(&name) {
                self.left.push(("message queue", name));
            }
        }
    }

    /// Objects of System V: the keeper has removed them.
    fn leftovers(&mut self) {
        let kinds = ["shared memory segment", "message queue", "semaphore set"];
        for event in &self.events {
            if let What::Leftover { kind, object } = &event.what
                && let Some(kind) = kinds.iter().find(|it| *it == kind)
            {
                self.left.push((kind, object.clone()));
            }
        }
    }

    /// Whether the run may have made this name in shared memory. A semaphore
    /// is made under another name, and renamed.
    fn has_opened(&self, name: &str) -> bool {
        self.events.iter().any(|event| {
            let What::Open { path, .. } = &event.what else { return false };
            let opened = path.strip_prefix("/dev/shm/");
            opened.is_some_and(|opened| {
                let are_semaphores =
                    name.starts_with("sem.") && opened.starts_with("sem.");
                opened == name || are_semaphores
            })
        })
    }

    fn queues_made(&self) -> Vec<String> {
        let mut names = Vec::new();
        for event in &self.events {
            if let What::Open { call, path, errno: None, .. } = &event.what
                && call == "mq_open"
            {
                // The kernel's call has the name without its slash.
                let name = format!("/{}", path.trim_start_matches('/'));
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

/// A file that a run has left; `None` if there is none, or one of another
/// kind, or a link leads out of the folder: whoever grades may read more than
/// the run may.
fn read_below(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let folder = File::open(folder).ok()?;
    let resolve = ResolveFlag::RESOLVE_BENEATH
        | ResolveFlag::RESOLVE_NO_MAGICLINKS
        | ResolveFlag::RESOLVE_NO_XDEV;
    // Nobody may be there to write into a FIFO.
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let how = OpenHow::new().flags(flags).resolve(resolve);
    let mut file = File::from(openat2(&folder, name, how).ok()?);
    let state = file.metadata().ok()?;
    if !state.is_file() || state.len() > FILE {
        return None;
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content).ok().map(|_| content)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{Cut, read_below};
    use crate::rules::staged::record;

    #[test]
    fn who_asks_again_and_again_leaves_time_in_the_kernel() {
        let may_ask = |used: &[&str]| record(used).may_ask();
        // Computing, yielding, asking between computing, waiting.
        assert!(!may_ask(&["A cpu 5000000/16000"]));
        assert!(may_ask(&["A cpu 900000/4000000"]));
        assert!(may_ask(&["A cpu 5000000/250000"]));
        assert!(may_ask(&["A cpu 400/900"]));
        assert!(may_ask(&["A cpu 3000000/9000", "A.1 cpu 10/900000"]));
        assert!(may_ask(&[]), "what is not known may be so");
    }

    #[test]
    fn a_link_out_of_the_folder_is_not_followed_and_one_inside_is() {
        let name = format!("forklore-below-{}", std::process::id());
        let above = std::env::temp_dir().join(name);
        let folder = above.join("run");
        fs::create_dir_all(&folder).unwrap();
        fs::write(above.join("secret"), "secret").unwrap();
        fs::write(folder.join("own"), "own").unwrap();
        symlink("own", folder.join("inside")).unwrap();
        symlink("../secret", folder.join("up")).unwrap();
        symlink(folder.join("own"), folder.join("absolute")).unwrap();
        let read = |name| read_below(&folder, name);
        for name in ["own", "inside"] {
            assert_eq!(read(name).as_deref(), Some(&b"own"[..]), "{name}");
        }
        for name in ["up", "absolute", "../secret", ".", "none"] {
            assert_eq!(read(name), None, "{name}");
        }
        fs::remove_dir_all(above).unwrap();
    }

    #[test]
    fn whom_the_keeper_ended_by_itself_did_not_leave_others_behind() {
        let (own, asked) = ("it printed more than allowed", "SIGTERM came");
        for (seen, line, becomes) in [
            (Some(Cut::Left), own, "Output"),
            (Some(Cut::Left), asked, "Left"),
            (Some(Cut::Silent), own, "Silent"),
            (None, own, "Output"),
        ] {
            assert_eq!(format!("{:?}", Cut::settled(seen, line)), becomes);
        }
    }
}
