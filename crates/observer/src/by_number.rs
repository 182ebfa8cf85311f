//! Maps by a number that the kernel or the keeper has given: half a dozen
//! are asked at each stop, and nobody chooses such numbers to make them slow.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map whose keys are pids, tids or indexes.
pub(crate) type ByNumber<K, V> = HashMap<K, V, BuildHasherDefault<Spread>>;

/// Numbers that follow each other go far apart.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spread(u64);

impl Spread {
    /// 2 to the power of 64 by the golden ratio: odd, its bits well mixed.
    const BY: u64 = 0x9e37_79b9_7f4a_7c15;
}

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_i32(&mut self, number: i32) {
        self.write_u64(u64::from(number as u32));
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        let product = (self.0 ^ number).wrapping_mul(Self::BY);
        // A map takes its place from the low bits, which the high ones of
        // the number do not reach.
        self.0 = product ^ (product >> 32);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::BuildHasher;

    use super::ByNumber;

    #[test]
    fn pids_in_a_row_share_few_places() {
        let map = ByNumber::<i32, ()>::default();
        let of = |pid: i32| map.hasher().hash_one(pid);
        for step in [1, 2, 64, 256, 1024] {
            let hashes = (0..1024).map(|pid| of(pid * step));
            let hashes: Vec<u64> = hashes.collect();
            // A map of so many has twice as many places, and looks at seven
            // high bits to tell apart those that share one.
            let places: HashSet<u64> =
                hashes.iter().map(|hash| hash % 2048).collect();
            assert!(places.len() > 600, "{} for {step}", places.len());
            let tags: HashSet<u64> =
                hashes.iter().map(|hash| hash >> 57).collect();
            assert!(tags.len() > 60, "{} for {step}", tags.len());
        }
    }
}
