//! Where a run takes place: a fresh folder, and what was there before.

use std::collections::BTreeSet;
use std::env;
use std::ffi::CString;
use std::fs::{self, DirBuilder, DirEntry, ReadDir};
use std::io;
use std::iter;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use nix::mqueue::{MQ_OFlag, MqAttr, mq_close, mq_open, mq_send, mq_unlink};
use nix::sys::stat::Mode;

use crate::content::FileKind;
use crate::questions::RunQuestion;

/// The names of shared memory and semaphores.
const SHM: &str = "/dev/shm";

/// A run's place; removed with everything in it when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    base: PathBuf,
    queues: Vec<String>,
    before: BTreeSet<String>,
}

/// A helper's name and its program.
pub(crate) type Program = (String, PathBuf);

impl Place {
    /// A new place, with what the run finds there.
    pub(crate) fn new(
        question: &RunQuestion,
        programs: &[Program],
    ) -> io::Result<Self> {
        let place = Self { base: fresh()?, queues: Vec::new(), before: shm() };
        place.furnish(question, programs)
    }

    fn furnish(
        mut self,
        question: &RunQuestion,
        programs: &[Program],
    ) -> io::Result<Self> {
        fs::create_dir(self.programs())?;
        fs::create_dir(self.folder())?;
        for (name, program) in programs {
            symlink(program, self.programs().join(name))?;
        }
        for (name, file) in &question.files {
            let path = self.folder().join(name);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            match &file.kind {
                FileKind::Plain(content) => fs::write(&path, content.bytes())?,
                FileKind::Folder => fs::create_dir_all(&path)?,
                FileKind::Helper(name) => {
                    fs::copy(self.programs().join(name), &path).map(drop)?;
                }
            }
            let mode = fs::Permissions::from_mode(file.mode);
            fs::set_permissions(&path, mode)?;
        }
        for (name, message) in &question.queues {
            let name = name.replace("{id}", &self.id());
            plant_queue(&name, &message.bytes())?;
            self.queues.push(name);
        }
        Ok(self)
    }

    /// What no other run at this time is called.
    pub(crate) fn id(&self) -> String {
        let name = self.base.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        name.strip_prefix("forklore-").unwrap_or(&name).to_owned()
    }

    /// Whether this queue was put there.
    pub(crate) fn has_planted(&self, queue: &str) -> bool {
        self.queues.iter().any(|it| it == queue)
    }

    /// The run's working directory.
    pub(crate) fn folder(&self) -> PathBuf {
        self.base.join("run")
    }

    /// The helpers' programs, first on PATH.
    pub(crate) fn programs(&self) -> PathBuf {
        self.base.join("bin")
    }

    /// Every name in the folder that was not put there, below it too.
    pub(crate) fn new_files(&self, question: &RunQuestion) -> Vec<String> {
        let folder = self.folder();
        let name = |path: PathBuf| {
            let name = path.strip_prefix(&folder).unwrap_or(&path);
            name.to_string_lossy().into_owned()
        };
        let is_new = |name: &String| {
            let is_known =
                |it: &String| it == name || it.starts_with(&format!("{name}/"));
            let mut known = question.files.keys().chain(question.after.keys());
            !known.any(is_known)
        };
        let mut found: Vec<String> =
            below(&folder).map(name).filter(is_new).collect();
        found.sort();
        found
    }

    /// The names in shared memory that are there now and were not before.
    pub(crate) fn new_shared_memory(&self) -> Vec<String> {
        shm().difference(&self.before).cloned().collect()
    }

    /// Removes a name in shared memory.
    pub(crate) fn remove_shared_memory(name: &str) {
        fs::remove_file(Path::new(SHM).join(name)).ok();
    }

    /// Removes a queue; whether it was there.
    pub(crate) fn remove_queue(name: &str) -> bool {
        CString::new(name).is_ok_and(|name| mq_unlink(&*name).is_ok())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for queue in &self.queues {
            Self::remove_queue(queue);
        }
        open_up(&self.base, usize::MAX);
        if fs::remove_dir_all(&self.base).is_err() {
            // Deeper than a path may be long, or closed down there. Only
            // folders: a file may be linked to one that lies elsewhere.
            let open = ["-type", "d", "-execdir", "chmod", "u+rwx", "{}", ";"];
            let mut find = Command::new("find");
            find.arg(&self.base).args(open).stderr(Stdio::null());
            find.status().map(drop).unwrap_or_default();
            let rm = Command::new("rm").arg("-rf").arg(&self.base).status();
            rm.map(drop).unwrap_or_default();
        }
    }
}

/// Nobody needs more of them. To make so many costs less CPU time than a run
/// has, also where ext4 looks past 8,000 that were just removed: 0.7 ms each.
pub(crate) const FILES: usize = 1_000;

/// What there is too much of in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// More bytes than were allowed.
    Bytes,
    /// More files than [`FILES`].
    Files,
    /// Nobody can tell: something below it cannot be looked at, because of
    /// its rights or of the length of its path.
    Unseen,
}

