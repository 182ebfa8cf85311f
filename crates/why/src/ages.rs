//! Who may have inherited an object is also a question of age: nobody has a
//! pipe from before it was made.
//!
//! An anonymous pipe has the time of its creation as its times since
//! Linux 6.15; before, reading and writing changed them, so that it only
//! looks younger than it is.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::proc::{Object, Proc};
use crate::scene::Scene;
use crate::unseen;
use crate::wait::{Wait, Waker};

/// More than the difference of the clocks.
const SLACK: Duration = Duration::from_millis(30);

impl Proc {
    /// When a process began, by its start time: perhaps later than it did,
    /// if we did not run between the readings of both clocks.
    fn beginning(self, start: u64) -> Option<SystemTime> {
        const TICKS: f64 = 100.0; // USER_HZ, of every architecture
        const READINGS: usize = 20;
        let since_boot = || {
            let uptime = self.table("uptime")?;
            let uptime = uptime.split(' ').next()?.parse::<f64>().ok()?;
            Some((SystemTime::now(), uptime))
        };
        let age = |uptime: f64| {
            let age = (uptime - start as f64 / TICKS).max(0.0);
            Duration::try_from_secs_f64(age).ok()
        };
        let one = || {
            let (now, uptime) = since_boot()?;
            now.checked_sub(age(uptime)?)
        };
        (0..READINGS).filter_map(|_| one()).min()
    }

    /// No later than the oldest of its times, it was made.
    fn is_older(self, pid: i32, fd: i32, than: SystemTime) -> Option<bool> {
        let file = fs::metadata(format!("/proc/{pid}/fd/{fd}")).ok()?;
        let times = [file.modified().ok()?, file.accessed().ok()?];
        Some(times.into_iter().any(|time| time < than + SLACK))
    }
}

impl Scene<'_> {
    /// A pipe that is older than the first process of our namespace came
    /// from beyond, where nobody is to be seen. And one that is older than a
    /// process into which we may not look, that process may have.
    pub(crate) fn doubt_by_age(&mut self, waits: &mut [Wait]) {
        let proc = self.proc;
        let start_of = |pid: i32| proc.stat(pid).map(|stat| stat.start);
        let begun = |pid: i32| proc.beginning(start_of(pid)?);
        let first = unseen::first_of_all(proc, self.census.root.0);
        let beyond = first.filter(|_| proc.is_below_others()).and_then(begun);
        let elders = self.holdings.elders.iter().copied();
        let elders: Vec<(i32, SystemTime)> =
            elders.filter_map(|pid| Some((pid, begun(pid)?))).collect();
        if beyond.is_none() && elders.is_empty() {
            return;
        }
        for (object, group) in self.known_groups() {
            if !matches!(object, Object::Pipe(_)) {
                continue;
            }
            let is_older = |than| self.is_older(group, than);
            let is_from_beyond = beyond.is_some_and(is_older);
            let heirs = elders.iter().filter(|elder| is_older(elder.1));
            let heirs: Vec<i32> = heirs.map(|it| it.0).collect();
            self.groups[group].leads_outside |= is_from_beyond;
            for wait in waits.iter_mut().filter(|_| !heirs.is_empty()) {
                if wait.each().iter().any(|it| it.depends_on(group)) {
                    wait.others.push(Waker::Unseen);
                }
            }
            self.holdings.unseen.extend(heirs);
        }
        self.holdings.unseen.sort_unstable();
        self.holdings.unseen.dedup();
    }

    fn is_older(&self, group: usize, than: SystemTime) -> bool {
        let mut holders = self.groups[group].holders.iter();
        let is_older =
            |pid, fd: Option<i32>| self.proc.is_older(pid, fd?, than);
        holders.find_map(|it| is_older(it.pid, it.fd)).unwrap_or(false)
    }
}

impl Wait {
    fn depends_on(&self, group: usize) -> bool {
        let mut all = self.wakers.iter().chain(&self.others);
        all.any(|waker| *waker == Waker::Group(group))
    }
}
