//! Whether a run still moves; a hang is explained at once.

use std::fs;
use std::time::{Duration, Instant};

use why::{Cause, Question, Tree};

/// A run that says nothing for so long is asked why.
const QUIET: Duration = Duration::from_millis(60);
/// So often in a row may the program be found waiting for us.
const PATIENCE: u32 = 15;
/// Who outlives the first process for so many looks is left behind: half a
/// second, and more where the looks come late.
const OUTLIVES: u32 = 25;

/// What a look at a run says.
pub(crate) enum Verdict {
    Moves,
    Stuck(why::Answer),
    /// The first process is gone, others stay.
    Left,
    /// It waits on its standard input, and the grader waits for a line.
    WaitsForUs,
}

/// A run's first process, and what the last looks at it have found.
#[derive(Debug)]
pub(crate) struct Stillness {
    keeper: i32,
    root: Option<i32>,
    asked: Instant,
    /// How often the first process was found gone.
    gone: u32,
    /// How often in a row it was found waiting for us.
    waited: u32,
    /// Whether it is not asked why it stands still.
    is_patient: bool,
}

impl Stillness {
    pub(crate) fn new(keeper: i32, is_patient: bool) -> Self {
        let asked = Instant::now();
        Self { keeper, root: None, asked, gone: 0, waited: 0, is_patient }
    }

    pub(crate) fn is_heard(&mut self) {
        self.asked = Instant::now();
        self.waited = 0;
    }

    /// The pid of the run's first process, as long as it is not reaped.
    pub(crate) fn root(&mut self) -> Option<i32> {
        if self.root.is_none() {
            // It leads the session in which its orphans are left.
            let child = children(self.keeper).first().copied()?;
            let leader = session(child)?;
            // Just forked, it is still in the keeper's.
            self.root =
                (Some(leader) != session(self.keeper)).then_some(leader);
        }
        self.root
    }

    pub(crate) fn look(&mut self, asks: bool) -> Verdict {
        let Some(root) = self.root() else { return Verdict::Moves };
        if state(root).is_none_or(|state| state == 'Z' || state == 'X') {
            self.gone += 1;
            return match self.gone > OUTLIVES {
                true => Verdict::Left,
                false => Verdict::Moves,
            };
        }
        if asks && reads_stdin(root) {
            self.waited += 1;
            if self.waited >= PATIENCE {
                return Verdict::WaitsForUs;
            }
        } else {
            self.waited = 0;
        }
        if self.is_patient || self.asked.elapsed() < QUIET {
            return Verdict::Moves;
        }
        self.ask(root)
    }

    fn ask(&mut self, root: i32) -> Verdict {
        let mut tree = Tree::new(root);
        tree.closed = true;
        // A run begins with pipes of ours.
        tree.sealed = true;
        tree.reaper = Some(self.keeper);
        // Who waits for the trace's reader holds the others.
        let is_idle = || {
            state(self.keeper) == Some('S')
                && !is_in(self.keeper, nix::libc::SYS_write)
        };
        let was_idle = is_idle();
        let answer = why::explain(&Question::new(tree));
        self.asked = Instant::now();
        let Ok(answer) = answer else { return Verdict::Moves };
        match answer.verdict == why::Verdict::Stuck
            && is_sure(&answer, was_idle && is_idle())
        {
            true => Verdict::Stuck(answer),
            false => Verdict::Moves,
        }
    }
}

/// A process that a plan holds looks as if it were stopped. It is let go as
/// soon as nobody else moves, so the second look finds it moving.
///
/// Nor is a stop believed of which the keeper has not heard yet, on a busy
/// machine: one on the way out stands in such a stop.
fn is_sure(answer: &why::Answer, is_keeper_idle: bool) -> bool {
    let traced = |process: &&why::Process| process.state == "t";
    match answer.processes.iter().filter(traced).count() {
        0 => true,
        _ => is_keeper_idle && answer.causes.contains(&Cause::WaitsForStopped),
    }
}

/// Whether a process waits in read(2) of its standard input.
fn reads_stdin(pid: i32) -> bool {
    let call = fs::read_to_string(format!("/proc/{pid}/syscall"));
    let read = format!("{} 0x0 ", nix::libc::SYS_read);
    call.is_ok_and(|call| call.starts_with(&read))
}

/// Whether a process waits in this system call.
fn is_in(pid: i32, number: nix::libc::c_long) -> bool {
    let call = fs::read_to_string(format!("/proc/{pid}/syscall"));
    call.is_ok_and(|call| call.starts_with(&format!("{number} ")))
}

/// The children of a process, in the order of their pids.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let mut found: Vec<i32> = threads
        .filter_map(Result::ok)
        .filter_map(|it| fs::read_to_string(it.path().join("children")).ok())
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<i32>>()
        })
        .collect();
    found.sort_unstable();
    found
}

/// The letter of a process's state; of a traced stop, what it would be
/// without the tracer.
pub(crate) fn state(pid: i32) -> Option<char> {
    let letter = field(pid, 3)?.chars().next()?;
    Some(if letter == 't' { 'T' } else { letter })
}

fn session(pid: i32) -> Option<i32> {
    field(pid, 6)?.parse().ok()
}

/// A field of proc_pid_stat(5), from the third on.
fn field(pid: i32, number: usize) -> Option<String> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    let stat = String::from_utf8_lossy(&stat);
    // A name may hold anything, brackets included.
    let (_, behind) = stat.rsplit_once(')')?;
    behind.split_whitespace().nth(number - 3).map(str::to_owned)
}
