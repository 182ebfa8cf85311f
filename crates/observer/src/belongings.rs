//! What belongs to a contained run. Where it has no namespaces of its own,
//! all that its user has made is in reach: names in shared memory, objects
//! of System V.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use libc::c_int;
use nix::unistd::geteuid;
use trace::What;

use crate::attributes::{UNSEEN, open};
use crate::held::bytes;
use crate::keeper::Keeper;
use crate::pending::PendingCall;
use crate::ptrace::{Tid, is_visible, read_bytes};
use crate::table::Kind;

const NAMED: &str = "/dev/shm";
const QUEUES: &str = "/dev/mqueue";
const PATH_MAX: usize = 4096;

/// Of one kind: how its calls begin, its list in /proc, its name.
const OBJECTS: [(&str, &str); 3] = [
    ("shm", "shared memory segment"),
    ("msg", "message queue"),
    ("sem", "semaphore set"),
];

/// The folder in which a run may do everything, what its user had made
/// before, and the objects that it has made.
#[derive(Debug)]
pub(crate) struct Belongings {
    place: PathBuf,
    foreign: BTreeSet<OsString>,
    /// By the place in [`OBJECTS`] and the identifier.
    made: BTreeSet<(usize, i32)>,
}

impl Belongings {
    /// Of a run that has not begun.
    pub(crate) fn begin(place: PathBuf) -> Self {
        let names = fs::read_dir(NAMED).into_iter().flatten();
        let foreign = names.filter_map(Result::ok).map(|it| it.file_name());
        let foreign = foreign.collect();
        Self { place, foreign, made: BTreeSet::new() }
    }

    /// Bytes of memory behind names and objects that no process need have
    /// mapped.
    pub(crate) fn weight(&self) -> u64 {
        let user = geteuid().as_raw();
        let names = fs::read_dir(NAMED).into_iter().flatten();
        let names = names
            .filter_map(Result::ok)
            .filter(|it| !self.foreign.contains(&it.file_name()));
        let names = names.filter_map(|it| it.metadata().ok());
        let names = names.filter(|it| it.is_file() && it.uid() == user);
        let kinds = 0..OBJECTS.len();
        let objects = kinds.flat_map(|kind| objects_of(&self.made, kind));
        let objects = objects.map(|it| it.size);
        names.map(|it| bytes(&it)).chain(objects).sum()
    }

    /// Whether a file lies where the run may change what it likes.
    pub(crate) fn hold(&self, file: &Path) -> bool {
        file.starts_with(&self.place)
            || file.starts_with(QUEUES)
            // In memory, and nobody else's.
            || file.starts_with("/memfd:")
            || file.starts_with(NAMED) && !self.is_foreign(file)
    }

    /// Whether it is a name in shared memory that was there before.
    fn is_foreign(&self, file: &Path) -> bool {
        let name = file.strip_prefix(NAMED).ok();
        let name = name.and_then(|it| it.iter().next());
        name.is_some_and(|it| self.foreign.contains(it))
    }

    /// The object that the call is about, if another has made it.
    pub(crate) fn foreign_object(&self, call: &PendingCall) -> Option<String> {
        let name = call.row.name;
        let kind = OBJECTS.iter().position(|it| name.starts_with(it.0))?;
        let first = call.arguments[0] as i32;
        let is_get = name.ends_with("get");
        let is_own = |id: i32| self.made.contains(&(kind, id));
        if is_get && first == libc::IPC_PRIVATE || !is_get && is_own(first) {
            return None;
        }
        let all = objects(kind).into_iter();
        let is_asked = |it: &Object| match is_get {
            true => it.key == first,
            false => it.id == first,
        };
        let id = all.filter(is_asked).map(|it| it.id).next()?;
        (!is_own(id))
            .then(|| format!("the {} {id} of another", OBJECTS[kind].1))
    }
}

impl<W: Write> Keeper<W> {
    pub(crate) fn is_of_run(&self, file: &Path) -> bool {
        self.belongings.as_ref().is_none_or(|it| it.hold(file))
    }

