//! The names that somebody may have meant.

/// At most three of the names, those that differ least; none that differs in
/// more than half of its letters.
pub fn nearest(name: &str, names: &[&str]) -> Vec<String> {
    // A longer one is no slip of the finger.
    let name: String = name.chars().take(64).collect();
    let mut found: Vec<(usize, &str)> = names
        .iter()
        .filter_map(|it| {
            let is_part = name.len() > 2 && it.contains(&*name);
            let far = if is_part { 0 } else { distance(&name, it) };
            (far * 2 <= it.chars().count()).then_some((far, *it))
        })
        .collect();
    found.sort();
    found.into_iter().take(3).map(|(_, it)| it.to_owned()).collect()
}

/// How many letters are added, left out or replaced.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut before = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = before + usize::from(x != *y);
            before = row[j + 1];
            row[j + 1] = replaced.min(before + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_finds_the_name_that_was_meant() {
        let names = ["pipes-pingpong", "pipes-until-eof", "execution-run"];
        assert_eq!(nearest("pipes-pingpnog", &names), ["pipes-pingpong"]);
        assert_eq!(nearest("until-eof", &names), ["pipes-until-eof"]);
        assert_eq!(nearest("zzz", &names), Vec::<String>::new());
    }
}
