//! The zip that Canvas or Moodle makes of an assignment.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek};
use std::path::Path;

use grader::clean;
use zip::ZipArchive;
use zip::read::ZipFile;

use super::{Collection, LONGEST, Rank, Role};
use crate::roster::Known;

/// A larger packed folder is no solution.
const PACKED: u64 = 64 << 20;
/// More files than that are in no submission.
const FILES: usize = 100_000;
/// As many bytes of a name are a folder's name; the rest is the number's.
const NAME: usize = 160;

/// Whose file it is, and its path in the submission.
#[derive(Debug, Eq, PartialEq)]
struct Owner<'a> {
    folder: String,
    name: String,
    system: &'static str,
    identifier: &'a str,
    is_late: bool,
    path: &'a str,
}

/// Takes the submissions out of a learning system's zip.
///
/// # Errors
/// If it is no zip. What is wrong with one file in it, or with one
/// submission, is a line of the collection.
pub fn from_zip(collection: &mut Collection, path: &Path) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(path)?).map_err(|error| {
        io::Error::other(format!("it is no zip, or not whole ({error})"))
    })?;
    let names = names(&mut archive)?;
    for (at, name) in names.iter().enumerate() {
        if name.ends_with('/') || is_litter(name) {
            continue;
        }
        if climbs(name) {
            collection.lines.push(leads_out(name));
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
            name: owner.name.clone(),
            system: owner.system.to_owned(),
            identifier: owner.identifier.to_owned(),
            is_late: owner.is_late,
            ..Known::default()
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
        Role::Packed(_) => PACKED,
        Role::Other => {
            collection.refuse(&owner.folder, owner.path);
            return Ok(());
        }
    };
    let bytes = match archive.by_index(at).map_err(io::Error::other) {
        Ok(file) => content(file, most),
        Err(error) => Err(error),
    };
    let unpacked = match (bytes, role) {
        (Ok(bytes), Role::Packed(version)) => {
            unpack(collection, &owner.folder, version, bytes)
        }
        (Ok(bytes), Role::Source(place, rank)) => {
            return collection.take(&owner.folder, (place, rank), &bytes);
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

/// A folder that a student has packed: one that leads out is taken by nobody.
fn unpack(
    collection: &mut Collection,
    student: &str,
    version: u32,
    bytes: Vec<u8>,
) -> io::Result<()> {
    let mut archive =
        ZipArchive::new(Cursor::new(bytes)).map_err(io::Error::other)?;
    let names = names(&mut archive)?;
    if let Some(name) = names.iter().find(|it| climbs(it)) {
        return Err(io::Error::other(leads_out(name)));
    }
    for (at, name) in names.iter().enumerate() {
        let Role::Source(place, Rank(named, own)) = collection.role(name)
        else {
            continue;
        };
        if is_litter(name) {
            continue;
        }
        let rank = Rank(named, own.max(version));
        let file = archive.by_index(at).map_err(io::Error::other);
        match file.and_then(|it| content(it, LONGEST)) {
            Ok(bytes) => collection.take(student, (place, rank), &bytes)?,
            Err(error) => {
                let says = format!("{name} is not taken: {error}");
                collection.note(student, &says);
            }
        }
    }
    Ok(())
}

/// All names, in order, their parts between slashes.
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
        // Raw: one that cannot be unpacked has a name, too.
        let file = archive.by_index_raw(at).map_err(io::Error::other)?;
        let name = match std::str::from_utf8(file.name_raw()) {
            Ok(name) => name.to_owned(),
            // As packers wrote before there was UTF-8.
            Err(_) => match file.name() {
                Ok(name) => name.into_owned(),
                Err(_) => String::from_utf8_lossy(file.name_raw()).into(),
            },
        };
        // Some of Windows pack with these.
        names.push(name.replace('\\', "/"));
    }
    Ok(names)
}

/// What a system puts beside files, and nobody has handed in.
fn is_litter(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    name.split('/').any(|part| part == "__MACOSX")
        || last.starts_with("._")
        || [".DS_Store", "Thumbs.db", "desktop.ini"].contains(&last)
}

fn leads_out(name: &str) -> String {
    let name = clean(name);
    format!("'{name}' in it leads out of its folder: not taken")
}

fn climbs(name: &str) -> bool {
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
    const MARK: &str = "_assignsubmission_";
    let (start, rest) = name.split_once(MARK)?;
    // Newer ones end the folder's name without the last line.
    let rest = rest.strip_prefix("file").unwrap_or(rest);
    let path = rest.strip_prefix('_').unwrap_or(rest).trim_start_matches('/');
    // Whoever packs it again does so in a folder.
    let start = start.rsplit('/').next()?;
    let (name, identifier) = start.rsplit_once('_')?;
    let is_one = is_number(identifier) && !path.is_empty();
    is_one.then(|| Owner {
        folder: folder_of(name, identifier),
        name: shown(name),
        system: "moodle",
        identifier,
        is_late: false,
        path,
    })
}

/// `doejane_LATE_1234_567890_name`: the student, the student's number, the
/// file's number; without names `anon_AbC12_567890_name`. What was typed in
/// is `doejane_1234_text.html`. A name may have such lines, too.
fn of_canvas(name: &str) -> Option<Owner<'_>> {
    let flat = name.rsplit('/').next()?;
    let mut lines = flat.match_indices('_');
    lines.find_map(|(at, _)| of_canvas_at(&flat[..at], &flat[at + 1..]))
}

