//! What a verdict depends on beside the source and its student.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use class::Key;
use grader::{Exercise, Trouble};

use super::failed;

/// This program, what each exercise asks, and the options, as one hash for
/// each exercise.
pub(crate) fn depends(
    exercises: &[Exercise],
    options: &[String],
) -> Result<BTreeMap<String, Key>, Trouble> {
    let program = Key::of(&[&read(Path::new("/proc/self/exe"))?]).to_string();
    let options = options.join("\n");
    let key = |exercise: &Exercise| {
        let mut parts = vec![program.clone().into_bytes()];
        parts.push(options.clone().into_bytes());
        for file in exercise.files()? {
            parts.push(read(&file)?);
            let name = file.file_name().unwrap_or_default();
            parts.push(name.as_encoded_bytes().to_vec());
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Ok((exercise.id().to_owned(), Key::of(&parts)))
    };
    exercises.iter().map(key).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, Trouble> {
    fs::read(path).map_err(|error| failed("read", path, &error))
}
