//! Which calls have waited, and on what.

use std::fs;
use std::io::Write;
use std::os::unix::fs::FileTypeExt;

use trace::{WaitsFor, What};

use crate::descriptors::Descriptor;
use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::plan_calls::is_pause;
use crate::ptrace::Tid;
use crate::table::Kind;
use crate::tree::Index;

/// A call that took longer has waited; a shorter one may have computed.
const WAITED_US: u64 = 200;

impl<W: Write> Keeper<W> {
    /// Tells that the call has waited, and on what, if it has.
    pub(crate) fn tell_wait(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) {
        if self.now() - call.from_us < WAITED_US
            || never_waits(call)
            || self.was_ready(index, tid, call)
        {
            return;
        }
        let Some(on) = self.waits_for(index, tid, call) else { return };
        let what = What::Block {
            call: call.row.name.to_owned(),
            on,
            from_us: call.from_us,
        };
        self.tell(index, tid, what);
    }

    /// Whether a call surely finds bytes to read, or room for what it writes.
    pub(crate) fn is_ready(
        &mut self,
        index: Index,
        call: &PendingCall,
    ) -> bool {
        let fd = call.arguments[0] as i32;
        let Some(descriptor) = self.descriptor(index, fd) else { return false };
        let object = &descriptor.object;
        match call.row.name {
            "read" => {
                let source = self.peers.get(object).unwrap_or(object);
                self.order.has_bytes(source)
            }
            "write" if object.starts_with("pipe:") => {
                let bytes = call.arguments[2].saturating_sub(call.told);
                self.order.has_room(object, bytes)
            }
            _ => false,
        }
    }

    /// Whether a call cannot have waited, however long it took.
    fn was_ready(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) -> bool {
        if !call.is_ready || call.row.kind == Kind::Read {
            return call.is_ready;
        }
        // Others may have taken the room, or be about to.
        let fd = call.arguments[0] as i32;
        let Some(descriptor) = self.descriptor(index, fd) else { return false };
        self.is_ready(index, call)
            && self.writers_to(&descriptor.object, tid).is_empty()
    }

    /// What a call waits for, if it is one that can wait.
    fn waits_for(
        &mut self,
        index: Index,
        tid: Tid,
        call: &PendingCall,
    ) -> Option<WaitsFor> {
        let (kind, has_descriptor) = kind_of_wait(tid, call)?;
        let first = call.arguments[0] as i32;
        let child = match call.row.kind {
            Kind::Wait4 if first > 0 => self.tree.meant_by(index, first),
            Kind::WaitId if first as u32 == libc::P_PID => {
                self.tree.meant_by(index, call.arguments[1] as i32)
            }
            _ => None,
        };
        let fd = has_descriptor.then_some(first);
        let descriptor = fd.and_then(|fd| self.descriptor(index, fd));
        let kind = match (&descriptor, kind) {
            (Some(it), "pipe") => kind_of(it, call.row.kind == Kind::Read),
            _ => kind,
        };
        Some(WaitsFor {
            kind: kind.to_owned(),
            object: descriptor.map(|it| it.object.to_string()),
            fd,
            child: child.map(|it| self.tree.process(it).who.clone()),
        })
    }
}

/// The kind of wait, and whether the first argument is its descriptor.
fn kind_of_wait(tid: Tid, call: &PendingCall) -> Option<(&'static str, bool)> {
    Some(match call.row.kind {
        Kind::Read | Kind::Write | Kind::Connect | Kind::SendFile => {
            ("pipe", true)
        }
        Kind::Descriptor if call.row.name.starts_with("accept") => {
            ("socket", true)
        }
        Kind::Lock | Kind::Fcntl => ("lock", true),
        Kind::MqTransfer { .. } => ("queue", true),
        Kind::Wait4 | Kind::WaitId => ("child", false),
        Kind::Futex => ("futex", false),
        Kind::Sleep => ("sleep", false),
        Kind::SignalWait => ("signal", false),
        Kind::Poll if is_pause(call) => ("signal", false),
        Kind::Poll => ("poll", false),
        // Opening waits for a FIFO's other side, and for nothing else.
        Kind::Open { .. } | Kind::OpenHow if opens_fifo(tid, call) => {
            ("fifo-peer", false)
        }
        Kind::SystemV => ("other", false),
        _ => return None,
    })
}

/// Whether a call was asked not to wait.
fn never_waits(call: &PendingCall) -> bool {
    let flag = |place: usize, flag| call.arguments[place] as i32 & flag != 0;
    let is_zero = |place: usize| call.arguments[place] as i32 == 0;
    match (call.row.kind, call.row.name) {
        (Kind::Wait4, _) => flag(2, libc::WNOHANG),
        (Kind::WaitId, _) => flag(3, libc::WNOHANG),
        (Kind::Lock, _) => flag(1, libc::LOCK_NB),
        (Kind::Fcntl, _) => !matches!(
            call.arguments[1] as i32,
            libc::F_SETLKW | libc::F_OFD_SETLKW
        ),
        (_, "poll") => is_zero(2),
        (_, "epoll_wait" | "epoll_pwait") => is_zero(3),
        (_, "recvfrom" | "sendto") => flag(3, libc::MSG_DONTWAIT),
        (_, "recvmsg" | "sendmsg") => flag(2, libc::MSG_DONTWAIT),
        _ => false,
    }
}

/// Whether the path, which is the program's own and not the keeper's, leads
/// to a FIFO.
fn opens_fifo(tid: Tid, call: &PendingCall) -> bool {
    let directory = call.arguments[0] as i32;
    let path = &call.text;
    let path = if path.starts_with('/') {
        format!("/proc/{tid}/root{path}")
    } else if call.row.name.starts_with("openat") && directory >= 0 {
        format!("/proc/{tid}/fd/{directory}/{path}")
    } else {
        format!("/proc/{tid}/cwd/{path}")
    };
    fs::metadata(path).is_ok_and(|file| file.file_type().is_fifo())
}

fn kind_of(descriptor: &Descriptor, is_read: bool) -> &'static str {
    if descriptor.is_terminal() {
        "terminal"
    } else if descriptor.object.starts_with("socket:[") {
        "socket"
    } else if is_read {
        "pipe-data"
    } else {
        "pipe-room"
    }
}

#[cfg(test)]
mod tests {
    use super::never_waits;
    use crate::pending::PendingCall;
    use crate::table::TABLE;

    #[test]
    fn who_asks_not_to_wait_does_not() {
        let nohang = libc::WNOHANG as u64;
        let setlk = libc::F_SETLK as u64;
        for (name, arguments, is_quick) in [
            ("wait4", [0, 0, nohang, 0, 0, 0], true),
            ("wait4", [0; 6], false),
            ("waitid", [0, 0, 0, nohang, 0, 0], true),
            ("fcntl", [3, libc::F_DUPFD as u64, 0, 0, 0, 0], true),
            ("fcntl", [3, setlk, 0, 0, 0, 0], true),
            ("fcntl", [3, libc::F_SETLKW as u64, 0, 0, 0, 0], false),
            ("epoll_pwait", [3, 0, 0, 0, 0, 0], true),
            ("epoll_pwait", [3, 0, 0, u64::MAX, 0, 0], false),
            ("read", [0; 6], false),
        ] {
            let row = TABLE.iter().find(|row| row.name == name).unwrap();
            let call = PendingCall::new(row, arguments, 0);
            assert_eq!(never_waits(&call), is_quick, "{name} {arguments:?}");
        }
    }
}
