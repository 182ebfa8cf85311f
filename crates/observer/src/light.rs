//! Level light: a run watched from outside, where ptrace(2) is refused.
//!
//! The keeper is the parent of the first process and, as a subreaper, of its
//! orphans: their endings it collects, with code and usage. All others it
//! sees in /proc, every [`LOOK`]. What lives shorter than that and has a
//! living parent is not seen; a process that is collected by its parent
//! between two looks has ended, nobody can tell how; names (`A.2`) count in
//! the order of discovery; a program that executes its own file again does
//! not seem to; stops, signals, descriptors and bytes are not seen.
//!
//! Nothing kills the run by itself if its keeper is killed. So the keeper is
//! a child of the process that `observe()` has started: whichever of the two
//! is killed, the other ends the run.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{ForkResult, fork, getpid, getppid};
use trace::{Ending, Event, What, Who, Writer};

use crate::ceiling::{Ceilings, Reason, asked, interrupted};
use crate::living::{Seen, descendants, end_descendants};
use crate::names::ending_of;
use crate::privilege::withheld;
use crate::ptrace::{Report, Usage, next_report};
use crate::signals::tell;

/// How long at most until the next look into /proc.
const LOOK: Duration = Duration::from_millis(10);

/// Runs `work` in a child, and returns its exit code when nobody of the run
/// is left; `None` if a signal killed it.
pub(crate) fn below(work: impl FnOnce() -> u8) -> Result<Option<u8>, Errno> {
    let guard = getpid();
    // SAFETY: the keeper has one thread.
    let keeper = match unsafe { fork() }? {
        ForkResult::Child => {
            let prepared = prctl::set_pdeathsig(Signal::SIGTERM)
                .and_then(|()| prctl::set_child_subreaper(true));
            let code = match prepared {
                Ok(()) if getppid() == guard => work(),
                _ => 3,
            };
            // SAFETY: ends the child without running the guard's code.
            unsafe { libc::_exit(code.into()) }
        }
        ForkResult::Parent { child } => child,
    };
    // The trace ends with the keeper, not with its guard.
    drop(work);
    let mut code = None;
    loop {
        match next_report(true) {
            Ok(Some((pid, Report::Ended { status, .. })))
                if pid == keeper.as_raw() =>
            {
                if let Ending::Code { code: ended } = ending_of(status) {
                    code = Some(ended);
                }
                break;
            }
            Err(Errno::ECHILD) => break,
            _ => {}
        }
        if let Some(signal) = asked() {
            tell(keeper.as_raw(), signal);
        }
    }
    end_descendants();
    Ok(code)
}

/// What is known of one process.
#[derive(Debug)]
struct Known {
    who: Who,
    start: u64,
    name: String,
    parent: i32,
    program: Option<PathBuf>,
    created: u32,
    /// Of a zombie.
    status: Option<i32>,
    /// Whether its end is told. Only the first is kept then: orphans of
    /// unknown parents are given to it.
    has_ended: bool,
}

/// A run that is watched.
#[derive(Debug)]
pub(crate) struct Watcher<W: Write> {
    known: BTreeMap<i32, Known>,
    first: i32,
    first_end: Option<Ending>,
    created: usize,
    writer: Option<Writer<W>>,
    failed: Option<io::Error>,
    begun: Instant,
    ceilings: Ceilings,
}

impl<W: Write> Watcher<W> {
    pub(crate) fn new(
        first: i32,
        name: &str,
        writer: Writer<W>,
        ceilings: Ceilings,
    ) -> Self {
        let known = Known {
            who: Who::first(),
            start: Seen::now(first).map_or(0, |seen| seen.start),
            name: name.to_owned(),
            parent: getpid().as_raw(),
            program: Seen::now(first).and_then(|seen| seen.program()),
            created: 0,
            status: None,
            has_ended: false,
        };
        Self {
            known: BTreeMap::from([(first, known)]),
            first,
            first_end: None,
            created: 1,
            writer: Some(writer),
            failed: None,
            begun: Instant::now(),
            ceilings,
        }
    }

