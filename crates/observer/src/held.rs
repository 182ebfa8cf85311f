//! What a run holds beside the memory that its processes have mapped: files
//! without a name, names in shared memory, objects of System V, descriptors.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;

use crate::belongings::Belongings;

const BLOCK: u64 = 512; // of st_blocks, stat(3type)

/// A sum over several processes.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Held {
    /// Bytes of memory that a file or an object is, mapped or not.
    pub(crate) memory: u64,
    /// Bytes of files that somebody has open, and that have no name any more.
    pub(crate) removed: u64,
    /// Open descriptors.
    pub(crate) descriptors: u64,
    /// Who has the most of them.
    pub(crate) most: Option<i32>,
}

/// Looks at these processes, and at what belongs to their run.
pub(crate) fn held(pids: &[i32], belongings: Option<&Belongings>) -> Held {
    let (mut held, mut seen) = (Held::default(), HashSet::new());
    let mut most = 0;
    for pid in pids {
        let count = held.add(*pid, &mut seen);
        if count > most {
            (most, held.most) = (count, Some(*pid));
        }
    }
    held.memory += belongings.map_or(0, Belongings::weight);
    held
}

impl Held {
    /// How many descriptors the process has.
    fn add(&mut self, pid: i32, seen: &mut HashSet<(u64, u64)>) -> u64 {
        let mut count = 0;
        let open = fs::read_dir(format!("/proc/{pid}/fd"));
        for link in open.into_iter().flatten().filter_map(Result::ok) {
            count += 1;
            // Asks what is open, and opens nothing.
            let Ok(file) = fs::metadata(link.path()) else { continue };
            let is_nameless = file.is_file() && file.nlink() == 0;
            if !is_nameless || !seen.insert((file.dev(), file.ino())) {
                continue;
            }
            let place = fs::read_link(link.path()).unwrap_or_default();
            let is_memory =
                ["/memfd:", "/dev/shm/", "/dev/zero"].iter().any(|it| {
                    place
                        .as_os_str()
                        .as_encoded_bytes()
                        .starts_with(it.as_bytes())
                });
            match is_memory {
                true => self.memory += bytes(&file),
                false => self.removed += bytes(&file),
            }
        }
        self.descriptors += count;
        count
    }
}

/// What it takes: holes take nothing.
pub(crate) fn bytes(file: &Metadata) -> u64 {
    file.blocks() * BLOCK
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write;

    use super::held;

    /// Two descriptors of one file count once, what has a name not at all.
    #[test]
    fn files_without_a_name_are_weighed_where_they_lie() {
        let own = std::process::id() as i32;
        let before = held(&[own], None);
        let name = nix::sys::memfd::MFdFlags::empty();
        let memory = nix::sys::memfd::memfd_create("own", name).unwrap();
        let mut memory = File::from(memory);
        memory.write_all(&[1; 1 << 20]).unwrap();
        let again = memory.try_clone().unwrap();
        let after = held(&[own], None);
        assert_eq!(after.memory - before.memory, 1 << 20);
        assert!(after.descriptors >= 2);
        let place = format!("forklore-held-{own}");
        let place = std::env::temp_dir().join(place);
        let mut file = File::create(&place).unwrap();
        file.write_all(&[1; 1 << 20]).unwrap();
        file.sync_all().unwrap();
        assert!(held(&[own], None).removed < 1 << 20);
        fs::remove_file(&place).unwrap();
        let removed = held(&[own], None).removed;
        drop((memory, again));
        assert!(removed >= 1 << 20, "{removed} bytes");
    }
}
