//! The libraries that a solution may use, built once, and the compiler.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::course::Course;
use crate::trouble::Trouble;

/// The packages that a solution names; whatever they need lies beside them.
const NAMED: &[&str] =
    &["crossbeam_channel", "ipc_channel", "libc", "nix", "sysinfo"];

/// The compiler and the libraries.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Kit {
    pub(crate) rustc: PathBuf,
    /// Each by its name in Rust.
    pub(crate) libraries: Vec<(String, Library)>,
    /// Where the grader keeps what it builds.
    pub(crate) place: PathBuf,
    /// What all of this was built from.
    pub(crate) stamp: String,
}

/// A file, and how it is known again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Library {
    pub(crate) path: PathBuf,
    length: u64,
    changed: Option<SystemTime>,
}

impl Library {
    fn at(path: PathBuf) -> io::Result<Self> {
        let file = fs::metadata(&path)?;
        Ok(Self { path, length: file.len(), changed: file.modified().ok() })
    }
}

impl Kit {
    /// The kit of a course; built by cargo, if it is not there. What cargo
    /// says goes to standard error.
    ///
    /// # Errors
    /// If there is no compiler, or it fails.
    pub fn of(course: &Course) -> Result<Self, Trouble> {
        if let Some(kit) = Self::built(course) {
            return Ok(kit);
        }
        let root = course.root();
        let (place, stamp) = (place(root), stamp(root));
        let page = page(&place, &stamp);
        let rustc = compiler(root)?;
        let libraries = build(root)?;
        let kit = Self { rustc, libraries, place, stamp };
        kit.write(&page).map_err(|error| {
            let page = page.display();
            Trouble::failed(format!("cannot write {page}: {error}"))
        })?;
        Ok(kit)
    }

    /// The kit of a course, if it is built and nothing has changed since.
    pub fn built(course: &Course) -> Option<Self> {
        let root = course.root();
        let stamp = stamp(root);
        Self::read(&page(&place(root), &stamp), &stamp)
    }

    fn read(page: &Path, stamp: &str) -> Option<Self> {
        let kit: Self = serde_json::from_slice(&fs::read(page).ok()?).ok()?;
        let is_there = |library: &Library| {
            Library::at(library.path.clone()).is_ok_and(|it| it == *library)
        };
        let is_same = kit.stamp == stamp
            && kit.rustc.is_file()
            && kit.libraries.iter().all(|(_, it)| is_there(it));
        is_same.then_some(kit)
    }

    fn write(&self, page: &Path) -> io::Result<()> {
        fs::create_dir_all(&self.place)?;
        // Another grader may read at this moment.
        let draft = page.with_extension(std::process::id().to_string());
        fs::write(&draft, serde_json::to_vec(self)?)?;
        fs::rename(&draft, page)
    }

    /// Where all libraries lie.
    pub(crate) fn dependencies(&self) -> Option<&Path> {
        self.libraries.first()?.1.path.parent()
    }
}

/// Where all that is built for a course is kept.
fn place(root: &Path) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root.join("target"), |it| root.join(it));
    target.join("forklore")
}

/// What is known of a kit: a page for each stamp, since who has another
/// environment in the same folder has another kit.
fn page(place: &Path, stamp: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    stamp.hash(&mut hasher);
    place.join(format!("kit-{:016x}.json", hasher.finish()))
}

/// Whatever makes other libraries.
fn stamp(root: &Path) -> String {
    let files = [
        "Cargo.toml",
        "Cargo.lock",
        "crates/kit/Cargo.toml",
        "rust-toolchain.toml",
    ];
    let texts = files
        .map(|file| fs::read_to_string(root.join(file)).unwrap_or_default());
    let variables = ["RUSTUP_TOOLCHAIN", "RUSTFLAGS", "CARGO_HOME"]
        .map(|name| env::var(name).unwrap_or_default());
    let version = env!("CARGO_PKG_VERSION").to_owned();
    [texts.concat(), variables.join("\n"), version].join("\n")
}

/// The compiler itself, and not rustup's stand-in, which costs time.
fn compiler(root: &Path) -> Result<PathBuf, Trouble> {
    let output = Command::new("rustc")
        .args(["--print", "sysroot"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_run("rustc", &error))?;
    if !output.status.success() {
        return Err(Trouble::failed("rustc does not say where it is"));
    }
    let sysroot = String::from_utf8_lossy(&output.stdout);
    Ok(Path::new(sysroot.trim()).join("bin/rustc"))
}

fn cannot_run(program: &str, error: &io::Error) -> Trouble {
    Trouble::failed(format!(
        "cannot run {program}: {error}; Rust comes from https://rustup.rs"
    ))
}

fn build(root: &Path) -> Result<Vec<(String, Library)>, Trouble> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["build", "--package", "kit"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| cannot_run(&cargo.to_string_lossy(), &error))?;
    if !output.status.success() {
        return Err(Trouble::failed(
            "the libraries for the exercises cannot be built; cargo has said \
             why",
        ));
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let messages: Vec<Value> = messages
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    NAMED
        .iter()
        .map(|name| {
            let path = library(&messages, name).ok_or_else(|| {
                Trouble::failed(format!("cargo built no library {name}"))
            })?;
            let shown = path.display().to_string();
            let library = Library::at(path).map_err(|error| {
                Trouble::failed(format!("cannot find {shown}: {error}"))
            })?;
            Ok(((*name).to_owned(), library))
        })
        .collect()
}

fn library(messages: &[Value], name: &str) -> Option<PathBuf> {
    messages
        .iter()
        .filter(|it| it["reason"] == "compiler-artifact")
        .filter(|it| it["target"]["name"] == name)
        .filter(|it| it["target"]["kind"][0] == "lib")
        .flat_map(|it| it["filenames"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .find(|file| file.ends_with(".rlib"))
        .map(PathBuf::from)
}