    /// The name in shared memory that the call is about, if it was there
    /// before the run.
    pub(crate) fn foreign_name(
        &self,
        tid: Tid,
        call: &PendingCall,
    ) -> Option<String> {
        let own = self.belongings.as_ref()?;
        if own.foreign.is_empty() || call.row.name == "mq_open" {
            return None;
        }
        let [first, second, third, fourth, ..] = call.arguments;
        let cwd = libc::AT_FDCWD as u64;
        let paths = match (call.row.name, call.row.kind) {
            ("rename" | "link", _) => [Some((cwd, first)), Some((cwd, second))],
            ("renameat" | "renameat2" | "linkat", _) => {
                [Some((first, second)), Some((third, fourth))]
            }
            ("truncate", _) => [Some((cwd, first)), None],
            (_, Kind::OpenHow) => [Some((first, second)), None],
            (_, Kind::Open { path: 0, .. } | Kind::Name { path: 0 }) => {
                [Some((cwd, first)), None]
            }
            (_, Kind::Open { .. } | Kind::Name { .. }) => {
                [Some((first, second)), None]
            }
            _ => return None,
        };
        paths.into_iter().flatten().find_map(|(folder, path)| {
            let Some(path) = read_bytes(tid, path, PATH_MAX) else {
                return (!is_visible(tid)).then(|| UNSEEN.to_owned());
            };
            let target = open(&named(tid, folder as i32, path), 0).ok()?;
            let place = target.place;
            own.is_foreign(&place).then(|| {
                format!("{}, which was there before the run", place.display())
            })
        })
    }

    /// A call of System V has returned.
    pub(crate) fn made_object(&mut self, call: &PendingCall, value: i64) {
        let name = call.row.name;
        let kind = OBJECTS.iter().position(|it| name.starts_with(it.0));
        let own = self.belongings.as_mut().zip(kind);
        if value >= 0
            && name.ends_with("get")
            && let Some((own, kind)) = own
        {
            own.made.insert((kind, value as i32));
        }
    }

    /// Removes the objects of a run that is over, and tells of them.
    pub(crate) fn remove_objects(&mut self) {
        let Some(own) = &mut self.belongings else { return };
        let made = std::mem::take(&mut own.made);
        for (kind, (_, name)) in OBJECTS.iter().enumerate() {
            for Object { id, .. } in objects_of(&made, kind) {
                remove(kind, id);
                let (pid, object) = (self.tree.process(0).pid, id.to_string());
                let kind = (*name).to_owned();
                self.tell(0, pid, What::Leftover { kind, object });
            }
        }
    }
}

/// A file as a tracee names it.
pub(crate) fn named(tid: Tid, folder: i32, path: Vec<u8>) -> PathBuf {
    let base = match folder {
        libc::AT_FDCWD => format!("/proc/{tid}/cwd"),
        fd => format!("/proc/{tid}/fd/{fd}"),
    };
    let path = PathBuf::from(OsString::from_vec(path));
    // Here it would be the keeper.
    match path.strip_prefix("/proc/self") {
        Ok(rest) => Path::new(&format!("/proc/{tid}")).join(rest),
        Err(_) if path.as_os_str().is_empty() => base.into(),
        Err(_) => Path::new(&base).join(path),
    }
}

/// A line of proc_sysvipc(5).
struct Object {
    key: i32,
    id: i32,
    /// Bytes of memory.
    size: u64,
}

/// All that exist.
fn objects(kind: usize) -> Vec<Object> {
    const RESIDENT: usize = 14; // columns
    const IN_QUEUE: usize = 3;
    let list = format!("/proc/sysvipc/{}", OBJECTS[kind].0);
    let list = fs::read_to_string(list).unwrap_or_default();
    let object = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let size = match kind {
            0 => fields.get(RESIDENT)?.parse().ok()?,
            1 => fields.get(IN_QUEUE)?.parse().ok()?,
            _ => 0,
        };
        let (key, id) = (fields.first()?.parse().ok()?, fields.get(1)?);
        Some(Object { key, id: id.parse().ok()?, size })
    };
    list.lines().filter_map(object).collect()
}

/// Those that a run has made; the list is read only if it has made any.
fn objects_of(made: &BTreeSet<(usize, i32)>, kind: usize) -> Vec<Object> {
    if made.range((kind, i32::MIN)..=(kind, i32::MAX)).next().is_none() {
        return Vec::new();
    }
    let mut all = objects(kind);
    all.retain(|it| made.contains(&(kind, it.id)));
    all
}

fn remove(kind: usize, id: c_int) {
    const CALLS: [libc::c_long; 3] =
        [libc::SYS_shmctl, libc::SYS_msgctl, libc::SYS_semctl];
    // Of each, wherever the command stands among its arguments.
    let remove = libc::IPC_RMID;
    // SAFETY: numbers only; this command takes no structure.
    unsafe { libc::syscall(CALLS[kind], id, remove, remove, 0) };
}
