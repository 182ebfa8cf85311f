//! Tasks that are kept from going on by something else than what their call
//! waits for: /proc shows the call all the same.

use crate::cgroups::Freezers;
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

impl Scene<'_> {
    /// Puts what really holds a task in place of what its call waits for.
    pub(crate) fn find_hindered(&self, waits: &mut [Wait]) {
        let mut freezers = Freezers::read(self.proc);
        for (task, wait) in self.census.tasks.iter().zip(waits) {
            if !matches!(task.state, 'S' | 'D') {
                continue;
            }
            let pid = self.census.processes[task.process].pid;
            let channel = self.proc.channel(pid, task.tid);
            let kind = match by_channel(channel.as_deref().unwrap_or("0")) {
                None if freezers.has_frozen(self.proc, pid) => Kind::Frozen,
                // Of a task with a filter it must be known that no answer
                // is awaited.
                None if channel.is_none_or(|it| it == "0") => {
                    match task.status.is_filtered {
                        true => Kind::Answer,
                        false => continue,
                    }
                }
                None => continue,
                Some(kind) => kind,
            };
            *wait = Wait::new(kind, vec![Waker::Outside]);
        }
    }
}

/// By the kernel's function in which a task waits.
fn by_channel(name: &str) -> Option<Kind> {
    if name.starts_with("seccomp_do_user_notif") {
        Some(Kind::Answer)
    } else if name.starts_with("handle_userfault") {
        Some(Kind::Fault)
    } else if name.starts_with("do_freezer_trap") {
        Some(Kind::Frozen)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::by_channel;
    use crate::wait::Kind;

    #[test]
    fn a_function_of_the_kernel_may_have_been_copied_by_its_compiler() {
        let name = "seccomp_do_user_notification.isra.0";
        assert_eq!(by_channel(name), Some(Kind::Answer));
        assert_eq!(by_channel("anon_pipe_read"), None);
    }
}
