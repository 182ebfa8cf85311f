//! What a panic says: where, and why.

/// The first panic that a text tells of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Panic {
    /// File, line and column, as the compiler wrote them.
    place: String,
    /// The first line of its message.
    pub(crate) says: String,
}

impl Panic {
    /// The first in what was written to standard error.
    pub(crate) fn first_in(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let mut lines = text.lines();
        let place = lines
            .find_map(|line| line.split_once(" panicked at "))
            .map(|(_, place)| place.trim_end_matches(':').to_owned())?;
        let says = lines.next().unwrap_or_default().to_owned();
        Some(Self { place, says })
    }

    /// The library in which it happened; `None` if that is the program.
    pub(crate) fn library(&self) -> Option<String> {
        if self.place.starts_with("/rustc/")
            || self.place.contains("/lib/rustlib/src/")
        {
            return Some("the standard library".to_owned());
        }
        // Of a registry, or of the course's own copy of one.
        let (_, behind) = self.place.split_once("/registry/src/")?;
        let package = behind.split('/').nth(1)?;
        let name = package.rsplit_once('-').map_or(package, |(name, _)| name);
        Some(format!("the package {name}"))
    }

    /// `main.rs:12:5`.
    pub(crate) fn line(&self) -> &str {
        self.place.rsplit('/').next().unwrap_or(&self.place)
    }
}

/// The function of the program that a backtrace names first: it has called
/// the library that panicked.
pub(crate) fn own_function(text: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(text);
    let mut frames = text.lines().filter_map(|line| {
        let (number, name) = line.trim_start().split_once(": ")?;
        let is_number = number.bytes().all(|it| it.is_ascii_digit());
        is_number.then_some(name)
    });
    let own = frames.find_map(|name| {
        let name = name.trim_start_matches('<');
        name.strip_prefix("solution::").map(str::to_owned)
    })?;
    let name = own.replace("::{{closure}}", "");
    let end = name.find(|c: char| !(c.is_alphanumeric() || "_:".contains(c)));
    Some(name[..end.unwrap_or(name.len())].to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Panic, own_function};

    fn panic(place: &str) -> Panic {
        let text = format!("hm\nthread 'main' (7) panicked at {place}:\nno\n");
        Panic::first_in(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_place_in_a_library_is_not_the_programs() {
        let own = panic("work/x/src/main.rs:3:5");
        assert_eq!((own.library(), own.line()), (None, "main.rs:3:5"));
        assert_eq!(own.says, "no");
        for (place, library) in [
            (
                "/rustc/59807616e/library/std/src/io/stdio.rs:1165:9",
                "the standard library",
            ),
            (
                "/x/registry/src/index.crates.io-1/sysinfo-unix-0.30.1/src/a.rs:1:2",
                "the package sysinfo-unix",
            ),
        ] {
            assert_eq!(panic(place).library().as_deref(), Some(library));
        }
        assert_eq!(Panic::first_in(b"no panic here\n"), None);
    }

    #[test]
    fn the_nearest_function_of_the_program_is_found() {
        let text = b"stack backtrace:\n   0: __rustc::rust_begin_unwind\n   \
            1: std::io::stdio::_print\n   2: solution::child::speak::{{closure}}\
            \n   3: solution::main\n";
        assert_eq!(own_function(text).as_deref(), Some("child::speak"));
        assert_eq!(own_function(b"   0: std::io::stdio::_print\n"), None);
    }
}
