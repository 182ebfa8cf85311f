//! Every lesson has the same shape, every crate knows only whom it may, and
//! what is said once is said once.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::process::Command;

use serde_json::Value;
use tree::{demos, lessons, names, regex, root, text};

mod tree;

#[test]
fn the_top_level_holds_what_was_agreed() {
    let allowed = [
        ".cargo",
        ".ci",
        ".devcontainer",
        ".git",
        ".gitignore",
        ".github",
        ".vscode",
        "ARCHITECTURE.md",
        "CHANGELOG.md",
        "CLASS-COPY.md",
        "CONTRIBUTING.md",
        "Cargo.lock",
        "Cargo.toml",
        "Containerfile",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "SECURITY.md",
        "TEACHING.md",
        "clippy.toml",
        "crates",
        "lessons",
        "rust-toolchain.toml",
        "rustfmt.toml",
        "scripts",
        "target",
        "tests",
        "work",
    ];
    for name in names(".") {
        assert!(allowed.contains(&&*name), "{name} has no place at the top");
    }
}

#[test]
fn every_lesson_has_the_same_files() {
    for lesson in lessons() {
        let folder = format!("lessons/{lesson}");
        let files: Vec<String> = names(&folder)
            .into_iter()
            .filter(|name| name != "exercises")
            .collect();
        assert_eq!(files, ["Cargo.toml", "README.md", "src", "tests"]);
        assert_eq!(
            names(format!("{folder}/tests")),
            ["claims.rs", "transcript.rs"],
            "{lesson}"
        );
        let manifest = text(format!("{folder}/Cargo.toml"));
        assert!(manifest.contains(&format!("name = \"{lesson}\"")));
    }
}

#[test]
fn every_lesson_tests_its_readme_and_its_command_line() {
    let model = text("lessons/lesson-05-pipes/tests/transcript.rs");
    for lesson in lessons() {
        let tests = text(format!("lessons/{lesson}/tests/transcript.rs"));
        assert_eq!(tests, model, "{lesson}/tests/transcript.rs");
    }
}

/// One demo, one file. Another file holds a race that `main.rs` counts, or
/// serves at least two demos.
#[test]
fn every_demo_is_a_file_of_its_name() {
    for lesson in lessons() {
        let folder = format!("lessons/{lesson}/src");
        let files = names(&folder);
        let demos: Vec<String> = demos(&lesson)
            .iter()
            .map(|demo| format!("{}.rs", demo.replace('-', "_")))
            .collect();
        assert!(!demos.is_empty(), "{lesson} has no demos");
        for demo in &demos {
            assert!(files.contains(demo), "{folder}/{demo} is missing");
        }
        for file in files {
            if file == "main.rs" || demos.contains(&file) {
                continue;
            }
            let module = file.trim_end_matches(".rs");
            let uses = regex(&format!(r"\b{module}::"));
            let users: Vec<String> = names(&folder)
                .into_iter()
                .filter(|user| *user != file)
                .filter(|user| uses.is_match(&text(format!("{folder}/{user}"))))
                .collect();
            let is_race = users.contains(&"main.rs".to_owned());
            assert!(
                is_race || users.len() >= 2,
                "{folder}/{file} serves {users:?}"
            );
        }
    }
}

#[test]
fn files_keep_their_budget() {
    for (folder, budget) in [("lessons", 120), ("crates", 400)] {
        for path in sources(folder) {
            let lines = text(&path)
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with("//"))
                .count();
            let is_test = path.contains("/tests/");
            assert!(
                lines <= budget || is_test,
                "{path}: {lines} lines of code, {budget} are allowed"
            );
        }
    }
}

/// Files in which a sleep is spoken of, and why none of them is ordered by it.
const SLEEPS: &[(&str, &str)] = &[
    (
        "crates/observer/src/plan_calls.rs",
        "the word by which a plan names the calls that sleep",
    ),
    (
        "crates/observer/src/waits.rs",
        "the kind of wait that a trace tells of a program that sleeps",
    ),
    (
        "crates/observer/fixtures/planned/main.rs",
        "names of programs whose order by sleep a plan is to break",
    ),
    (
        "crates/observer/tests/plans.rs",
        "runs these programs, and expects that the plan breaks their order",
    ),
    (
        "crates/picture/tests/stage/mod.rs",
        "plays a trace in which a process slept",
    ),
    (
        "crates/observer/tests/full/signals.rs",
        "observes a program that sleeps on behind a signal",
    ),
    ("crates/picture/src/hang.rs", "the kind of wait that ends by itself"),
    ("crates/picture/src/svg.rs", "the words for that kind of wait"),
    (
        "crates/picture/tests/notices.rs",
        "plays a trace in which a process slept",
    ),
    (
        "crates/why/src/wait.rs",
        "the kind of wait that is told of a program that sleeps",
    ),
    (
        "crates/grader/src/rules/waiting.rs",
        "finds who sleeps where it should wait",
    ),
    ("crates/forklore/tests/why.rs", "asks about a program that sleeps"),
    ("crates/why/tests/sentences.rs", "asks about a shell's sleep(1)"),
    (
        "crates/grader/src/rules/staged.rs",
        "the kind of wait in a made-up run of a program that sleeps",
    ),
];

