//! The question, the quiet test, and the way from looks to an answer.

use std::cell::Cell;
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use trace::Event;

use crate::answer::{Answer, Verdict};
use crate::census::{Census, Roots, is_waiting, members};
use crate::error::Error;
use crate::proc::{Proc, Refusal};
use crate::tell;

/// Which processes are asked about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Tree {
    /// Its first process.
    pub root: i32,
    /// Nobody outside takes part: no stranger opens a named FIFO or queue of
    /// this tree, or sends it a signal. A process outside that holds a
    /// descriptor into the tree still counts: a pipe to somebody else leads
    /// outside, whatever is known about strangers.
    pub closed: bool,
    /// Nothing that it holds or maps came from beyond this pid namespace: who
    /// asks has made all that it began with. Else what may be older than the
    /// namespace leads outside.
    pub sealed: bool,
    /// A process that adopts the tree's orphans (`PR_SET_CHILD_SUBREAPER`):
    /// those of its children which are not older than the root belong to the
    /// tree too.
    pub reaper: Option<i32>,
}

impl Tree {
    /// A living process and all its descendants, threads included.
    pub fn new(root: i32) -> Self {
        Self { root, closed: false, sealed: false, reaper: None }
    }
}

/// A tree, and what else is known about it.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The tree.
    pub tree: Tree,
    /// What an observer saw so far: it names the processes, and knows who
    /// held a semaphore last. May be empty.
    pub history: &'a [Event],
    /// Whether the history has every [`What::Alarm`](trace::What::Alarm)
    /// since the tree began: then there is no other alarm. It may lack other
    /// events.
    pub has_all_alarms: bool,
    /// What is not read. For tests: the kernel's own refusals need nothing.
    pub refusal: Refusal,
}

impl<'a> Question<'a> {
    /// About a tree of which nothing else is known.
    pub fn new(tree: Tree) -> Self {
        Self {
            tree,
            history: &[],
            has_all_alarms: false,
            refusal: Refusal::default(),
        }
    }

    /// With what an observer saw.
    #[must_use]
    pub fn with(self, history: &'a [Event]) -> Self {
        Self { history, ..self }
    }
}

const LOOKS_APART: Duration = Duration::from_millis(40);

/// Says why the tree does not move, within some 0.1 s, or at once that it
/// moves; that only somebody outside can help, after a second look.
///
/// # Errors
/// If the pid is none that can be asked about.
pub fn explain(question: &Question<'_>) -> Result<Answer, Error> {
    let proc = Proc::new(question.refusal, question.tree.sealed);
    let asked = Asked::new(proc, question)?;
    let answer = asked.explain();
    if answer.rests {
        // Another process that asks about the tree has copies of its sockets
        // for a moment, and counts as one that may help.
        let again = asked.explain();
        if again.verdict == Verdict::Stuck {
            return Ok(again);
        }
    }
    Ok(answer)
}

/// Returns when the tree is stuck or has ended. While it moves, it is looked
/// at some four times a second, and closely only when every task waits.
///
/// # Errors
/// If the pid is none that can be asked about. A root that has ended is no
/// error here.
pub fn watch(question: &Question<'_>) -> Result<Answer, Error> {
    watch_and_tell(question, &mut |_| ())
}

/// Like [`watch`], and tells of a tree that has been at rest for a moment
/// while only somebody outside can help ([`Answer::rests`]): as long as it
/// rests, each time it is looked at.
///
/// # Errors
/// As [`watch`].
pub fn watch_and_tell(
    question: &Question<'_>,
    tell: &mut dyn FnMut(&Answer),
) -> Result<Answer, Error> {
    const SOON: Duration = Duration::from_millis(10);
    const LATE: Duration = Duration::from_millis(250);
    const MOMENT: Duration = Duration::from_secs(1);
    let proc = Proc::new(question.refusal, question.tree.sealed);
    let asked = match Asked::new(proc, question) {
        Ok(asked) => asked,
        Err(Error::Zombie(_)) if question.tree.reaper.is_none() => {
            return Ok(Answer::finished());
        }
        Err(error) => return Err(error),
    };
    let mut pause = SOON;
    let mut rests_since = None;
    loop {
        asked.await_end(pause);
        pause = (pause * 2).min(LATE);
        if !asked.may_be_at_rest() {
            rests_since = None;
            continue;
        }
        let answer = asked.explain();
        if answer.verdict != Verdict::Moving {
            return Ok(answer);
        }
        if !answer.rests {
            rests_since = None;
        } else if rests_since.get_or_insert_with(Instant::now).elapsed()
            > MOMENT
        {
            tell(&answer);
        }
    }
}

