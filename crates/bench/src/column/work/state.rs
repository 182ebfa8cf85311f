//! Which state is a process in? Asked of one, and of all.

use std::fs;

use common::{Context, Error, Result};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{Pid, pause};
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

use crate::clock::median_of;
use crate::crew::hire;
use crate::look::{state_of, until_asleep};
use crate::proc_stat::letter;
use crate::task::Task;
use crate::through_sysinfo::through_sysinfo;

/// Nanoseconds for a process: of one child, or of all if `size` children
/// are there.
pub(crate) fn measure(task: &Task) -> Result<f64> {
    let sleepers = Sleepers::new(task.size.max(1))?;
    let child = sleepers.0[0];
    match &*task.way {
        "by-hand" => {
            let path = format!("/proc/{child}/stat");
            median_of(task.count, || expect_s(state_of(&*path)?))
        }
        "lesson" => median_of(task.count, || expect_s(Some(letter(child)?))),
        "sysinfo" => median_of(task.count, || match through_sysinfo(child)? {
            Some(seen) if seen.status == "sleeping" => Ok(()),
            _ => Err(Error::new("the child is not seen asleep")),
        }),
        "all-by-hand" => all(task, all_by_hand),
        "all-sysinfo" => {
            let mut system = System::new().context("cannot use sysinfo")?;
            all(task, || all_through_sysinfo(&mut system))
        }
        _ => Err(task.unknown()),
    }
}

/// Children that wait for a signal, and get one in the end.
struct Sleepers(Vec<Pid>);

impl Sleepers {
    fn new(count: usize) -> Result<Self> {
        let mut sleepers = Self(Vec::new());
        for _ in 0..count {
            sleepers.0.push(hire(|| {
                pause();
                Ok(())
            })?);
        }
        sleepers.0.iter().try_for_each(|pid| until_asleep(*pid))?;
        Ok(sleepers)
    }
}

impl Drop for Sleepers {
    fn drop(&mut self) {
        for pid in &self.0 {
            kill(*pid, Signal::SIGKILL).ok();
            waitpid(*pid, None).ok();
        }
    }
}

fn expect_s(state: Option<char>) -> Result {
    match state {
        Some('S') => Ok(()),
        _ => Err(Error::new("the child is not seen asleep")),
    }
}

/// How many processes were asked, and how many of them sleep.
type Seen = (usize, usize);

/// One look at all, divided by their number.
fn all(task: &Task, mut look: impl FnMut() -> Result<Seen>) -> Result<f64> {
    let mut last = 1;
    let look = || {
        let (asked, asleep) = look()?;
        last = asked;
        match asleep >= task.size {
            true => Ok(()),
            false => Err(Error::new(format!("only {asleep} seen asleep"))),
        }
    };
    let time = median_of(task.count, look)?;
    Ok(time / last as f64)
}

fn all_by_hand() -> Result<Seen> {
    let (mut asked, mut asleep) = (0, 0);
    let mut path = String::with_capacity(32);
    for entry in fs::read_dir("/proc").context("cannot read /proc")? {
        let name = entry?.file_name();
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        path.clear();
        path.extend(["/proc/", name, "/stat"]);
        let Some(state) = state_of(&*path)? else { continue };
        asked += 1;
        asleep += usize::from(state == 'S');
    }
    Ok((asked, asleep))
}

fn all_through_sysinfo(system: &mut System) -> Result<Seen> {
    let nothing_more = ProcessRefreshKind::nothing();
    system.refresh_processes_specifics(
        ProcessesToUpdate::All,
        true,
        nothing_more,
    );
    let processes = system.processes().values();
    let asleep = processes
        .filter(|process| process.status() == sysinfo::ProcessStatus::Sleep)
        .count();
    Ok((system.processes().len(), asleep))
}
