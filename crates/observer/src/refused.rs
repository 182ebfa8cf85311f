//! Calls that are not made, each told as refused: what comes of one could
//! not be seen, so that a program which fails with its errno does so because
//! of the observer; or a contained run would reach out of itself.

use std::io::Write;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trace::What;

use crate::attributes::Answered;
use crate::forbidden_calls::Changed;
use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Resume, Tid};
use crate::registers::{set_result, skip_call};
use crate::table::Kind;
use crate::tree::Index;

/// What a refused call returns.
pub(crate) const REFUSED: i64 = -(libc::EPERM as i64);

/// Whether what comes of a call could not be seen.
fn is_out_of_sight(call: &PendingCall) -> bool {
    // A child with this flag would be nobody's tracee.
    call.row.kind == Kind::Refused
        || call.clone_flags() & libc::CLONE_UNTRACED != 0
}

impl<W: Write> Keeper<W> {
    /// At the entry: refuses a call that must not be made; `None` if it may
    /// be.
    pub(crate) fn refuses(
        &mut self,
        tid: Tid,
        call: &PendingCall,
    ) -> Option<Resume> {
        let index = self.tree.index_of(tid)?;
        let answer = match self.made_itself(tid, call) {
            Some(Ok(answer)) => answer,
            made => {
                let reaches = made.and_then(Result::err);
                let reaches =
                    reaches.or_else(|| self.forbidden(index, tid, call));
                if reaches.is_none() && !is_out_of_sight(call) {
                    return None;
                }
                // Told now: before the return its thread may be killed, and
                // the attempt would be nowhere.
                self.tell_refusal(index, tid, call, reaches);
                REFUSED
            }
        };
        match skip_call(tid) {
            Ok(()) => {}
            Err(Errno::ESRCH) => return Some(Resume::Leave),
            Err(_) => {
                kill(Pid::from_raw(tid), Signal::SIGKILL).ok();
            }
        }
        let thread = self.tree.thread(tid)?;
        thread.call =
            Some(PendingCall { answer: Some(answer), ..call.clone() });
        Some(Resume::ToReturn)
    }

    /// What came of a call that the keeper makes itself.
    fn made_itself(&self, tid: Tid, call: &PendingCall) -> Option<Answered> {
        self.belongings.as_ref()?;
        let changed = Changed::by(call.row.name)?;
        Some(self.changes(tid, changed, call))
    }

    /// At the entry of clone3(2): it fails with `ENOSYS`.
    pub(crate) fn skips_clone3(&mut self, tid: Tid) -> Resume {
        self.tell_clone3(tid, false);
        let result = -i64::from(libc::ENOSYS);
        let skipped = set_result(tid, result).and_then(|()| skip_call(tid));
        if skipped == Err(Errno::ESRCH) {
            return Resume::Leave;
        }
        if let Some(thread) = self.tree.thread(tid) {
            thread.is_without_clone3 = true;
        }
        Resume::Run
    }

    /// Tells that clone3(2) was refused, if it was the thread's last call and
    /// the next one does not make up for it.
    pub(crate) fn tell_clone3(&mut self, tid: Tid, is_made_up_for: bool) {
        let Some(thread) = self.tree.thread(tid) else { return };
        let was_refused = std::mem::take(&mut thread.is_without_clone3);
        let index = thread.process;
        if was_refused && !is_made_up_for {
            let (call, errno) = ("clone3".to_owned(), "ENOSYS".to_owned());
            let what = What::Refuse { call, errno, reaches: None };
            self.tell(index, tid, what);
        }
    }

    /// ptrace(2) has returned. Who is a tracee already has no second tracer.
    pub(crate) fn traced(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        value: i64,
    ) {
        let [request, pid, ..] = call.arguments;
        let is_own = request as u32 == libc::PTRACE_TRACEME
            || self.tree.meant_by(index, pid as i32).is_some();
        if value == REFUSED && is_own {
            self.tell_refusal(index, tid, call, None);
        }
    }

    fn tell_refusal(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
        reaches: Option<String>,
    ) {
        let errno = names::errno(REFUSED).unwrap_or_default();
        let call = call.row.name.to_owned();
        self.tell(index, tid, What::Refuse { call, errno, reaches });
    }
}
