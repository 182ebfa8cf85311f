//! The text is true: its code is the code, its claims have tests, its links
//! lead somewhere.

use std::collections::BTreeSet;

use place::{Place, places};
use tree::{demos, lessons, names, regex, root, text};

mod place;
mod tree;

#[test]
fn every_code_block_is_the_code() {
    for lesson in lessons() {
        let folder = format!("lessons/{lesson}");
        let readme = text(format!("{folder}/README.md"));
        let blocks = code_blocks(&readme);
        assert!(!blocks.is_empty(), "{lesson}: no code in the README");
        for (source, block) in blocks {
            let Some((file, item)) = source else {
                panic!("{lesson}: no <!-- code: FILE ITEM --> above\n{block}");
            };
            let code = text(format!("{folder}/{file}"));
            let item = item_of(&code, &item)
                .unwrap_or_else(|| panic!("{lesson}: {file} has no {item}"));
            if let Err(line) = quotes(&block, &item) {
                panic!("{lesson}: {file} does not say\n{line}\n--- in\n{item}");
            }
        }
    }
}

/// Any other fence, or any other way to write the command, would show what no
/// test compares.
#[test]
fn every_block_is_of_a_kind_that_a_test_reads() {
    let fence = regex(r"^\s*(```|~~~)");
    let command = regex(r"^\$ cargo run -q -p (\S+)( -- .*| 2>&1)?$");
    for (path, text) in pages() {
        let mut inside = None;
        for line in text.lines() {
            if fence.is_match(line) {
                inside = inside.is_none().then_some(line);
                let kinds = ["rust", "console", "sh", "text", "arrows"];
                let kind = inside.map(|line| line.trim_start_matches("```"));
                // The settings of a class: a test of theirs reads it.
                let is_example = kind == Some("toml") && path == "TEACHING.md";
                let is_known =
                    is_example || kind.is_none_or(|kind| kinds.contains(&kind));
                assert!(is_known, "{path}: a block begins {line}");
            } else if inside.is_some() && line.starts_with("$ ") {
                assert_eq!(inside, Some("```console"), "{path}: {line}");
                let found = command.captures(line);
                let is_run = found.is_some_and(|found| match path.as_str() {
                    "README.md" => lessons().contains(&found[1].to_owned()),
                    _ => path == format!("lessons/{}/README.md", &found[1]),
                });
                let is_known = is_run || line == "$ echo $?";
                assert!(is_known, "{path}: nothing runs {line}");
            }
        }
    }
}

/// Each ```` ```rust ```` block with the file and item that it quotes.
fn code_blocks(readme: &str) -> Vec<(Option<(String, String)>, String)> {
    let mark = regex(r"^<!-- code: (\S+) (\S+) -->$");
    let mut blocks = Vec::new();
    let mut lines = readme.lines().peekable();
    let mut before = "";
    while let Some(line) = lines.next() {
        if line == "```rust" {
            let source = mark
                .captures(before)
                .map(|found| (found[1].to_owned(), found[2].to_owned()));
            let mut block = String::new();
            for line in lines.by_ref().take_while(|line| *line != "```") {
                block.push_str(line);
                block.push('\n');
            }
            blocks.push((source, block));
        }
        before = line;
    }
    blocks
}

/// The text of an item: rustfmt ends it with a closing bracket at its own
/// indentation, so no parser is needed.
fn item_of(code: &str, name: &str) -> Option<String> {
    let kinds = "fn|struct|enum|union|const|static|type|trait|impl|mod";
    let head = regex(&format!(
        r"^( *)(pub(\(\w+\))? )?(const )?(unsafe )?({kinds})(<[^>]*>)? {}\b",
        regex_lite::escape(name)
    ));
    let lines: Vec<&str> = code.lines().collect();
    let start = lines.iter().position(|line| head.is_match(line))?;
    let indent = lines[start].len() - lines[start].trim_start().len();
    let is_last = |line: &&str| {
        let own = line.len() - line.trim_start().len() == indent;
        own && (line.ends_with('}') || line.ends_with(';'))
    };
    let length = lines[start..].iter().position(is_last)? + 1;
    let above = lines[..start]
        .iter()
        .rev()
        .take_while(|line| {
            let line = line.trim_start();
            line.starts_with("//") || line.starts_with("#[")
        })
        .count();
    Some(lines[start - above..start + length].join("\n"))
}

