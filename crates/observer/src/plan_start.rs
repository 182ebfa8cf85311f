//! Where a program begins: a plan leaves what comes before alone.

use crate::pending::PendingCall;
use crate::table::Kind;

/// How far a program is on its way from exec to `main`.
///
/// The C libraries' loaders register the thread (`set_tid_address`) when all
/// libraries are mapped; Rust's runtime then looks at the descriptors 0 to 2
/// (one poll without waiting) and ends by handling faults, on a stack of
/// their own. A call that neither of them makes shows that `main` has begun
/// in any case, so a program without them (Go's, say) is not passed over.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Stage {
    #[default]
    Loading,
    Loaded,
    Runtime,
    Main,
}

impl Stage {
    pub(crate) fn has_begun(self) -> bool {
        self == Self::Main
    }

    /// Whether this call is the program's own.
    pub(crate) fn is_main(&mut self, call: &PendingCall) -> bool {
        let arguments = call.arguments;
        *self = match (*self, call.row.name) {
            (Self::Main, _) => return true,
            (Self::Loading, "set_tid_address") => Self::Loaded,
            // The launch: of what is loading, nothing has run as yet.
            (Self::Loading, "execve" | "execveat") => Self::Loading,
            (Self::Loading, _) if is_of_loaders(call) => Self::Loading,
            (Self::Loaded, "poll") if arguments[1..3] == [3, 0] => {
                Self::Runtime
            }
            (Self::Loaded, "ppoll") if arguments[1] == 3 => Self::Runtime,
            // Behind it only the handlers of faults are set, which no event
            // tells of.
            (Self::Runtime, "sigaltstack") if arguments[0] != 0 => Self::Main,
            (Self::Runtime, "sigaltstack" | "rt_sigaction") => Self::Runtime,
            (Self::Runtime, "poll" | "ppoll") => Self::Runtime,
            (Self::Runtime, _) if is_of_loaders(call) => Self::Runtime,
            _ => {
                *self = Self::Main;
                return true;
            }
        };
        false
    }
}

fn is_of_loaders(call: &PendingCall) -> bool {
    matches!(
        call.row.name,
        "access" | "faccessat" | "stat" | "newfstatat" | "statx" | "lseek"
    ) || matches!(
        call.row.kind,
        Kind::Open { .. } | Kind::Read | Kind::Close | Kind::Map | Kind::Fcntl
    ) || call.row.name == "pread64"
}
