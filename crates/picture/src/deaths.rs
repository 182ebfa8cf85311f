//! Who was killed, and by whom or why.

use trace::Ending;

use crate::crowd::Found;
use crate::notices::Looker;
use crate::plain::clean;
use crate::story::{Deed, Story};

const STRANGER: &str = "no process of this run sent it";

/// Why a signal ended a process, and whether it is worth saying that it was
/// the kernel's; `None` if nothing more is known than that it was.
fn reason(signal: &str, code: Option<&str>) -> Option<(&'static str, bool)> {
    let is_kernels = code == Some("SI_KERNEL");
    Some(match (signal, code.unwrap_or_default()) {
        (_, "SI_USER" | "SI_QUEUE" | "SI_TKILL") => (STRANGER, false),
        ("SIGSEGV" | "SIGBUS" | "SIGILL" | "SIGFPE" | "SIGTRAP", _) => {
            ("its own instruction caused it", false)
        }
        ("SIGXFSZ", _) => ("its file had reached RLIMIT_FSIZE", false),
        ("SIGXCPU", _) => ("its CPU time had reached RLIMIT_CPU", true),
        ("SIGSYS", _) => ("a seccomp filter forbids its call", true),
        ("SIGKILL", _) if is_kernels => {
            ("its CPU time had reached the hard limit of RLIMIT_CPU", true)
        }
        ("SIGALRM" | "SIGVTALRM" | "SIGPROF", _) if is_kernels => {
            ("its timer ran out (setitimer)", true)
        }
        ("SIGINT" | "SIGQUIT", _) if is_kernels => {
            ("a key of its terminal", true)
        }
        ("SIGHUP", _) if is_kernels => ("its terminal hung up", true),
        (_, "SI_KERNEL") => return None,
        (_, "SI_TIMER") => ("its timer ran out (timer_create)", true),
        (_, it) if it.starts_with("CLD_") => {
            ("it was the exit signal of a child", true)
        }
        (_, it) if it.starts_with("POLL_") => ("a descriptor was ready", true),
        (_, "") => (STRANGER, false),
        _ => return None,
    })
}

impl Looker<'_> {
    pub(crate) fn death(&self) -> Option<Found> {
        let Some((_, Ending::Signal { signal })) = &self.me().end else {
            return None;
        };
        if let Some(first) = self.story.died_with(self.process) {
            let first = self.story.title(first);
            let why = format!("the first of its PID namespace, {first}, ended");
            let [says, of_many] = ["was", "were"]
                .map(|were| format!(" {were} killed by the kernel: {why}"));
            return Some(self.found("killed-with-namespace", &says, &of_many));
        }
        let is_own_pipe = signal == "SIGPIPE"
            && self.me().marks.iter().any(|mark| {
                matches!(
                    mark.deed,
                    Deed::Broken { .. } | Deed::Io { is_write: true, .. }
                )
            });
        if is_own_pipe
            || !self.story.sees_waits()
            || self.story.is_killed_from_inside(self.process)
        {
            return None;
        }
        let why = self.sent_by(signal);
        let signal = clean(signal);
        Some(self.found(
            "killed-from-outside",
            &format!(" was killed by {signal}: {why}"),
            &format!(" were killed by {signal}: {why}"),
        ))
    }

    /// Why a signal came that no process of the run sent, as far as the kernel
    /// says so.
    fn sent_by(&self, signal: &str) -> String {
        let me = self.me();
        if let Some(parent) = self.story.died_with_parent(self.process) {
            let parent = self.story.title(parent);
            return format!(
                "it had asked for that at the end of its parent, {parent} \
                 (PR_SET_PDEATHSIG)"
            );
        }
        if signal == "SIGALRM" && me.has_alarm {
            return "it had set its alarm".to_owned();
        }
        let code = me.arrived.get(signal).cloned().flatten();
        let why = reason(signal, code.as_deref());
        match code {
            Some(code) if why.is_none_or(|it| it.1) => {
                let why = why.map(|it| format!(": {}", it.0));
                format!(
                    "the kernel sent it ({code}){}",
                    why.unwrap_or_default()
                )
            }
            _ => why.map_or(STRANGER, |it| it.0).to_owned(),
        }
    }
}

impl Story {
    /// Its parent, if it died of the signal that it had asked for at the end
    /// of that one.
    pub(crate) fn died_with_parent(&self, process: usize) -> Option<usize> {
        let me = &self.processes[process];
        let (own, Ending::Signal { signal }) = me.end.as_ref()? else {
            return None;
        };
        let (ended, _) = self.processes[me.parent?].end.as_ref()?;
        let is_asked = me.death_signal.as_deref() == Some(signal);
        me.parent.filter(|_| is_asked && ended.seq < own.seq)
    }
}
