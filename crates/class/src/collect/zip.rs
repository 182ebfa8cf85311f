//! The zip that Canvas or Moodle makes of an assignment.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use grader::clean;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::{Collection, LONGEST, Role};
use crate::roster::Known;

/// A larger packed folder is no solution.
const PACKED: u64 = 64 << 20;
/// More files than that are in no submission.
const FILES: usize = 100_000;

/// Whose file it is, and its path in the submission.
#[derive(Debug, Eq, PartialEq)]
struct Owner<'a> {
    folder: String,
    name: &'a str,
    system: &'static str,
    identifier: &'a str,
    is_late: bool,
    path: &'a str,
}

/// Takes the submissions out of a learning system's zip.
///
/// # Errors
/// If it is no zip, or a name in it climbs out of its folder: then nothing of
/// it is taken. What is wrong with one submission is a line of the collection.
pub fn from_zip(collection: &mut Collection, path: &Path) -> io::Result<()> {
    let mut archive =
        ZipArchive::new(File::open(path)?).map_err(io::Error::other)?;
    let names = names(&mut archive)?;
    for (at, name) in names.iter().enumerate() {
        if name.ends_with('/') {
            continue;
        }
        let owner = of_moodle(name).or_else(|| of_canvas(name));
        let Some(owner) = owner else {
            let name = clean(name);
            let says = format!(
                "'{name}' is named neither as Canvas nor as Moodle does: not \
                 taken"
            );
            collection.lines.push(says);
            continue;
        };
        let known = Known {
            name: owner.name.to_owned(),
            system: owner.system.to_owned(),
            identifier: owner.identifier.to_owned(),
            is_late: owner.is_late,
            submitted: None,
        };
        if collection.enrol(&owner.folder, known) {
            take(collection, &mut archive, at, &owner)?;
        }
    }
    Ok(())
}

fn take<R: Read + Seek>(
    collection: &mut Collection,
    archive: &mut ZipArchive<R>,
    at: usize,
    owner: &Owner<'_>,
) -> io::Result<()> {
    let role = collection.role(owner.path);
    let most = match role {
        Role::Source(..) => LONGEST,
        Role::Packed => PACKED,
        Role::Other => {
            let says = format!("{} is not taken", owner.path);
            collection.note(&owner.folder, &says);
            return Ok(());
        }
    };
    let bytes = match archive.by_index(at).map_err(io::Error::other) {
        Ok(file) => content(file, most),
        Err(error) => Err(error),
    };
    let unpacked = match (bytes, role) {
        (Ok(bytes), Role::Packed) => unpack(collection, &owner.folder, bytes),
        (Ok(bytes), Role::Source(place, version)) => {
            return collection.take(&owner.folder, (place, version), &bytes);
        }
        (Err(error), _) => Err(error),
        (Ok(_), Role::Other) => Ok(()),
    };
    if let Err(error) = unpacked {
        let says = format!("{} is not taken: {error}", owner.path);
        collection.note(&owner.folder, &says);
    }
    Ok(())
}

/// A folder that a student has packed.
fn unpack(
    collection: &mut Collection,
    student: &str,
    bytes: Vec<u8>,
) -> io::Result<()> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(io::Error::other)?;
    for (at, name) in names(&mut archive)?.iter().enumerate() {
        let Role::Source(place, version) = collection.role(name) else {
            continue;
        };
        let file = archive.by_index(at).map_err(io::Error::other)?;
        match content(file, LONGEST) {
            Ok(bytes) => collection.take(student, (place, version), &bytes)?,
            Err(error) => {
                let says = format!("{name} is not taken: {error}");
                collection.note(student, &says);
            }
        }
    }
    Ok(())
}

/// All names, in order.
///
/// # Errors
/// If one leads out of the folder in which it is unpacked.
fn names<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
) -> io::Result<Vec<String>> {
    if archive.len() > FILES {
        let count = archive.len();
        return Err(io::Error::other(format!(
            "it has {count} files, at most {FILES} are looked at"
        )));
    }
    let mut names = Vec::new();
    for at in 0..archive.len() {
        let file = archive.by_index(at).map_err(io::Error::other)?;
        let name = String::from_utf8_lossy(file.name_raw()).into_owned();
        if climbs(&name) {
            return Err(io::Error::other(format!(
                "'{}' in it leads out of its folder: nothing of it is taken",
                clean(&name)
            )));
        }
        names.push(name);
    }
    Ok(names)
}