/// Whether more than these bytes, or too many files, lie in a folder and below
/// it. Who makes files all the time is not followed to the end.
pub(crate) fn excess(folder: &Path, bytes: u64) -> Option<Excess> {
    let is_closed =
        |path: &Path| fs::read_dir(path).is_err_and(|it| hides(&it));
    if is_closed(folder) {
        return Some(Excess::Unseen);
    }
    let (mut sum, mut files) = (0, 0);
    below(folder).find_map(|path| {
        files += 1;
        match path.symlink_metadata() {
            Ok(file) if file.is_dir() && is_closed(&path) => {
                return Some(Excess::Unseen);
            }
            // Holes weigh nothing.
            Ok(file) => sum += file.blocks() * 512,
            Err(error) if hides(&error) => return Some(Excess::Unseen),
            Err(_) => {}
        }
        let is_crowded = (files > FILES).then_some(Excess::Files);
        is_crowded.or_else(|| (sum > bytes).then_some(Excess::Bytes))
    })
}

/// Gives a folder, and so many of those below it, the owner's rights back.
/// Only behind a run: nobody may put a link in the way.
pub(crate) fn open_up(folder: &Path, most: usize) {
    let open = |path: &Path| {
        let Ok(found) = path.symlink_metadata() else { return };
        if found.is_dir() && found.mode() & 0o700 != 0o700 {
            let mode = fs::Permissions::from_mode(0o700);
            fs::set_permissions(path, mode).ok();
        }
    };
    open(folder);
    below(folder).take(most).for_each(|path| open(&path));
}

/// Whether this comes of how a file was made: removed meanwhile it hides
/// nothing, and what this machine lacks is nobody's fault.
fn hides(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidFilename, PermissionDenied};
    matches!(error.kind(), InvalidFilename | PermissionDenied)
}

fn fresh() -> io::Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let above = env::temp_dir();
    loop {
        let number = COUNT.fetch_add(1, Relaxed);
        let name = format!("forklore-{}-{number}", std::process::id());
        let base = above.join(name);
        // A file with its owner's rights would serve whoever may execute it.
        match DirBuilder::new().mode(0o700).create(&base) {
            Ok(()) => return Ok(base),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                let base = base.display();
                let says = format!("cannot make {base}: {error}");
                return Err(io::Error::new(error.kind(), says));
            }
        }
    }
}

fn shm() -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(SHM) else { return BTreeSet::new() };
    let name = |it: DirEntry| it.file_name().to_string_lossy().into_owned();
    entries.filter_map(Result::ok).map(name).collect()
}

/// What is below a folder. A folder is opened only when the next one is asked
/// for: whoever gets it may make it readable.
fn below(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let mut open: Vec<ReadDir> = fs::read_dir(folder).into_iter().collect();
    let mut last: Option<DirEntry> = None;
    iter::from_fn(move || {
        if let Some(entry) = last.take()
            && entry.file_type().is_ok_and(|it| it.is_dir())
        {
            open.extend(fs::read_dir(entry.path()));
        }
        while let Some(folder) = open.last_mut() {
            if let Some(entry) = folder.find_map(Result::ok) {
                return Some(last.insert(entry).path());
            }
            open.pop();
        }
        None
    })
}

fn plant_queue(name: &str, message: &[u8]) -> io::Result<()> {
    let name = CString::new(std::ffi::OsStr::new(name).as_bytes())?;
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_WRONLY | MQ_OFlag::O_NONBLOCK;
    let attributes = MqAttr::new(0, 4, 512, 0);
    mq_unlink(&*name).ok();
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(&*name, flags, mode, Some(&attributes))?;
    mq_send(&queue, message, 0)?;
    Ok(mq_close(queue)?)
}

#[cfg(test)]
mod tests {
    use super::{Excess, FILES, excess};
    use std::fs;
    use std::path::PathBuf;

    fn folder(name: &str) -> PathBuf {
        let name = format!("forklore-excess-{}-{name}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        folder
    }

    #[test]
    fn too_many_files_are_an_excess_and_too_many_bytes() {
        let folder = folder("many");
        for number in 0..FILES {
            fs::write(folder.join(number.to_string()), "").unwrap();
        }
        assert_eq!(excess(&folder, 0), None);
        fs::create_dir(folder.join("below")).unwrap();
        assert_eq!(excess(&folder, u64::MAX), Some(Excess::Files));
        fs::remove_file(folder.join("1")).unwrap();
        fs::remove_file(folder.join("2")).unwrap();
        fs::write(folder.join("below/large"), [1; 10_000]).unwrap();
        assert_eq!(excess(&folder, 9_999), Some(Excess::Bytes));
        assert_eq!(excess(&folder, 1 << 20), None);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_no_path_leads_to_is_an_excess() {
        let folder = folder("deep");
        let mut deep = folder.clone();
        let name = "d".repeat(255);
        while deep.as_os_str().len() < 3_500 {
            deep.push(&name);
        }
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(excess(&folder, 1 << 20), None);
        // From within, a path may be as short as one likes.
        let made = std::process::Command::new("sh")
            .args(["-c", "mkdir -p $0/$0/$0"])
            .arg(&name)
            .current_dir(&deep)
            .status();
        assert!(made.unwrap().success());
        assert_eq!(excess(&folder, 1 << 20), Some(Excess::Unseen));
        std::process::Command::new("rm")
            .arg("-r")
            .arg(&folder)
            .status()
            .unwrap();
        assert!(!folder.exists());
    }
}
