//! Strings in the memory of a tracee, several with one call: a call costs
//! more than all that it copies.

use crate::entered::PATH_MAX;
use crate::ptrace::{Tid, read_places, read_string, read_words};

const ARGUMENTS_KEPT: usize = 32;
const ARGUMENT_KEPT: usize = 200;

/// Most strings are shorter.
const PIECE: usize = 256;

/// What execve(2) is given: the path, and the arguments as far as they are
/// kept.
pub(crate) fn program_at(
    tid: Tid,
    path: u64,
    argv: u64,
) -> (String, Vec<String>) {
    let mut path = Start::of(path, PATH_MAX);
    let mut places = [[0; 8]; ARGUMENTS_KEPT];
    let both = &mut [path.place(), (argv, places.as_flattened_mut())];
    let copied = read_places(tid, both);
    let words: [u64; ARGUMENTS_KEPT] =
        if copied == path.length + size_of_val(&places) {
            places.map(u64::from_ne_bytes)
        } else {
            read_words(tid, argv) // which may end where memory does
        };
    let path = path.text(tid, copied);
    let arguments = words.into_iter().take_while(|at| *at != 0).collect();
    (path, strings_at(tid, arguments))
}

fn strings_at(tid: Tid, places: Vec<u64>) -> Vec<String> {
    let starts = places.into_iter().map(|at| Start::of(at, ARGUMENT_KEPT));
    let mut starts: Vec<Start> = starts.collect();
    let mut pieces: Vec<_> = starts.iter_mut().map(Start::place).collect();
    let mut copied = read_places(tid, &mut pieces);
    let texts = starts.iter().map(|start| {
        let text = start.text(tid, copied);
        copied = copied.saturating_sub(start.length);
        text
    });
    texts.collect()
}

/// The first bytes of a string.
#[derive(Debug)]
struct Start {
    at: u64,
    /// Of the string, the kept part.
    limit: usize,
    bytes: [u8; PIECE],
    /// How many of them lie on one page: the next one need not exist.
    length: usize,
}

impl Start {
    fn of(at: u64, limit: usize) -> Self {
        const PAGE: u64 = 4096;
        let length = (PAGE - at % PAGE) as usize;
        let length = length.min(limit).min(PIECE);
        Self { at, limit, bytes: [0; PIECE], length }
    }

    fn place(&mut self) -> (u64, &mut [u8]) {
        (self.at, &mut self.bytes[..self.length])
    }

    /// The string, of whose start and what was read behind it so many bytes
    /// were `copied`.
    fn text(&self, tid: Tid, copied: usize) -> String {
        let bytes = &self.bytes[..self.length];
        let end = bytes.iter().position(|byte| *byte == 0);
        match end.filter(|_| copied >= self.length) {
            Some(end) => String::from_utf8_lossy(&bytes[..end]).into_owned(),
            None => read_string(tid, self.at, self.limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use super::program_at;

    const NOWHERE: u64 = 8;

    fn read(path: u64, argv: &[u64]) -> (String, Vec<String>) {
        let own = std::process::id() as i32;
        program_at(own, path, argv.as_ptr().expose_provenance() as u64)
    }

    fn at(text: &CString) -> u64 {
        text.as_ptr().expose_provenance() as u64
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_behind_it() {
        let [path, first, last] = ["/bin/program", "first", "last"]
            .map(|it| CString::new(it).unwrap());
        let argv = [at(&first), NOWHERE, at(&last), 0];
        let arguments = ["first", "", "last"].map(str::to_owned);
        for (path, name) in [(at(&path), "/bin/program"), (NOWHERE, "")] {
            let found = read(path, &argv);
            assert_eq!(found, (name.to_owned(), arguments.to_vec()));
        }
    }

    #[test]
    fn long_strings_are_read_as_far_as_they_are_kept() {
        let path = CString::new("/folder".repeat(200)).unwrap();
        let long = CString::new("x".repeat(5000)).unwrap();
        let argv: Vec<u64> = [at(&long)].repeat(40);
        let (name, arguments) = read(at(&path), &argv);
        assert_eq!(name.as_bytes(), path.as_bytes());
        assert_eq!(arguments, vec!["x".repeat(200); 32]);
    }

    #[test]
    fn no_arguments_are_none() {
        let path = CString::new("/bin/program").unwrap();
        let own = std::process::id() as i32;
        let found = program_at(own, at(&path), 0);
        assert_eq!(found, ("/bin/program".to_owned(), Vec::new()));
    }
}
