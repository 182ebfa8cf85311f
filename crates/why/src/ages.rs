//! Who may have inherited an object is also a question of age: nobody has a
//! pipe from before it was made.
//!
//! An anonymous pipe has the time of its creation as its times since
//! Linux 6.15; before, reading and writing changed them, so that it may look
//! younger than it is. Then the verdict has a reservation.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::holdings::{End, Holding};
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

    /// Whether the times of a pipe are those of its creation.
    fn keeps_ages(self) -> bool {
        let release = self.table("sys/kernel/osrelease");
        release.is_some_and(|release| keeps_ages(&release))
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
        let keeps_ages = proc.keeps_ages();
        for (object, group) in self.known_groups() {
            if !matches!(object, Object::Pipe(_)) {
                continue;
            }
            if !keeps_ages && !self.is_from_us(&object) {
                self.ageless.push(group);
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

    /// Whether the tree made a pipe if it is one that we began: what it
    /// inherited it has from us, and we have it still.
    fn is_from_us(&self, pipe: &Object) -> bool {
        let own = std::process::id() as i32;
        let (root, _) = self.census.root;
        let parent = self.proc.stat(root).map_or(0, |it| it.parent);
        let is_ours = |it: &Holding| it.process.is_none() && it.pid == own;
        unseen::ancestors(self.proc, parent).contains(&own)
            && !self.holdings.holders(pipe, End::Both).iter().any(is_ours)
    }

    /// Whether one of these waits for somebody at a pipe whose age is not
    /// known.
    pub(crate) fn has_ageless<'w>(
        &self,
        mut waits: impl Iterator<Item = &'w Wait>,
    ) -> bool {
        waits.any(|wait| {
            let all = wait.each();
            let mut groups = self.ageless.iter();
            groups.any(|group| all.iter().any(|it| it.depends_on(*group)))
        })
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

/// Of a release, `6.15.0-rc1`: since 6.15, when pipes are used, their times
/// stay. What is not understood is older.
fn keeps_ages(release: &str) -> bool {
    const SINCE: (u32, u32) = (6, 15);
    let mut numbers = release.split(|it: char| !it.is_ascii_digit());
    let mut next = || numbers.next()?.parse::<u32>().ok();
    let version = (next(), next());
    matches!(version, (Some(major), Some(minor)) if (major, minor) >= SINCE)
}

#[cfg(test)]
mod tests {
    use super::keeps_ages;

    #[test]
    fn a_pipe_tells_its_age_since_6_15() {
        for release in ["6.15.0", "6.15-rc1", "6.18.44-fc-v657\n", "7.0.0"] {
            assert!(keeps_ages(release), "{release}");
        }
        for release in ["6.14.11", "6.8.0-1021-azure", "5.15.0", "", "six.16"] {
            assert!(!keeps_ages(release), "{release}");
        }
    }
}
