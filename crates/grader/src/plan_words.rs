//! What a plan does, for somebody who has not read how plans are written.

/// A sentence for each act of a plan, without a full stop between.
pub(crate) fn in_words(plan: &str) -> String {
    // How the grader looks, and no perturbation.
    let is_seen = |act: &&str| act.trim() != "stores";
    let acts: Vec<String> = plan.split(';').filter(is_seen).map(act).collect();
    match acts.is_empty() {
        true => "nothing is changed".to_owned(),
        false => acts.join("; "),
    }
}

fn act(act: &str) -> String {
    let words: Vec<&str> = act.split_whitespace().collect();
    match words.as_slice() {
        ["child-first"] => {
            "after each fork the parent is held until the child waits or has \
             ended"
                .to_owned()
        }
        ["parent-first"] => {
            "after each fork the child is held until the parent waits or has \
             ended"
                .to_owned()
        }
        ["no-sleep"] => "every sleep returns at once".to_owned(),
        ["real-time"] => "waits take as long as they say".to_owned(),
        ["one-cpu"] => "all share one CPU".to_owned(),
        ["short-io", ..] => "reads and writes move fewer bytes than they \
                             could"
            .to_owned(),
        ["eintr", .., "seed", _] => {
            "calls that wait are interrupted by signals".to_owned()
        }
        ["hold", who, "at", "every", call] => {
            format!("{who} is held before each {call} until all others wait")
        }
        ["hold", who, "at", call, number] => format!(
            "{who} is held before its {} {call} until all others wait",
            nth(number)
        ),
        ["kill", who, "at", call, number, signal] => {
            format!("{who} gets {signal} before its {} {call}", nth(number))
        }
        ["fail", call, number, errno] => format!(
            "the {} {call} of each process fails with {errno}",
            nth(number)
        ),
        ["fail", who, call, number, errno] => {
            format!("the {} {call} of {who} fails with {errno}", nth(number))
        }
        _ => act.trim().to_owned(),
    }
}

fn nth(number: &str) -> String {
    match number {
        "1" => "first".to_owned(),
        "2" => "second".to_owned(),
        "3" => "third".to_owned(),
        number => format!("{number}th"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn a_plan_is_told_in_words() {
        for (plan, words) in [
            ("no-sleep", "every sleep returns at once"),
            (
                "no-sleep; hold A.1 at exit 1",
                "every sleep returns at once; A.1 is held before its first \
                 exit until all others wait",
            ),
            ("fail A read 4 EIO", "the 4th read of A fails with EIO"),
            (
                "fail fork 3 EAGAIN",
                "the third fork of each process fails with EAGAIN",
            ),
            (
                "kill A.3 at exit 1 SIGKILL",
                "A.3 gets SIGKILL before its first exit",
            ),
            ("real-time", "waits take as long as they say"),
            ("no-sleep; stores", "every sleep returns at once"),
            ("stores", "nothing is changed"),
        ] {
            assert_eq!(in_words(plan), words, "{plan}");
        }
    }
}