#[test]
fn nothing_is_ordered_by_sleep() {
    // Whatever module it comes from, and as a program too.
    let call = r"thread::sleep|\b(nano|clock_nano|u|)sleep\(|park_timeout";
    let sleep = regex(&format!(r#"{call}|"sleep\b"#));
    let call = regex(call);
    let mut expected: BTreeSet<&str> =
        SLEEPS.iter().map(|(path, _)| *path).collect();
    let sources: Vec<String> = ["lessons", "crates", "tests"]
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|path| path != "tests/shape.rs")
        // Answers are what is judged, wrong ones and hostile ones too.
        .filter(|path| !path.contains("/exercises/"))
        .filter(|path| !path.starts_with("crates/forklore/fixtures/"))
        .filter(|path| !path.starts_with("tests/hostile/"))
        .collect();
    for path in sources.iter().filter(|path| sleep.is_match(&text(path))) {
        assert!(expected.remove(&**path), "{path} sleeps");
        assert!(!call.is_match(&text(path)), "{path} may not sleep itself");
    }
    assert!(expected.is_empty(), "these speak of no sleep: {expected:?}");
}

#[test]
fn no_test_forks() {
    let fork = regex(
        r"\bv?fork\(|\bdaemon\(|pre_exec\(|posix_spawn\(|SYS_(v?fork|clone)",
    );
    let tests = |path: &str| {
        let code = text(path);
        let unit_tests = code.split_once("#[cfg(test)]");
        match path.contains("tests/") {
            true => code,
            false => unit_tests.map_or("", |(_, tests)| tests).to_owned(),
        }
    };
    let found: Vec<String> = ["lessons", "crates", "tests"]
        .iter()
        .flat_map(|folder| sources(folder))
        .filter(|path| path != "tests/shape.rs")
        // A program that tests run, and no test harness.
        .filter(|path| !path.starts_with("crates/observer/tests/observed/"))
        .filter(|path| !path.starts_with("tests/hostile/"))
        .filter(|path| fork.is_match(&tests(path)))
        .collect();
    assert!(found.is_empty(), "these fork in a test: {found:?}");
}

/// The `.rs` files below a folder, as paths from the root.
fn sources(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if root().join(&path).is_dir() {
            found.extend(sources(&path));
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
    found
}

/// ARCHITECTURE.md lists, in its ```` ```arrows ```` block, whom each package
/// may know. `PACKAGE (tests) -> …` are dependencies of tests only.
#[test]
fn every_package_knows_only_whom_it_may() {
    let allowed = arrows();
    for (package, known) in dependencies() {
        let rule = match package.split_once(" (tests)") {
            Some((name, _)) if name.starts_with("lesson-") => {
                "lesson (tests)".to_owned()
            }
            _ => package.clone(),
        };
        let Some(may_know) = allowed.get(&rule) else {
            assert!(
                known.is_empty(),
                "{rule} -> {known:?} stands not in ARCHITECTURE.md"
            );
            continue;
        };
        let stray: Vec<_> = known.difference(may_know).collect();
        assert!(
            stray.is_empty(),
            "{rule} -> {stray:?} stands not in ARCHITECTURE.md"
        );
    }
}

fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let page = text("ARCHITECTURE.md");
    let (_, block) = page.split_once("```arrows\n").expect("an arrows block");
    let (block, _) = block.split_once("\n```").expect("its end");
    block
        .lines()
        .map(|line| {
            let (from, to) = line.split_once(" -> ").expect("an arrow");
            let to = to.split_whitespace().map(str::to_owned).collect();
            (from.trim().to_owned(), to)
        })
        .collect()
}

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = env::var("CARGO").expect("cargo runs this test");
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo can be run");
    let metadata: Value =
        serde_json::from_slice(&output.stdout).expect("metadata is JSON");
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in metadata["packages"].as_array().expect("packages") {
        let name = package["name"].as_str().expect("a name");
        for known in package["dependencies"].as_array().expect("a list") {
            let key = match known["kind"].as_str() {
                Some("dev") => format!("{name} (tests)"),
                _ => name.to_owned(),
            };
            let known = known["name"].as_str().expect("a name").to_owned();
            all.entry(key).or_default().insert(known);
        }
    }
    all
}

