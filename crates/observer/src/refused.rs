//! Calls that cannot be allowed under observation, each told as refused: a
//! program that fails with their errno does so because of the observer.

use std::io::Write;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use trace::What;

use crate::keeper::Keeper;
use crate::names;
use crate::pending::PendingCall;
use crate::ptrace::{Resume, Tid};
use crate::registers::{set_result, skip_call};
use crate::table::Kind;
use crate::tree::Index;

const EPERM: i64 = -(libc::EPERM as i64);

/// Whether what comes of a call could not be seen.
pub(crate) fn is_refused(call: &PendingCall) -> bool {
    // A child with this flag would be nobody's tracee.
    call.row.kind == Kind::Refused
        || call.clone_flags() & libc::CLONE_UNTRACED != 0
}

impl<W: Write> Keeper<W> {
    /// At the entry: the call is not made.
    pub(crate) fn refuses(&mut self, tid: Tid, call: PendingCall) -> Resume {
        match skip_call(tid) {
            Ok(()) => {}
            Err(Errno::ESRCH) => return Resume::Leave,
            Err(_) => {
                kill(Pid::from_raw(tid), Signal::SIGKILL).ok();
            }
        }
        if let Some(thread) = self.tree.thread(tid) {
            thread.call = Some(call);
        }
        Resume::ToReturn
    }

    /// At the return of a call that was not made: what the program sees.
    pub(crate) fn was_refused(&mut self, tid: Tid, call: &PendingCall) {
        set_result(tid, EPERM).ok(); // ESRCH: it was killed meanwhile
        if let Some(index) = self.tree.index_of(tid) {
            self.tell_refusal(index, tid, call);
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
        if value == EPERM && is_own {
            self.tell_refusal(index, tid, call);
        }
    }

    fn tell_refusal(&mut self, index: Index, tid: Tid, call: &PendingCall) {
        let errno = names::errno(EPERM).unwrap_or_default();
        let call = call.row.name.to_owned();
        self.tell(index, tid, What::Refuse { call, errno });
    }
}
