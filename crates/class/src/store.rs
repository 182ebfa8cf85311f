//! Where the results of a class lie. A file there is whole, or not there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::record::Record;

/// The folder of the results.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// Held as long as one writes there.
#[derive(Debug)]
pub struct Hold {
    lock: File,
}

impl Store {
    /// The store in that folder, which need not be there yet.
    pub fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Keeps others from writing there.
    ///
    /// # Errors
    /// If somebody else does, or it cannot be made.
    pub fn hold(&self) -> io::Result<Hold> {
        fs::create_dir_all(&self.root)?;
        let path = self.root.join("lock");
        let lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Hold { lock }),
            Err(fs::TryLockError::WouldBlock) => Err(io::Error::other(
                "another `cargo class` writes its results there",
            )),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether results lie there.
    pub fn has_records(&self) -> bool {
        fs::read_dir(self.root.join("records"))
            .is_ok_and(|mut it| it.next().is_some())
    }

    /// The file of a record.
    pub fn record(&self, student: &str, exercise: &str) -> PathBuf {
        let folder = self.root.join("records").join(student);
        folder.join(format!("{exercise}.json"))
    }

    /// The file of the picture that belongs to it.
    pub fn picture(&self, student: &str, exercise: &str) -> PathBuf {
        let folder = self.root.join("pictures").join(student);
        folder.join(format!("{exercise}.svg"))
    }

    /// A record; `None` if it is not there, or is not whole.
    pub fn load(&self, student: &str, exercise: &str) -> Option<Record> {
        let bytes = fs::read(self.record(student, exercise)).ok()?;
        let record: Record = serde_json::from_slice(&bytes).ok()?;
        let is_it = record.student == student && record.exercise == exercise;
        is_it.then_some(record)
    }

    /// Forgets a record that is of another source, or of another grader.
    pub fn forget(&self, student: &str, exercise: &str) {
        fs::remove_file(self.record(student, exercise)).ok();
    }

    /// Keeps a record.
    ///
    /// # Errors
    /// If it cannot be written; then the one before it is still there.
    pub fn keep(&self, record: &Record) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(record)?;
        bytes.push(b'\n');
        write(&self.record(&record.student, &record.exercise), &bytes)
    }

    /// Takes a file into the store.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        write(&self.root.join(name), bytes)
    }
}

impl Hold {
    /// The folder that whoever held it before has worked in, and was killed.
    pub fn place_before(&self) -> Option<PathBuf> {
        let text = io::read_to_string(&self.lock).ok()?;
        Some(PathBuf::from(text.strip_suffix('\n')?))
    }

    /// Notes the folder that one works in.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note_place(&mut self, place: &Path) -> io::Result<()> {
        use std::io::Seek;
        self.lock.set_len(0)?;
        self.lock.rewind()?;
        writeln!(self.lock, "{}", place.display())
    }
}

/// Writes a file so that it is whole, or what it was before, whenever the
/// machine stops. Folders are made.
///
/// # Errors
/// If that fails; nothing half-written is left under its name.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // One writer holds the store, and writes each name in one thread.
    let draft = folder.join(format!(".{name}.part"));
    let written = (|| {
        let mut file = File::create(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    })();
    if written.is_err() {
        fs::remove_file(&draft).ok();
        return written;
    }
    File::open(folder)?.sync_all()
}