    /// Tells which program the first process executes.
    /// Gives on all that is told.
    pub(crate) fn flush(&mut self) {
        if let (None, Some(writer)) = (&self.failed, &mut self.writer) {
            self.failed = writer.flush().err();
        }
    }

    pub(crate) fn tell_program(&mut self, path: &str, args: &[String]) {
        let what = What::Exec {
            ok: true,
            path: path.to_owned(),
            args: args.to_vec(),
            kept: Vec::new(),
            withheld: withheld(self.first, path).map(str::to_owned),
            errno: None,
        };
        self.tell(self.first, what);
    }

    /// Watches until nobody is left; why the run was ended, if it was.
    pub(crate) fn follow(mut self) -> (Option<Reason>, io::Result<()>) {
        // It is waited for below, and interrupts nothing.
        let mut children = SigSet::empty();
        children.add(Signal::SIGCHLD);
        children.thread_block().ok();
        let mut ending = None;
        loop {
            self.look();
            if !self.collect() {
                break;
            }
            let reached = self.ceilings.reached(self.begun, self.created, 0, 0);
            let failed = self.failed.as_ref().map(|_| Reason::NoReader);
            ending = reached.or(failed);
            if ending.is_some() {
                self.look();
                self.end_all();
                break;
            }
            await_child(&children);
        }
        let written = match (self.failed, self.writer) {
            (None, Some(writer)) => writer.finish().map(drop),
            (failed, _) => failed.map_or(Ok(()), Err),
        };
        (ending.or_else(|| interrupted(self.first_end.as_ref())), written)
    }

    /// Looks who is there, who is new, and who is gone.
    fn look(&mut self) {
        let limit = self.ceilings.processes.unwrap_or(usize::MAX);
        let seen = descendants(limit);
        for seen in &seen {
            if self.created > limit {
                return; // that ends the run
            }
            match self.known.get(&seen.pid) {
                Some(known) if known.start == seen.start => {
                    self.compare(seen);
                }
                Some(_) => {
                    self.is_gone(seen.pid);
                    self.is_born(seen);
                }
                None => self.is_born(seen),
            }
        }
        let is_seen = |pid: i32| seen.iter().any(|seen| seen.pid == pid);
        let known = self.known.iter().filter(|(_, known)| !known.has_ended);
        let gone = known.map(|(pid, _)| *pid).filter(|pid| !is_seen(*pid));
        let gone: Vec<i32> = gone.collect();
        gone.into_iter().for_each(|pid| self.is_gone(pid));
    }

    fn is_born(&mut self, seen: &Seen) {
        // One whose parent has ended before it was seen is given to the
        // first.
        let of = |pid: &i32| self.known.contains_key(pid);
        let parent = Some(seen.parent).filter(of).unwrap_or(self.first);
        let Some(maker) = self.known.get_mut(&parent) else { return };
        maker.created += 1;
        self.created += 1;
        let who = maker.who.child(maker.created);
        let program = maker.program.clone();
        let name = maker.name.clone();
        let what = What::Create {
            call: "clone".to_owned(),
            child: Some(who.clone()),
            child_pid: Some(seen.pid),
            errno: None,
        };
        self.tell(parent, what);
        let known = Known {
            who,
            start: seen.start,
            name,
            parent,
            program,
            created: 0,
            status: None,
            has_ended: false,
        };
        self.known.insert(seen.pid, known);
        self.compare(seen);
    }