/// A question whose root was there when it was asked.
struct Asked<'a> {
    proc: Proc,
    question: &'a Question<'a>,
    roots: Roots,
    /// Becomes readable when the root ends; `None` on a kernel without
    /// pidfd_open(2).
    ended: Option<OwnedFd>,
    has_ended: Cell<bool>,
}

impl<'a> Asked<'a> {
    fn new(proc: Proc, question: &'a Question<'a>) -> Result<Self, Error> {
        let root = question.tree.root;
        match root {
            1 => return Err(Error::Init),
            _ if root <= 0 => return Err(Error::Gone(root)),
            _ if root == std::process::id() as i32 => {
                return Err(Error::Asker(root));
            }
            _ if !proc.is_ours() => return Err(Error::ForeignProc(root)),
            _ => {}
        }
        let ended = pidfd(root);
        let stat = proc.stat(root).ok_or(Error::Gone(root))?;
        if stat.is_of_the_kernel() {
            return Err(Error::KernelThread(root));
        }
        let process = proc.status(root).map_or(root, |it| it.process);
        if process != root {
            return Err(Error::Thread { tid: root, pid: process });
        }
        let roots =
            Roots { root: (root, stat.start), reaper: question.tree.reaper };
        let has_ended = Cell::new(false);
        let asked = Self { proc, question, roots, ended, has_ended };
        // A first thread may end before the others; a zombie has no other.
        if stat.has_ended() && proc.tids(root).len() <= 1 {
            let is_empty = question.tree.reaper.is_none()
                || members(proc, roots).len() <= 1;
            if is_empty {
                return Err(Error::Zombie(root));
            }
        }
        Ok(asked)
    }

    /// Waits until the root has ended, or until it is time for a look. After
    /// its end only the time is left to wait for.
    fn await_end(&self, pause: Duration) {
        let until = Instant::now() + pause;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            // Rounded up, or the last part of a millisecond would be spun.
            let left = left + Duration::from_millis(1);
            let left = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let ended = self.ended.as_ref().filter(|_| !self.has_ended.get());
            let mut set: Vec<PollFd<'_>> = ended
                .map(|it| PollFd::new(it.as_fd(), PollFlags::POLLIN))
                .into_iter()
                .collect();
            if poll(&mut set, left) == Ok(1) {
                self.has_ended.set(true);
                return;
            }
        }
    }

    /// A cheap look: whether every task of the tree waits, or none is left.
    fn may_be_at_rest(&self) -> bool {
        let is_at_rest = |state: char| state != 'R';
        members(self.proc, self.roots).iter().all(|member| {
            is_at_rest(member.stat.state)
                && member.tids.iter().skip(1).all(|tid| {
                    let stat = self.proc.thread_stat(member.pid, *tid);
                    stat.is_none_or(|stat| is_at_rest(stat.state))
                })
        })
    }

    fn explain(&self) -> Answer {
        let mut first = Census::take(self.proc, self.roots);
        let (root, _) = self.roots.root;
        first.name(root, self.question.history);
        if first.tasks.is_empty() {
            return Answer {
                processes: tell::ended(self.proc, &first),
                ..Answer::finished()
            };
        }
        let is_quiet = first.tasks.iter().all(is_waiting) && {
            self.await_end(LOOKS_APART);
            // Who was created while we looked is found only by this.
            let second = Census::take(self.proc, self.roots);
            second.signs() == first.signs()
        };
        if !is_quiet {
            return tell::moving(self.proc, &first);
        }
        let answer = tell::tell(self.proc, &first, self.question);
        let is_claimed = answer.processes.iter().any(|it| it.stuck);
        if is_claimed || answer.rests {
            // Nobody has run between the first look and the last, so what
            // was read in between was true at one time.
            self.await_end(LOOKS_APART);
            if !first.is_still(self.proc) {
                return tell::moving(self.proc, &first);
            }
        }
        answer
    }
}

pub(crate) fn pidfd(pid: i32) -> Option<OwnedFd> {
    // SAFETY: pidfd_open(2) takes a number and flags, and no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    // SAFETY: the kernel has just made this descriptor for us alone.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