#[test]
fn every_version_is_said_once_in_the_root() {
    let inherited = regex(r"^[a-z0-9_-]+(\.workspace = true| = \{ workspace)");
    for package in packages() {
        let manifest = text(format!("{package}/Cargo.toml"));
        let mut inside = false;
        for line in manifest.lines().filter(|line| !line.is_empty()) {
            if line.starts_with('[') {
                inside = line.ends_with("dependencies]");
            } else if inside {
                assert!(inherited.is_match(line), "{package}: {line}");
            }
        }
    }
}

fn packages() -> Vec<String> {
    let crates = names("crates").into_iter().map(|n| format!("crates/{n}"));
    let lessons = lessons().into_iter().map(|n| format!("lessons/{n}"));
    crates.chain(lessons).chain(["tests".to_owned()]).collect()
}

#[test]
fn every_package_keeps_the_lints() {
    for package in packages() {
        let manifest = text(format!("{package}/Cargo.toml"));
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{package} does not inherit the lints"
        );
    }
}

/// Where tests are ignored for want of answers, that is said openly: by the
/// page that `scripts/class-copy` writes, and only where there are none.
#[test]
fn answers_are_missing_only_in_a_copy_that_says_so() {
    let is_copy = names(".").contains(&"CLASS-COPY.md".to_owned());
    let manifest = text("crates/forklore/Cargo.toml");
    let ignores = manifest.contains("\ndefault = [\"without-answers\"]\n");
    assert_eq!(ignores, is_copy, "the feature of crates/forklore");
    for lesson in lessons() {
        let folder = format!("lessons/{lesson}/exercises");
        if !root().join(&folder).is_dir() {
            continue;
        }
        for exercise in names(&folder) {
            let files = names(format!("{folder}/{exercise}"));
            for start in ["right", "wrong-"] {
                let has = files
                    .iter()
                    .any(|it| it.starts_with(start) && it.ends_with(".rs"));
                assert_ne!(has, is_copy, "{folder}/{exercise}: {start}");
            }
        }
    }
}

#[test]
fn a_test_that_needs_an_answer_is_ignored_where_there_is_none() {
    let folder = "crates/forklore/tests";
    let answer = regex(r#""lessons/lesson-[^"]*/exercises/"#);
    let mark = "#[cfg_attr(feature = \"without-answers\", ignore";
    let mut marked = 0;
    for name in names(folder) {
        let path = format!("{folder}/{name}");
        if !name.ends_with(".rs") {
            continue;
        }
        for test in text(&path).split("#[test]\n").skip(1) {
            let is_marked = test.starts_with(mark);
            assert!(is_marked || !answer.is_match(test), "{path}: {test}");
            marked += usize::from(is_marked);
        }
    }
    assert!(marked > 0, "nothing was looked at");
}

#[test]
fn the_changelog_knows_the_current_version() {
    let manifest = text("Cargo.toml");
    let version = regex(r#"(?m)^version = "([^"]+)""#);
    let version = &version.captures(&manifest).expect("a version")[1];
    assert!(text("CHANGELOG.md").contains(&format!("## {version}")));
}

#[test]
fn the_toolchain_is_the_one_the_manifest_asks_for() {
    let manifest = text("Cargo.toml");
    let asked = regex(r#"rust-version = "([0-9.]+)""#);
    let asked = &asked.captures(&manifest).expect("a rust-version")[1];
    let pinned = format!("channel = \"{asked}");
    assert!(text("rust-toolchain.toml").contains(&pinned), "{pinned}");
}

#[test]
fn the_readme_leads_to_every_lesson() {
    let readme = text("README.md");
    for lesson in lessons() {
        let link = format!("](lessons/{lesson}/README.md)");
        assert!(readme.contains(&link), "README.md has no link {link}");
    }
}

#[test]
fn every_script_says_what_it_does() {
    for name in names("scripts") {
        let script = text(format!("scripts/{name}"));
        let mut lines = script.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("#!/"), "scripts/{name}: no #! line");
        let second = lines.next().unwrap_or_default();
        assert!(second.starts_with("# "), "scripts/{name} says nothing");
    }
}
