//! Says once what many processes have in common.

use std::collections::BTreeMap;

use crate::notices::Notice;
use crate::story::{Story, duration};

/// Stands for a length of time in a sentence: no name contains it, since
/// names are without control characters.
pub(crate) const TIME: char = '\u{1}';

/// More names than these become a first and a last one.
const FEW_NAMES: usize = 4;
/// More sentences of one kind about processes of one role become one.
const FEW: usize = 3;

/// A notice about one process that may become one about several.
pub(crate) struct Found {
    process: usize,
    id: &'static str,
    /// What stands before the names.
    before: String,
    /// What stands behind one name, and behind several.
    says: [String; 2],
    us: u64,
}

impl Found {
    pub(crate) fn new(
        process: usize,
        id: &'static str,
        says: [&str; 2],
    ) -> Self {
        let says = says.map(str::to_owned);
        Self { process, id, before: String::new(), says, us: 0 }
    }

    /// The time that [`TIME`] stands for.
    pub(crate) fn taking(self, us: u64) -> Self {
        Self { us, ..self }
    }

    pub(crate) fn behind(self, before: String) -> Self {
        Self { before, ..self }
    }

    fn notice(&self, story: &Story, all: &[&Self]) -> Notice {
        let longest = all.iter().map(|found| found.us).max();
        let time = duration(longest.unwrap_or(self.us));
        let (names, says) = match all {
            [] | [_] => (story.title(self.process), &self.says[0]),
            _ => (names(story, all), &self.says[1]),
        };
        let sentence = format!("{}{names}{says}", self.before);
        let timeless = sentence
            .replace(&format!(" for up to {TIME}"), "")
            .replace(&format!(" for {TIME}"), "");
        Notice {
            who: story.processes[self.process].who.clone(),
            id: self.id,
            sentence: sentence.replace(TIME, &time),
            timeless,
        }
    }
}

/// `A.1, A.2 and A.3 (worker)`, `A.1 … A.50 (50 of worker)`.
fn names(story: &Story, all: &[&Found]) -> String {
    let letters: Vec<String> =
        all.iter().map(|found| story.letter(found.process)).collect();
    let role = &story.processes[all[0].process].name;
    let (last, others) = letters.split_last().expect("there are several");
    if all.len() > FEW_NAMES {
        let count = all.len();
        let of = if role.is_empty() { "" } else { " of " };
        return format!("{} … {last} ({count}{of}{role})", others[0]);
    }
    let names = format!("{} and {last}", others.join(", "));
    if role.is_empty() { names } else { format!("{names} ({role})") }
}

/// One notice for processes of one role of which the same is to be said; of
/// those that differ only in what they name, the first speaks for all.
pub(crate) fn fold(story: &Story, all: Vec<Found>) -> Vec<Notice> {
    let role = |found: &Found| story.processes[found.process].name.as_str();
    let mut alike: BTreeMap<_, Vec<&Found>> = BTreeMap::new();
    for found in &all {
        let key = (found.id, role(found), &found.before, &found.says[1]);
        alike.entry(key).or_default().push(found);
    }
    let mut groups: Vec<Vec<&Found>> = alike.into_values().collect();
    groups.sort_by_key(|group| group[0].process);
    let mut kinds: BTreeMap<_, Vec<&Vec<&Found>>> = BTreeMap::new();
    for group in &groups {
        kinds.entry((group[0].id, role(group[0]))).or_default().push(group);
    }
    let mut kinds: Vec<Vec<&Vec<&Found>>> = kinds.into_values().collect();
    kinds.sort_by_key(|kind| kind[0][0].process);
    let mut notices = Vec::new();
    for kind in kinds {
        let mut said = kind.iter().map(|g| g[0].notice(story, g));
        if kind.len() <= FEW {
            notices.extend(said);
        } else if let Some(mut first) = said.next() {
            let more = kind.len() - 1;
            let more = format!(" (and {more} more like it)");
            first.sentence.push_str(&more);
            first.timeless.push_str(&more);
            notices.push(first);
        }
    }
    notices.sort_by(|a: &Notice, b| a.who.cmp(&b.who));
    notices
}