/// If the student's number begins there.
fn of_canvas_at<'a>(before: &'a str, rest: &'a str) -> Option<Owner<'a>> {
    let (identifier, rest) = rest.split_once('_')?;
    let (named, is_late) = match before.strip_suffix("_LATE") {
        Some(named) => (named, true),
        None => (before, before == "LATE_anon"),
    };
    let is_anonymous = matches!(named, "anon" | "LATE_anon")
        && identifier.len() == 5
        && identifier.bytes().all(|it| it.is_ascii_alphanumeric());
    let path = match rest.split_once('_') {
        _ if matches!(rest, "text.html" | "link.html") => rest,
        Some((file, path)) if is_number(file) => path,
        _ => return None,
    };
    let is_one = (is_number(identifier) || is_anonymous)
        && !named.is_empty()
        && !path.is_empty();
    let (name, number) = match is_anonymous {
        // No other table knows it by that.
        true => ("anon", ""),
        false => (named, identifier),
    };
    is_one.then(|| Owner {
        folder: folder_of(name, identifier),
        name: shown(name),
        system: "canvas",
        identifier: number,
        is_late,
        path,
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// A name without signs that have no width or turn the direction: they are
/// part of some names, and of no folder's.
fn shown(name: &str) -> String {
    let is_plain = |c: &char| {
        let text = c.to_string();
        clean(&text) == text && *c != '\t'
    };
    name.trim().chars().filter(is_plain).collect()
}

/// The folder of a student: the number tells those of one name apart.
fn folder_of(name: &str, identifier: &str) -> String {
    let name = shown(name);
    let name = name.trim_start_matches('.');
    let cut = (0..=name.len().min(NAME)).rfind(|it| name.is_char_boundary(*it));
    format!("{}_{identifier}", &name[..cut.unwrap_or(0)])
}

#[cfg(test)]
mod tests {
    use super::{climbs, is_litter, of_canvas, of_moodle};

    #[test]
    fn canvas_names_the_student_the_number_and_whether_it_is_late() {
        for (name, folder, path, is_late) in [
            ("doejane_LATE_12_5_a-1.rs", "doejane_12", "a-1.rs", true),
            ("submissions/doejane_12_5_a_b.rs", "doejane_12", "a_b.rs", false),
            ("doejane_12_5_7_8_b.rs", "doejane_12", "7_8_b.rs", false),
            ("a_team_of_3_LATE_12_5_x.rs", "a_team_of_3_12", "x.rs", true),
            ("müller_12_5_x.rs", "müller_12", "x.rs", false),
            ("late_12_5_x.rs", "late_12", "x.rs", false),
            ("anon_xY3Za_5_x.rs", "anon_xY3Za", "x.rs", false),
            ("LATE_anon_xY3Za_5_x.rs", "anon_xY3Za", "x.rs", true),
            ("doejane_12_text.html", "doejane_12", "text.html", false),
            ("doejane_LATE_12_link.html", "doejane_12", "link.html", true),
        ] {
            let owner = of_canvas(name).unwrap_or_else(|| panic!("{name}"));
            assert_eq!(owner.folder, folder, "{name}");
            assert_eq!((owner.path, owner.is_late), (path, is_late), "{name}");
        }
        assert_eq!(of_canvas("doejane_12_5_x").unwrap().identifier, "12");
        assert_eq!(of_canvas("anon_xY3Za_5_x.rs").unwrap().identifier, "");
        for other in ["readme.txt", "a_b_c_d.rs", "_1_2_x.rs", "a_1_2_", "a_1"]
        {
            assert_eq!(of_canvas(other), None, "{other}");
        }
    }

    #[test]
    fn moodle_names_the_person_the_participant_and_the_path() {
        for name in [
            "Ada O. Lovelace_77_assignsubmission_file_/work/a.rs",
            "Ada O. Lovelace_77_assignsubmission_file/work/a.rs",
            "Ada O. Lovelace_77_assignsubmission_file_work/a.rs",
            "week 3/Ada O. Lovelace_77_assignsubmission_file_/work/a.rs",
        ] {
            let owner = of_moodle(name).unwrap();
            assert_eq!(owner.folder, "Ada O. Lovelace_77");
            assert_eq!((owner.identifier, owner.path), ("77", "work/a.rs"));
        }
        assert_eq!(of_moodle("Ada_x_assignsubmission_file_/a.rs"), None);
        let typed = "Ada_77_assignsubmission_onlinetext_/onlinetext.html";
        assert_eq!(of_moodle(typed).unwrap().folder, "Ada_77");
    }

    #[test]
    fn a_name_that_no_folder_can_have_is_a_student_all_the_same() {
        let of = |name: &str| {
            let name = format!("{name}_7_assignsubmission_file_/a.rs");
            of_moodle(&name).map(|it| it.folder)
        };
        let joined = of("\u{645}\u{6cc}\u{200c}\u{632}\u{627}");
        assert_eq!(joined.as_deref(), Some("\u{645}\u{6cc}\u{632}\u{627}_7"));
        assert_eq!(of("..x\n").as_deref(), Some("x_7"));
        let long = of(&"ณ".repeat(90)).unwrap();
        assert_eq!(long, format!("{}_7", "ณ".repeat(53)));
    }

    #[test]
    fn what_a_system_puts_beside_files_is_nobodys() {
        for name in ["__MACOSX/a/._b.rs", "a/._main.rs", "a/.DS_Store"] {
            assert!(is_litter(name), "{name}");
        }
        assert!(!is_litter("a/main.rs"));
    }

    #[test]
    fn a_name_that_leads_out_is_seen() {
        for name in ["../a", "a/../../b", "/a", "C:/a", "a\0b"] {
            assert!(climbs(name), "{name:?}");
        }
        assert!(!climbs("a..b/c...rs"));
    }
}
