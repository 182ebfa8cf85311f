//! Who shares memory: by mapping the same file, by being able to map it, or
//! by having the same address space.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;

use crate::census::{Census, Task};
use crate::holdings::{End, Holding};
use crate::parse::Mapping;
use crate::proc::{Object, Proc};
use crate::scene::Scene;
use crate::strangers;
use crate::wait::Waker;

const NOT_EXECUTED: u32 = 0x40; // PF_FORKNOEXEC, <linux/sched.h>

/// How one comes to memory that several map.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// By fork(2), or through a descriptor.
    Inherited,
    /// By a name in the file system.
    Named,
    /// By the number of a System V segment.
    SystemV,
    /// It is no file: a device or the kernel may write there.
    Unknown,
}

/// The tree's processes, by the memory that they have: those of one class
/// have the same and no copy of it (`CLONE_VM`). Strangers are added to the
/// class of the tree whose memory they have.
#[derive(Debug, Default)]
pub(crate) struct Spaces {
    classes: Vec<Vec<i32>>,
    class_of: HashMap<i32, usize>,
    /// Those about whom kcmp(2) says nothing, by how much memory they have;
    /// each with its parent.
    untold: HashMap<[u64; 3], Vec<(i32, i32)>>,
    /// Whether everybody was looked at who was there at the end.
    is_settled: bool,
}

impl Spaces {
    fn read(proc: Proc, census: &Census) -> Self {
        let mut spaces = Self::default();
        // Only of the tree, which is at rest: an execve(2) of another would
        // change its place in the order, and hide those beside it.
        let mut order: Vec<(i32, Vec<i32>)> = Vec::new();
        for process in census.processes.iter().filter(|it| !it.tasks.is_empty())
        {
            let tid = census.tasks[process.tasks[0]].tid;
            let is_told = compare_memory(tid, tid).is_some();
            match place_in(&order, tid).filter(|_| is_told) {
                Some(Ok(place)) => order[place].1.push(process.pid),
                Some(Err(place)) => {
                    order.insert(place, (tid, vec![process.pid]));
                }
                None => spaces.add_untold(proc, process.pid),
            }
        }
        let is_inside = |pid| census.process_of(pid).is_some();
        spaces.is_settled = strangers::visit(proc, is_inside, |pid| {
            let tid = proc.living(pid);
            let mut place = place_in(&order, tid);
            // Its first thread may have ended meanwhile.
            let other = proc.living(pid);
            if other != tid {
                place = place_in(&order, other);
            }
            match place {
                Some(Ok(place)) => order[place].1.push(pid),
                Some(Err(_)) if !order.is_empty() => {}
                _ => spaces.add_untold(proc, pid),
            }
        });
        spaces.classes = order.into_iter().map(|(_, pids)| pids).collect();
        for (class, pids) in spaces.classes.iter().enumerate() {
            spaces.class_of.extend(pids.iter().map(|pid| (*pid, class)));
        }
        spaces
    }

    fn add_untold(&mut self, proc: Proc, pid: i32) {
        if let (Some(size), Some(stat)) = (proc.size(pid), proc.stat(pid)) {
            let same = self.untold.entry(size).or_default();
            same.push((pid, stat.parent));
        }
    }

    /// All who have the memory of this process, itself among them; and of
    /// those about whom nothing is told, whoever has as much of it and is
    /// related: memory is shared by being created so.
    fn sharers(&self, proc: Proc, pid: i32) -> Vec<i32> {
        const INIT: i32 = 1;
        let class = self.class_of.get(&pid).map(|it| &self.classes[*it]);
        let mut sharers = class.map_or_else(|| vec![pid], Clone::clone);
        let parent = proc.stat(pid).map_or(INIT, |it| it.parent);
        let size = proc.size(pid);
        let untold = size.and_then(|size| self.untold.get(&size));
        let untold = untold.map_or(&[][..], Vec::as_slice).iter();
        let related = untold.filter(|(other, above)| {
            *other == parent || [pid, parent, INIT].contains(above)
        });
        let related = related.map(|(other, _)| *other);
        sharers.extend(related.filter(|it| *it != pid));
        sharers
    }
}

/// The place of a thread's memory among others; `None` if that is not told.
fn place_in(
    order: &[(i32, Vec<i32>)],
    tid: i32,
) -> Option<Result<usize, usize>> {
    let mut is_told = true;
    let place = order.binary_search_by(|(other, _)| {
        compare_memory(*other, tid).unwrap_or_else(|| {
            is_told = false;
            Ordering::Equal
        })
    });
    is_told.then_some(place)
}

