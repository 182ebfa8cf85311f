//! A share of a class, for one machine of several.

use std::env;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::record::Key;

/// The `k`-th of `n` shares, from 1.
///
/// Who belongs to which share hangs on the student's id alone: one who comes
/// late moves nobody else.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize,
)]
pub struct Shard {
    /// Which one.
    pub k: u32,
    /// Of how many.
    pub n: u32,
}

/// More shares than a class has students help nobody.
const MOST: u32 = 100_000;

impl Shard {
    /// The whole class.
    pub const WHOLE: Self = Self { k: 1, n: 1 };

    /// Whether a student belongs to it.
    pub fn has(self, student: &str) -> bool {
        Key::of(&[b"shard", student.as_bytes()]).number() % self.n == self.k - 1
    }

    /// Whether it is less than the whole class.
    pub fn is_part(self) -> bool {
        self.n > 1
    }

    /// The name of its folder among the results.
    pub fn name(self) -> String {
        format!("shard-{}-of-{}", self.k, self.n)
    }

    /// What the environment says: of Slurm's arrays, of indexed Kubernetes
    /// jobs, of HTCondor, of a GitHub matrix.
    ///
    /// # Errors
    /// Which variables are missing, or do not fit together.
    pub fn of_environment() -> Result<Self, String> {
        Self::of(&|name| env::var(name).ok())
    }

    fn of(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, String> {
        let number = |name: &str| -> Result<Option<u32>, String> {
            let Some(text) = variable(name) else { return Ok(None) };
            let is_wrong =
                || format!("{name} is '{}', no number", grader::clean(&text));
            text.trim().parse().map(Some).map_err(|_| is_wrong())
        };
        let needed = |name: &str, given: &str| {
            number(name)?.ok_or_else(|| {
                format!("{given} is set, and {name} is not: it has to say of how many")
            })
        };
        if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
            let given = "SLURM_ARRAY_TASK_ID";
            // An array that repeats one task of another has that one alone:
            // then the number of shares is said, and tasks count from 0.
            if let Some(n) = number("FORKLORE_SHARDS")? {
                return fit(Some(id), Some(n), given);
            }
            let min = needed("SLURM_ARRAY_TASK_MIN", given)?;
            let max = needed("SLURM_ARRAY_TASK_MAX", given)?;
            let n = max.checked_sub(min).map(|it| it + 1);
            return fit(id.checked_sub(min), n, given);
        }
        for (index, count) in [
            ("JOB_COMPLETION_INDEX", "FORKLORE_SHARDS"),
            ("FORKLORE_PROCESS", "FORKLORE_SHARDS"),
            ("FORKLORE_JOB_INDEX", "FORKLORE_JOB_TOTAL"),
        ] {
            if let Some(id) = number(index)? {
                return fit(Some(id), Some(needed(count, index)?), index);
            }
        }
        Err("no share is named: SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX \
             (Kubernetes), FORKLORE_PROCESS (HTCondor) and FORKLORE_JOB_INDEX \
             (GitHub) are not set; --shard 3/8 names one"
            .to_owned())
    }
}

/// The share with that index, from 0.
fn fit(
    index: Option<u32>,
    n: Option<u32>,
    name: &str,
) -> Result<Shard, String> {
    match (index, n) {
        (Some(index), Some(n)) if index < n && n <= MOST => {
            Ok(Shard { k: index + 1, n })
        }
        _ => Err(format!("{name} does not fit the number of shares")),
    }
}

impl FromStr for Shard {
    type Err = String;

    /// `3/8`, or `auto`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Self::of_environment();
        }
        let parts = text.split_once('/');
        let numbers = parts.and_then(|(k, n)| {
            Some((k.parse::<u32>().ok()?, n.parse::<u32>().ok()?))
        });
        match numbers {
            Some((k, n)) if 1 <= k && k <= n && n <= MOST => Ok(Self { k, n }),
            _ => Err("a share is K/N, such as 3/8, or auto".to_owned()),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.k, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::Shard;

    fn of(variables: &[(&str, &str)]) -> Result<Shard, String> {
        Shard::of(&|name| {
            let mut all = variables.iter();
            all.find(|it| it.0 == name).map(|it| it.1.to_owned())
        })
    }

    #[test]
    fn every_student_is_in_exactly_one_share() {
        for n in [1, 2, 7, 64] {
            for student in 0..500 {
                let student = format!("s{student}");
                let shares = (1..=n).map(|k| Shard { k, n });
                assert_eq!(shares.filter(|it| it.has(&student)).count(), 1);
            }
        }
    }

    #[test]
    fn shares_are_about_as_large_as_each_other_and_stay_so() {
        let count = |k| {
            let shard = Shard { k, n: 4 };
            (0..1000).filter(|it| shard.has(&format!("s{it}"))).count()
        };
        let counts = [count(1), count(2), count(3), count(4)];
        assert!(counts.iter().all(|it| (200..300).contains(it)), "{counts:?}");
        // Results of an older version are merged with those of a newer one.
        assert!(Shard { k: 3, n: 4 }.has("ada"));
    }

    #[test]
    fn each_engine_names_its_share() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "5"),
            ("SLURM_ARRAY_TASK_MIN", "3"),
            ("SLURM_ARRAY_TASK_MAX", "10"),
        ];
        assert_eq!(of(&slurm), Ok(Shard { k: 3, n: 8 }));
        let again = [
            ("SLURM_ARRAY_TASK_ID", "5"),
            ("SLURM_ARRAY_TASK_MIN", "5"),
            ("SLURM_ARRAY_TASK_MAX", "5"),
            ("FORKLORE_SHARDS", "8"),
        ];
        assert_eq!(of(&again), Ok(Shard { k: 6, n: 8 }));
        let kubernetes =
            [("JOB_COMPLETION_INDEX", "0"), ("FORKLORE_SHARDS", "4")];
        assert_eq!(of(&kubernetes), Ok(Shard { k: 1, n: 4 }));
        let condor = [("FORKLORE_PROCESS", "3"), ("FORKLORE_SHARDS", "4")];
        assert_eq!(of(&condor), Ok(Shard { k: 4, n: 4 }));
        let github = [("FORKLORE_JOB_INDEX", "1"), ("FORKLORE_JOB_TOTAL", "2")];
        assert_eq!(of(&github), Ok(Shard { k: 2, n: 2 }));
    }

    #[test]
    fn a_share_that_cannot_be_is_refused() {
        assert!(of(&[]).unwrap_err().contains("--shard 3/8"));
        let alone = [("JOB_COMPLETION_INDEX", "0")];
        assert!(of(&alone).unwrap_err().contains("FORKLORE_SHARDS is not"));
        let beyond = [("FORKLORE_PROCESS", "4"), ("FORKLORE_SHARDS", "4")];
        assert!(of(&beyond).unwrap_err().contains("does not fit"));
        let word = [("FORKLORE_PROCESS", "\u{1b}x"), ("FORKLORE_SHARDS", "4")];
        assert!(of(&word).unwrap_err().contains("no number"));
        for text in ["", "0/4", "5/4", "a/b", "1", "1/1000000"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
        assert_eq!("3/8".parse(), Ok(Shard { k: 3, n: 8 }));
    }
}
