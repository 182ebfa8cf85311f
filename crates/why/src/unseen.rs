//! Processes outside of the tree whose descriptors we may not read.
//!
//! A descriptor is inherited, or sent. One that the tree's first process
//! inherited came from its parent, and from above only through a parent that
//! we can read and that would still show it. One that the tree made can have
//! left it with a process that the tree created, and that has an ancestor of
//! the tree for a parent now. Whom we may not read and who is neither is a
//! stranger: nothing but a message could have brought him a descriptor. (A
//! setuid program of the tree which has left both the tree and its session is
//! taken for one.)

use std::collections::HashSet;

use crate::parse::Stat;
use crate::proc::Proc;

const INIT: i32 = 1;

/// Of the unreadable, those who may hold a descriptor of the tree.
pub(crate) fn who_may_hold(
    proc: Proc,
    root: (i32, u64),
    unreadable: &[i32],
) -> Vec<i32> {
    let (pid, start) = root;
    if proc.stat(INIT).is_none() {
        return vec![INIT]; // most processes are hidden from us: proc(5), hidepid
    }
    let Some(stat) = proc.stat(pid) else { return Vec::new() };
    let is_unreadable = |pid: &i32| unreadable.contains(pid);
    let ancestors = ancestors(proc, stat.parent);
    let mut near = near(&ancestors, is_unreadable);
    let mut found: Vec<i32> =
        near.iter().copied().filter(is_unreadable).collect();
    near.remove(&INIT);
    let is_foreign = |pid: &&i32| !found.contains(*pid);
    let others: Vec<i32> = unreadable
        .iter()
        .filter(is_foreign)
        .copied()
        .filter(|pid| {
            let Some((first, parent)) = eldest(proc, *pid, start, &ancestors)
            else {
                return false;
            };
            let is_younger = first.start >= start;
            let is_adopted = parent <= INIT || ancestors.contains(&parent);
            near.contains(&parent)
                || is_younger
                    && is_adopted
                    && is_akin(proc, *pid, root.0, &stat)
        })
        .collect();
    found.extend(others);
    if stat.parent == 0 {
        found.push(0); // its parent is in no namespace that we see
    }
    found.sort_unstable();
    found
}

/// Of the unreadable, those who are older than the tree and of its kind: what
/// is older still, they may have from where the tree has it.
pub(crate) fn elders(
    proc: Proc,
    root: (i32, u64),
    unreadable: &[i32],
) -> Vec<i32> {
    let (pid, start) = root;
    let Some(stat) = proc.stat(pid) else { return Vec::new() };
    let is_elder = |other: &&i32| {
        let is_older = proc.stat(**other).is_some_and(|it| it.start < start);
        is_older && is_akin(proc, **other, pid, &stat)
    };
    unreadable.iter().filter(is_elder).copied().collect()
}

/// Those from whom the first process descends.
pub(crate) fn above(proc: Proc, root: i32) -> Vec<i32> {
    let stat = proc.stat(root);
    stat.map_or_else(Vec::new, |stat| ancestors(proc, stat.parent))
}

/// The ancestor of the tree above which nobody is to be seen.
pub(crate) fn first_of_all(proc: Proc, root: i32) -> Option<i32> {
    above(proc, root).last().copied()
}

/// Whether a process may have come from the tree: it is of the same user and
/// does not let itself be inspected, or it became another user's by a setuid
/// program, and is in the same session still. Others come and go all the time.
fn is_akin(proc: Proc, pid: i32, root: i32, of_root: &Stat) -> bool {
    let user = |pid| proc.status(pid).map(|status| status.user);
    let session = proc.stat(pid).map(|stat| stat.session);
    user(pid) == user(root) || session == Some(of_root.session)
}

/// The ancestors whose descriptors the first process may have inherited: up
/// to one that would show them still. Init counts as a parent alone, since it
/// gives nothing to its grandchildren.
fn near(
    ancestors: &[i32],
    is_unreadable: impl Fn(&i32) -> bool,
) -> HashSet<i32> {
    let mut near = HashSet::new();
    for ancestor in ancestors {
        if *ancestor == INIT && !near.is_empty() {
            break;
        }
        near.insert(*ancestor);
        if !is_unreadable(ancestor) {
            break;
        }
    }
    near
}

/// From the parent up to init.
pub(crate) fn ancestors(proc: Proc, parent: i32) -> Vec<i32> {
    let mut ancestors = Vec::new();
    let mut next = parent;
    while next > 0 && !ancestors.contains(&next) {
        ancestors.push(next);
        next = proc.stat(next).map_or(0, |stat| stat.parent);
    }
    ancestors
}

/// The eldest of a process and its ancestors that is no older than the tree
/// and no ancestor of it; and that one's parent.
fn eldest(
    proc: Proc,
    pid: i32,
    start: u64,
    ancestors: &[i32],
) -> Option<(Stat, i32)> {
    const DEPTH: usize = 1000;
    let mut stat = proc.stat(pid)?;
    for _ in 0..DEPTH {
        let parent = stat.parent;
        if parent <= INIT || ancestors.contains(&parent) {
            break;
        }
        match proc.stat(parent) {
            Some(above) if above.start >= start => stat = above,
            _ => break,
        }
    }
    let parent = stat.parent;
    Some((stat, parent))
}