    /// What has changed since the last look.
    fn compare(&mut self, seen: &Seen) {
        let Some(known) = self.known.get_mut(&seen.pid) else { return };
        if let Some(status) = seen.status {
            known.status = Some(status);
            return; // its program is gone
        }
        let is_orphan = known.parent != seen.parent;
        known.parent = seen.parent;
        known.name.clone_from(&seen.name);
        let program = seen.program();
        let is_new = program.is_some() && known.program != program;
        // In the middle of execve(2) it is told at the next look.
        if is_new && let Some(args) = seen.arguments() {
            known.program.clone_from(&program);
            let path = program.unwrap_or_default();
            let path = path.to_string_lossy().into_owned();
            let what = What::Exec {
                ok: true,
                withheld: withheld(seen.pid, &path).map(str::to_owned),
                path,
                args,
                kept: Vec::new(),
                errno: None,
            };
            self.tell(seen.pid, what);
        }
        if is_orphan {
            let heir = self.known.get(&seen.parent);
            let to = heir.map(|heir| heir.who.clone());
            self.tell(seen.pid, What::Reparent { to });
        }
    }

    /// Somebody has collected it, unseen.
    fn is_gone(&mut self, pid: i32) {
        let known = self.known.get(&pid).filter(|known| !known.has_ended);
        if known.is_none() {
            return;
        }
        let how = match known.and_then(|known| known.status) {
            Some(status) => ending_of(status),
            None => Ending::Unknown { unknown: true },
        };
        self.tell(pid, What::Exit { how });
        self.forget(pid);
    }

    fn forget(&mut self, pid: i32) {
        if pid != self.first {
            self.known.remove(&pid);
        } else if let Some(first) = self.known.get_mut(&pid) {
            first.has_ended = true;
        }
    }

    /// Collects the keeper's own children that have ended. Whether any is
    /// left.
    fn collect(&mut self) -> bool {
        loop {
            match next_report(false) {
                Ok(Some((pid, Report::Ended { status, usage }))) => {
                    self.has_ended(pid, status, usage);
                }
                Err(Errno::ECHILD) => return false,
                Err(Errno::EINTR) | Ok(Some(_)) => {}
                _ => return true,
            }
        }
    }

    fn has_ended(&mut self, pid: i32, status: i32, usage: Usage) {
        let known = self.known.get(&pid);
        if known.is_none_or(|known| known.has_ended) {
            return; // born and ended between two looks
        }
        let how = ending_of(status);
        if pid == self.first {
            self.first_end = Some(how.clone());
        }
        self.tell(pid, What::Exit { how });
        let what = What::Cpu {
            user_us: usage.user_us,
            system_us: usage.system_us,
            voluntary: usage.voluntary,
            involuntary: usage.involuntary,
            collected: false,
        };
        self.tell(pid, what);
        self.forget(pid);
    }

    /// Kills all, and tells so.
    fn end_all(&mut self) {
        end_descendants();
        let left: Vec<i32> = self.known.keys().copied().collect();
        for pid in left {
            if let Some(known) = self.known.get_mut(&pid) {
                let killed = known.status.unwrap_or(libc::SIGKILL);
                known.status = Some(killed);
            }
            self.is_gone(pid);
        }
    }

    fn tell(&mut self, pid: i32, what: What) {
        let Some(known) = self.known.get(&pid) else { return };
        let mut event = Event {
            seq: 0,
            t_us: self.begun.elapsed().as_micros() as u64,
            who: known.who.clone(),
            pid,
            pid_seen: None,
            start: known.start,
            tid: None,
            name: known.name.clone(),
            what,
        };
        if let (None, Some(writer)) = (&self.failed, &mut self.writer) {
            self.failed = writer.write(&mut event).err();
        }
    }
}

/// Waits until a child has ended, another signal comes, or it is time for
/// the next look.
fn await_child(children: &SigSet) {
    let time =
        libc::timespec { tv_sec: 0, tv_nsec: LOOK.subsec_nanos().into() };
    // SAFETY: both structures live over the call; no siginfo is asked for.
    unsafe {
        libc::sigtimedwait(children.as_ref(), std::ptr::null_mut(), &time)
    };
}
