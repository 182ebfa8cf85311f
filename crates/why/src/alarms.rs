//! Alarms. The kernel tells nobody of one that was set by alarm(2) or
//! setitimer(2), not even the process's owner; but an observer sees the call.

use std::collections::HashSet;

use trace::{Event, What};

use crate::census::{Census, Process, Task};
use crate::proc::Proc;

const ALARM: u64 = 1 << (libc::SIGALRM - 1);

/// What is known of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Alarms {
    /// The processes that have set one, by pid and start time. An execve
    /// keeps it.
    set: HashSet<(i32, u64)>,
    /// Whether an alarm that is not among them was not set.
    pub(crate) is_complete: bool,
}

impl Alarms {
    pub(crate) fn new(history: &[Event], is_complete: bool) -> Self {
        let mut set = HashSet::new();
        for event in history {
            if let What::Alarm { after_us, .. } = event.what {
                let process = (event.pid, event.start);
                match after_us {
                    0 => set.remove(&process),
                    // Whether it has gone off is not told for sure: others
                    // may send the same signal.
                    _ => set.insert(process),
                };
            }
        }
        Self { set, is_complete }
    }

    pub(crate) fn has_set(&self, process: &Process) -> bool {
        self.set.contains(&(process.pid, process.start))
    }

    /// The processes which an alarm would end, if they had set one: nobody
    /// knows. One that handles the signal is taken to have set one.
    pub(crate) fn untold(&self, proc: Proc, census: &Census) -> Vec<usize> {
        // The kernel writes the list timer by timer, and leaves one out when
        // another before it goes off meanwhile.
        const READINGS: usize = 16;
        let timers = || proc.table("timer_list").unwrap_or_default();
        let shows_none = || (0..READINGS).all(|_| shows_no_alarm(&timers()));
        if self.is_complete || shows_none() {
            return Vec::new();
        }
        let is_ended = |task: &Task| {
            let status = &task.status;
            (status.blocked | status.ignored | status.caught) & ALARM == 0
        };
        let has_untold = |place: &usize| {
            let tasks = &census.processes[*place].tasks;
            tasks.iter().any(|task| is_ended(&census.tasks[*task]))
        };
        (0..census.processes.len()).filter(has_untold).collect()
    }
}

/// Whether the list of the kernel's timers, which only root may read, has
/// none of the kind of an alarm. It does not say whose a timer is. Where the
/// names of functions are not shown, nothing is known.
fn shows_no_alarm(timers: &str) -> bool {
    let is_shown = |name: &str| timers.contains(name);
    let has_names = is_shown(" hrtimer_wakeup,") || is_shown(" tick_");
    has_names && !is_shown(" it_real_fn,")
}

#[cfg(test)]
mod tests {
    use trace::{Event, What, Who};

    use super::{Alarms, shows_no_alarm};
    use crate::census::Process;

    fn sets(pid: i32, after_us: u64) -> Event {
        let call = "alarm".to_owned();
        Event {
            seq: 0,
            t_us: 0,
            who: Who::first(),
            pid,
            pid_seen: None,
            start: 1,
            tid: None,
            name: String::new(),
            what: What::Alarm { call, after_us, every_us: 0 },
        }
    }

    fn process(pid: i32, start: u64) -> Process {
        Process {
            pid,
            start,
            parent: 1,
            name: String::new(),
            who: Who::first(),
            state: 'S',
            tasks: Vec::new(),
        }
    }

    #[test]
    fn an_alarm_is_set_until_it_is_taken_back() {
        let history = [sets(7, 10), sets(8, 10), sets(8, 0)];
        let alarms = Alarms::new(&history, true);
        assert!(alarms.has_set(&process(7, 1)));
        assert!(!alarms.has_set(&process(8, 1)));
        assert!(!alarms.has_set(&process(7, 2)), "the pid is used again");
    }

    #[test]
    fn the_list_of_all_timers_may_rule_an_alarm_out() {
        let sleeper = " #0: <0000000087a192ac>, hrtimer_wakeup, S:01\n";
        let alarm = " #1: <0000000087a192ad>, it_real_fn, S:01\n";
        assert!(shows_no_alarm(sleeper));
        assert!(!shows_no_alarm(&format!("{sleeper}{alarm}")));
        assert!(!shows_no_alarm(""), "it could not be read");
        assert!(!shows_no_alarm(" #0: <0>, 0xffffffff81234567, S:01\n"));
    }
}
