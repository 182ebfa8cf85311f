//! What two runs of the same program may differ in. This is the whole list.

use regex_lite::{Captures, Regex};

/// Replaces what differs from run to run, and keeps what a reader relies on:
///
/// - a pid (a number behind `pid `, `PID: `, `pid=` or `Pid(`) becomes `P1`,
///   `P2` … by first appearance, so that *the same process* stays the same;
/// - an address (`0x` and six digits or more) becomes `A1`, `A2` …, likewise;
/// - a clock time becomes `HH:MM:SS`;
/// - a measured figure becomes `#`: a number with a decimal point, one before
///   `%`, `ms` or `µs`, or one behind `about `; a test beside it asserts its
///   tolerance;
/// - a bar of any length becomes one block;
/// - in a line of `--naive` the count of wrong naive runs becomes `#`; the
///   count of the right version stays, it must be 0;
/// - several spaces become one, since columns move with their figures.
pub fn normalised(text: &str) -> String {
    let text = numbered(
        text,
        r"(?<before>\b(?:pid|PID|Pid)(?:: |[ =(]))(?<value>\d+)",
        "P",
    );
    let text = numbered(&text, r"(?<before>)(?<value>0x[0-9a-f]{6,})", "A");
    let forms = [
        (r"\b\d\d:\d\d:\d\d\b", "HH:MM:SS"),
        (r"naive wrong in \d+ of", "naive wrong in # of"),
        (r"\babout \d+(\.\d+)?", "about #"),
        (r"\d+\.\d+", "#"),
        (r"\b\d+ ?(%|ms\b|µs)", "# $1"),
        (r"# ?(%|ms\b|µs)", "# $1"),
        (r"█+", "█"),
        (r" {2,}", " "),
        (r" +\n", "\n"),
    ];
    forms.iter().fold(text, |text, (pattern, form)| {
        regex(pattern).replace_all(&text, *form).into_owned()
    })
}

fn numbered(text: &str, pattern: &str, letter: &str) -> String {
    let mut known: Vec<String> = Vec::new();
    regex(pattern)
        .replace_all(text, |found: &Captures<'_>| {
            let value = &found["value"];
            let place = known.iter().position(|known| known == value);
            let place = place.unwrap_or_else(|| {
                known.push(value.to_owned());
                known.len() - 1
            });
            format!("{}{letter}{}", &found["before"], place + 1)
        })
        .into_owned()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns above are valid")
}

#[cfg(test)]
mod tests {
    use super::normalised;

    #[test]
    fn the_same_process_keeps_the_same_name() {
        assert_eq!(
            normalised("pid 812 made PID: 813; Exited(Pid(813), 0) pid=812"),
            "pid P1 made PID: P2; Exited(Pid(P2), 0) pid=P1"
        );
    }

    #[test]
    fn another_relation_of_pids_is_another_text() {
        assert_ne!(normalised("pid 1 pid 2 pid 1"), normalised("pid 1 pid 2"));
        assert_ne!(
            normalised("pid 7, pid 8, then pid 7"),
            normalised("pid 7, pid 8, then pid 8")
        );
    }

    #[test]
    fn figures_become_their_form() {
        assert_eq!(
            normalised("nice  5: 24.7 %  ████  12 ms, 3.06 times, about 40"),
            "nice 5: # % █ # ms, # times, about #"
        );
        assert_eq!(normalised("at 23:15:20"), "at HH:MM:SS");
    }

    #[test]
    fn exact_numbers_stay() {
        let line = "65536 bytes, exit code 44, 5 processes, signal 9";
        assert_eq!(normalised(line), line);
    }

    #[test]
    fn the_right_version_of_a_race_is_compared_exactly() {
        assert_eq!(
            normalised("lost: naive wrong in 71 of 100 runs, right in 0"),
            "lost: naive wrong in # of 100 runs, right in 0"
        );
    }
}