/// kcmp(2) of two threads' memory; `None` if that is not told.
fn compare_memory(one: i32, other: i32) -> Option<Ordering> {
    const KCMP_VM: i32 = 1; // <linux/kcmp.h>
    // SAFETY: kcmp(2) takes numbers, and no memory.
    let order = unsafe {
        libc::syscall(libc::SYS_kcmp, one, other, KCMP_VM, 0_u64, 0_u64)
    };
    match order {
        0 => Some(Ordering::Equal),
        1 => Some(Ordering::Less),
        2 => Some(Ordering::Greater),
        _ => None,
    }
}

impl Scene<'_> {
    /// Who could wake at an address that only this process's memory has.
    pub(crate) fn own_wakers(&mut self, process: usize) -> Vec<Waker> {
        let sharers = self.sharers(process);
        let is_settled = self.spaces.as_ref().is_some_and(|it| it.is_settled);
        if sharers.len() == 1 && is_settled {
            return vec![Waker::Process(process)];
        }
        let group = self.add_group(sharers);
        self.groups[group].leads_outside |= !is_settled;
        vec![Waker::Group(group)]
    }

    /// The processes that have the same memory, this one among them.
    pub(crate) fn sharers(&mut self, process: usize) -> Vec<Holding> {
        let proc = self.proc;
        let spaces = self.spaces.take();
        let spaces =
            spaces.unwrap_or_else(|| Rc::new(Spaces::read(proc, self.census)));
        let pid = self.census.processes[process].pid;
        let sharers = spaces.sharers(proc, pid);
        self.spaces = Some(spaces);
        sharers.into_iter().map(|pid| self.whole(pid)).collect()
    }

    fn whole(&self, pid: i32) -> Holding {
        Holding {
            process: self.census.process_of(pid),
            pid,
            fd: None,
            is_readable: true,
            is_writable: true,
        }
    }

    /// Who could wake at an address in memory that others may map.
    pub(crate) fn byte_wakers(
        &mut self,
        task: &Task,
        address: u64,
        mapping: &Mapping,
    ) -> Vec<Waker> {
        let group = self.mappers(address, mapping);
        let mut wakers = vec![Waker::Group(group)];
        match self.way_to(task, mapping) {
            Way::Inherited => {}
            Way::Named => wakers.extend([Waker::Stranger, Waker::Anybody]),
            Way::SystemV => {
                wakers.extend([Waker::Stranger, Waker::Anybody]);
                if self.has_hidden_attachment(task, mapping) {
                    wakers.push(Waker::Outside);
                }
            }
            Way::Unknown => wakers.push(Waker::Outside),
        }
        wakers
    }

    /// Who maps the same byte, in the tree and elsewhere, or holds a
    /// descriptor by which it could.
    pub(crate) fn mappers(&mut self, address: u64, mapping: &Mapping) -> usize {
        let place = mapping.offset + (address - mapping.from);
        let key = (mapping.file, place);
        if let Some(known) = self.mappers.get(&key) {
            return *known;
        }
        let (proc, census) = (self.proc, self.census);
        let alive = (0..census.processes.len())
            .filter(|process| census.is_alive(*process))
            .map(|process| census.processes[process].pid);
        let pids: Vec<i32> = alive.collect();
        let mut holders = Vec::new();
        let mut look_at = |pid| {
            if self.maps(pid, place, mapping) {
                holders.push(self.whole(pid));
            }
        };
        pids.into_iter().for_each(&mut look_at);
        let is_inside = |pid| census.process_of(pid).is_some();
        let is_settled = strangers::visit(proc, is_inside, look_at);
        let (device, inode) = mapping.file;
        let object = Object::File(device, inode);
        holders.extend(self.holdings.holders(&object, End::Both));
        if let Some(pid) = self.hidden_heir() {
            holders.push(self.whole(pid));
        }
        let group = self.named_group(holders);
        self.groups[group].leads_outside |= !is_settled;
        // Who holds the file is not known, if we see no descriptors at all.
        let has_file = !mapping.path.starts_with("/dev/zero");
        if has_file && self.holdings.is_blind() {
            self.groups[group].leads_outside = true;
        }
        self.mappers.insert(key, group);
        group
    }

    /// Whether a process maps this place of a file.
    fn maps(&mut self, pid: i32, place: u64, mapping: &Mapping) -> bool {
        match self.mappings(pid) {
            Some(mappings) => mappings.iter().any(|it| {
                it.is_of(mapping)
                    && it.offset <= place
                    && place - it.offset < it.to - it.from
            }),
            // One of the tree may map it, if it does not tell.
            None => self.census.process_of(pid).is_some(),
        }
    }

    /// An ancestor of the tree that does not tell what it maps, and from
    /// which the tree's first process has its memory: no execve(2) has come
    /// between.
    fn hidden_heir(&self) -> Option<i32> {
        let mut at = self.census.processes.first()?.pid;
        loop {
            let stat = self.proc.stat(at)?;
            if stat.flags & NOT_EXECUTED == 0 {
                return None;
            }
            if stat.parent == 0 {
                // Beyond our namespace.
                return self.proc.is_below_others().then_some(0);
            }
            at = stat.parent;
            if self.proc.mappings(at).is_none() {
                return Some(at);
            }
        }
    }

    fn way_to(&self, task: &Task, mapping: &Mapping) -> Way {
        let path = mapping.path.as_str();
        let Some(of_old) = path.strip_suffix(" (deleted)") else {
            return match path.starts_with('/') {
                true => Way::Named,
                false => Way::Unknown,
            };
        };
        if of_old == "/dev/zero" {
            return Way::Inherited;
        }
        if of_old.starts_with("/memfd:") {
            // Strangers may have a descriptor of it as well.
            return match self.tells_descriptors(task, mapping) {
                true => Way::Inherited,
                false => Way::Unknown,
            };
        }
        if of_old.starts_with("/SYSV") {
            return Way::SystemV;
        }
        match self.is_named(task, mapping) {
            Some(false) => Way::Inherited,
            // What cannot be found out may have a name.
            _ => Way::Named,
        }
    }

    /// Whether strangers can come to memory by a name.
    pub(crate) fn has_name(&self, task: &Task, mapping: &Mapping) -> bool {
        self.way_to(task, mapping) != Way::Inherited
    }

    fn tells_descriptors(&self, task: &Task, mapping: &Mapping) -> bool {
        let (device, inode) = mapping.file;
        let object = Object::File(device, inode);
        let is_untold =
            |it: &Holding| it.process == Some(task.process) && it.fd.is_none();
        !self.holdings.holders(&object, End::Both).iter().any(is_untold)
    }

    /// Whether a file whose name is gone has another: sem_open(3) of glibc
    /// gives its files their names by link(2).
    fn is_named(&self, task: &Task, mapping: &Mapping) -> Option<bool> {
        let pid = self.census.processes[task.process].pid;
        let Mapping { from, to, .. } = mapping;
        // Open to the superuser alone.
        let file = format!("/proc/{pid}/map_files/{from:x}-{to:x}");
        if let Ok(file) = fs::metadata(file) {
            return Some(file.nlink() > 0);
        }
        let (device, inode) = mapping.file;
        let object = Object::File(device, inode);
        let held = self.holdings.descriptors(task.process, task.tid);
        if let Some(held) = held.iter().find(|it| it.object == object) {
            return Some(held.is_named);
        }
        let folder = format!("/proc/{pid}/root/dev/shm");
        is_in(Path::new(&folder), mapping.file)
    }

    /// Whether the kernel counts more attachments of a System V segment than
    /// those who may be read have.
    fn has_hidden_attachment(
        &mut self,
        task: &Task,
        mapping: &Mapping,
    ) -> bool {
        const ATTACHED: usize = 6; // nattch, sysvipc(7)
        let (_, id) = mapping.file;
        let known = self.system_v(task, "sysvipc/shm", ATTACHED, id as i32);
        let Some(known) = known else { return true };
        let mut seen = 0;
        for pid in self.proc.pids() {
            let mappings = self.mappings(pid);
            let all = mappings.iter().flat_map(|it| it.iter());
            seen += all.filter(|it| it.is_of(mapping)).count() as u64;
        }
        known.count > seen
    }
}

impl Mapping {
    /// Whether what is mapped privately is the file's own page all the same.
    pub(crate) fn is_page_of_file(&self) -> bool {
        !self.is_shared && !self.is_writable && self.file.1 != 0
    }

    /// Whether both lead to the same memory.
    fn is_of(&self, other: &Self) -> bool {
        self.is_shared && self.file == other.file
    }
}

/// Whether a file has a name below this folder; `None` if it may have one
/// elsewhere.
fn is_in(folder: &Path, file: (u64, u64)) -> Option<bool> {
    const MOST: usize = 10_000;
    let (device, inode) = file;
    if fs::metadata(folder).ok()?.dev() != device {
        return None;
    }
    let mut waiting = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            let found = entry.metadata().ok()?;
            seen += 1;
            if (found.dev(), found.ino()) == (device, inode) {
                return Some(true);
            }
            if seen > MOST {
                return None;
            }
            if found.is_dir() {
                waiting.push(entry.path());
            }
        }
    }
    Some(false)
}