fn climbs(name: &str) -> bool {
    let name = name.replace('\\', "/");
    let has_drive = name.as_bytes().get(1) == Some(&b':');
    name.starts_with('/')
        || has_drive
        || name.contains('\0')
        || name.split('/').any(|part| part == "..")
}

/// The bytes of a file; what its head says of its length is not believed.
fn content<R: Read>(file: ZipFile<'_, R>, most: u64) -> io::Result<Vec<u8>> {
    if file.is_symlink() {
        return Err(io::Error::other("it is a symbolic link"));
    }
    if file.encrypted() {
        return Err(io::Error::other("it is encrypted"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::other(format!("it has more than {most} bytes"))),
        false => Ok(bytes),
    }
}

/// `Full Name_1234_assignsubmission_file_/path`, or without the folder:
/// `Full Name_1234_assignsubmission_file_name`.
fn of_moodle(name: &str) -> Option<Owner<'_>> {
    const MARK: &str = "_assignsubmission_file_";
    // Newer ones end the folder's name without the last line.
    const FOLDER: &str = "_assignsubmission_file/";
    let (start, path) = match name.split_once(MARK) {
        Some((start, path)) => (start, path.trim_start_matches('/')),
        None => name.split_once(FOLDER)?,
    };
    let (name, identifier) = start.rsplit_once('_')?;
    let is_number = !identifier.is_empty()
        && identifier.bytes().all(|it| it.is_ascii_digit());
    let is_one = is_number && !path.is_empty() && !name.contains('/');
    is_one.then(|| Owner {
        folder: format!("{}_{identifier}", name.trim()),
        name,
        system: "moodle",
        identifier,
        is_late: false,
        path,
    })
}

/// `doejane_LATE_1234_567890_name`: the student, the student's number, the
/// file's number.
fn of_canvas(name: &str) -> Option<Owner<'_>> {
    let is_number =
        |it: &str| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
    let flat = name.rsplit('/').next()?;
    let (student, mut rest) = flat.split_once('_')?;
    let mut is_late = false;
    for mark in ["LATE_", "text_"] {
        if let Some(behind) = rest.strip_prefix(mark) {
            is_late |= mark == "LATE_";
            rest = behind;
        }
    }
    let (identifier, rest) = rest.split_once('_')?;
    let (file, path) = rest.split_once('_')?;
    let is_one = is_number(identifier)
        && is_number(file)
        && !student.is_empty()
        && !path.is_empty();
    is_one.then(|| Owner {
        folder: format!("{student}_{identifier}"),
        name: student,
        system: "canvas",
        identifier,
        is_late,
        path,
    })
}

#[cfg(test)]
mod tests {
    use super::{climbs, of_canvas, of_moodle};

    #[test]
    fn canvas_names_the_student_the_number_and_whether_it_is_late() {
        let owner = of_canvas("doejane_LATE_1234_567890_pipes-pingpong-1.rs");
        let owner = owner.unwrap();
        assert_eq!(owner.folder, "doejane_1234");
        assert_eq!((owner.identifier, owner.is_late), ("1234", true));
        assert_eq!(owner.path, "pipes-pingpong-1.rs");
        let owner =
            of_canvas("submissions/doejane_1234_567890_a_b.rs").unwrap();
        assert_eq!((owner.path, owner.is_late), ("a_b.rs", false));
        for other in ["readme.txt", "a_b_c_d.rs", "_1_2_x.rs", "a_1_2_"] {
            assert_eq!(of_canvas(other), None, "{other}");
        }
    }

    #[test]
    fn moodle_names_the_person_the_participant_and_the_path() {
        for name in [
            "Ada O. Lovelace_77_assignsubmission_file_/work/a.rs",
            "Ada O. Lovelace_77_assignsubmission_file/work/a.rs",
            "Ada O. Lovelace_77_assignsubmission_file_work/a.rs",
        ] {
            let owner = of_moodle(name).unwrap();
            assert_eq!(owner.folder, "Ada O. Lovelace_77");
            assert_eq!((owner.identifier, owner.path), ("77", "work/a.rs"));
        }
        assert_eq!(of_moodle("Ada_x_assignsubmission_file_/a.rs"), None);
        assert_eq!(of_moodle("Ada_77_assignsubmission_onlinetext_/a"), None);
    }

    #[test]
    fn a_name_that_leads_out_is_seen() {
        for name in ["../a", "a/../../b", "/a", "C:\\a", "..\\a", "a\0b"] {
            assert!(climbs(name), "{name:?}");
        }
        assert!(!climbs("a..b/c...rs"));
    }
}