/// Whether the block's lines stand in the item, one behind the other; a line
/// `// …` leaves some out. Returns the first line that does not.
fn quotes(block: &str, item: &str) -> Result<(), String> {
    let item: Vec<&str> = item.lines().collect();
    let mut from = 0;
    for part in regex(r"(?m)^ *// …\n").split(block) {
        let part: Vec<&str> = part.trim_end().lines().collect();
        if part.is_empty() {
            continue;
        }
        let place = item[from..].windows(part.len()).position(|w| w == part);
        match place {
            Some(place) => from += place + part.len(),
            None => {
                let unknown = part.iter().find(|line| !item.contains(line));
                let line = unknown.unwrap_or(&part[0]);
                return Err((*line).to_owned());
            }
        }
    }
    Ok(())
}

#[test]
fn every_claim_has_its_test_and_every_test_its_claim() {
    let cited = regex(r"`claims::(\w+)`");
    let test = regex(r"#\[test\]\nfn (\w+)\(");
    for lesson in lessons() {
        let readme = text(format!("lessons/{lesson}/README.md"));
        let code = text(format!("lessons/{lesson}/tests/claims.rs"));
        let collect = |re: &regex_lite::Regex, text: &str| -> BTreeSet<_> {
            re.captures_iter(text).map(|found| found[1].to_owned()).collect()
        };
        let cited = collect(&cited, &readme);
        let tests = collect(&test, &code);
        assert!(!tests.is_empty(), "{lesson} has no claims");
        for skip in ["#[ignore", "#[cfg("] {
            assert!(!code.contains(skip), "{lesson}: {skip}…] skips a claim");
        }
        assert_eq!(cited, tests, "{lesson}: README on the left");
    }
}

#[test]
fn every_readme_has_the_same_headings_in_order() {
    let headings = [
        "## Place your bet",
        "## The naive way",
        "## The cure",
        "## Also in this lesson",
        "## Experiments",
        "## Check yourself",
        "## In your own program",
        "## Claims",
    ];
    for lesson in lessons() {
        let readme = text(format!("lessons/{lesson}/README.md"));
        let prose = outside_code(&readme);
        let found: Vec<&str> =
            prose.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(found, headings, "{lesson}");
        let number = &lesson["lesson-".len()..][..2];
        assert!(
            readme.starts_with(&format!("# Lesson {number}: ")),
            "{lesson}: the first line"
        );
    }
}

#[test]
fn every_demo_is_shown() {
    for lesson in lessons() {
        let readme = text(format!("lessons/{lesson}/README.md"));
        let demos = demos(&lesson);
        for demo in &demos {
            let command = format!("$ cargo run -q -p {lesson} -- {demo}");
            assert!(readme.contains(&command), "{lesson}: {demo} not shown");
        }
    }
}

/// Whether they show what a run draws is the test `pictures`.
#[test]
fn every_lesson_has_pictures_of_the_naive_way_and_of_the_right_one() {
    for lesson in lessons() {
        let readme = text(format!("lessons/{lesson}/README.md"));
        let places = places(&readme);
        assert!(places.len() >= 2, "{lesson}: the naive way and the right");
        let mut known = demos(&lesson);
        if readme.contains("-- --naive --runs") {
            known.push(ONE_RACE.to_owned());
        }
        are_pictures_of(&known, &lesson, &places);
    }
}

/// One naive run, then one right run.
const ONE_RACE: &str = "--naive --runs 1";

#[test]
fn the_readme_has_a_picture() {
    let places = places(&text("README.md"));
    assert!(!places.is_empty());
    let known: Vec<String> = lessons()
        .iter()
        .flat_map(|lesson| {
            demos(lesson).into_iter().map(move |it| format!("{lesson} {it}"))
        })
        .collect();
    are_pictures_of(&known, "README.md", &places);
}

fn are_pictures_of(known: &[String], page: &str, places: &[Place]) {
    for Place { line, run, shell, block } in places {
        assert!(known.contains(run), "{page}:{line}: picture of {run}");
        assert!(block.is_some(), "{page}:{line}: no ```text block below");
        // Where CI runs, every picture is compared.
        let is_known = shell.as_deref().is_none_or(|shell| shell == "dash");
        assert!(is_known, "{page}:{line}: {shell:?}");
    }
}

#[test]
fn only_known_man_pages_are_cited_and_all_known_ones_are() {
    let page = regex(r"`([A-Za-z_][A-Za-z0-9_.-]*\([1-8]\))`");
    let known: BTreeSet<String> =
        text("tests/man-pages.txt").lines().map(str::to_owned).collect();
    let cited: BTreeSet<String> = pages()
        .iter()
        .flat_map(|(_, text)| {
            page.captures_iter(text)
                .map(|found| found[1].to_owned())
                .collect::<Vec<_>>()
        })
        .collect();
    let unknown: Vec<_> = cited.difference(&known).collect();
    let unused: Vec<_> = known.difference(&cited).collect();
    assert!(unknown.is_empty(), "not in tests/man-pages.txt: {unknown:?}");
    assert!(unused.is_empty(), "cited nowhere: {unused:?}");
}

#[test]
fn every_link_leads_to_a_file() {
    let link = regex(r"\]\(([^)#]+)(#[^)]*)?\)");
    for (path, text) in pages() {
        let folder = root().join(&path);
        let folder = folder.parent().expect("a page is in a folder");
        for found in link.captures_iter(&outside_code(&text)) {
            let target = &found[1];
            if !target.starts_with("http") {
                let file = folder.join(target);
                assert!(file.exists(), "{path}: no file behind {target}");
            }
        }
    }
}

#[test]
fn the_text_has_no_weasel_words() {
    let weasel =
        regex(r"(?i)\b(simply|obviously|basically|trivially|of course|very)\b");
    for (path, text) in pages() {
        for line in outside_code(&text).lines() {
            assert!(!weasel.is_match(line), "{path}: {line}");
            let shouts = line.replace("![", "").replace("<!--", "");
            assert!(!shouts.contains('!'), "{path} shouts: {line}");
        }
    }
}

/// Every Markdown page of the course, with its text.
fn pages() -> Vec<(String, String)> {
    let top = names(".").into_iter().filter(|name| name.ends_with(".md"));
    let lessons = lessons()
        .into_iter()
        .map(|lesson| format!("lessons/{lesson}/README.md"));
    let rules = names("crates/grader/rules")
        .into_iter()
        .map(|name| format!("crates/grader/rules/{name}"));
    let others = ["crates/grader/VOCABULARY.md", COSTS].map(str::to_owned);
    let all = top.chain(lessons).chain(rules).chain(others);
    let all = all.chain(exercises());
    all.map(|path| (path.clone(), text(&path))).collect()
}

/// The chapter on what the mechanisms cost.
const COSTS: &str = "lessons/what-it-costs/README.md";

/// `scripts/bench --write-chapter` puts each figure between its marks; one
/// that somebody wrote by hand would stay as it is when the others change.
#[test]
fn every_measured_figure_of_the_chapter_stands_between_marks() {
    let page = text(COSTS);
    let marked = regex(
        r"(?s)<!-- bench: (table|about).*?<!-- bench: end -->|<!--(fig|ratio) .*?<!--/-->",
    );
    assert!(marked.find_iter(&page).count() > 20, "nothing was looked at");
    let unit = regex(r"\d ?(ns|µs|us|ms|s|GiB/s|k/s|M/s)\b|\d times|\d ?x\b");
    for line in marked.replace_all(&page, "").lines() {
        assert!(!unit.is_match(line), "{COSTS}: {line}");
    }
}

#[test]
fn the_chapter_on_costs_says_for_each_part_what_to_choose() {
    let page = text(COSTS);
    let parts = page.split("\n## ").filter(|part| part.contains(": table "));
    let silent: Vec<&str> = parts
        .filter(|part| !part.contains("**Choose:**"))
        .map(|part| part.lines().next().unwrap_or_default())
        .collect();
    assert!(silent.is_empty(), "{silent:?}");
}

/// The READMEs of all exercises.
fn exercises() -> Vec<String> {
    let folder = |lesson: &String| format!("lessons/{lesson}/exercises");
    lessons()
        .iter()
        .map(folder)
        .filter(|folder| root().join(folder).is_dir())
        .flat_map(|folder| {
            names(&folder)
                .into_iter()
                .map(move |name| format!("{folder}/{name}/README.md"))
        })
        .collect()
}

/// What a rule tells to read is there.
#[test]
fn every_rule_leads_to_a_heading_of_its_lesson() {
    let read = regex(r#"(?m)^Read: (lesson-[a-z0-9-]+), "([^"]+)""#);
    for name in names("crates/grader/rules") {
        let page = text(format!("crates/grader/rules/{name}"));
        let Some(found) = read.captures(&page) else { continue };
        let readme = text(format!("lessons/{}/README.md", &found[1]));
        let heading = &found[2];
        let has = readme
            .lines()
            .any(|line| line.trim_start_matches('#').trim() == heading);
        assert!(has, "{name}: {} has no heading '{heading}'", &found[1]);
    }
}

/// The prose: without fenced blocks, without code spans.
fn outside_code(markdown: &str) -> String {
    let mut prose = String::new();
    let mut inside = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if !inside {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    regex(r"`[^`]*`").replace_all(&prose, "").into_owned()
}
