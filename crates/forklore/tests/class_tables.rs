//! `forklore class`: from submissions elsewhere to marks elsewhere.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use course::{course_of, target};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

mod course;

const SAY: &str = "crates/forklore/fixtures/learn/say";
const ID: &str = "execution-say";

struct Stage {
    course: PathBuf,
}

impl Stage {
    fn new(name: &str) -> Self {
        let this = ("lesson-01-execution", "say", SAY);
        let course = course_of(&format!("tables-{name}"), &[this]);
        Self { course }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.course.join(name)
    }

    fn text(&self, name: &str) -> String {
        let path = self.at(name);
        fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        let folder = path.parent().expect("it has one");
        fs::create_dir_all(folder).expect("the stage holds");
        fs::write(path, text).expect("the stage holds");
    }

    /// A source of the exercise: `right`, `starter`.
    fn answer(&self, name: &str) -> String {
        self.text(&format!("{SAY}/{name}.rs"))
    }

    fn run(&self, words: &[&str]) -> (Option<i32>, String) {
        self.run_with(words, &[])
    }

    fn run_with(
        &self,
        words: &[&str],
        environment: &[(&str, &str)],
    ) -> (Option<i32>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_forklore"))
            .arg("class")
            .args(words)
            .current_dir(&self.course)
            .env("CARGO_TARGET_DIR", target())
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("it can be run");
        let text = String::from_utf8_lossy(&output.stderr);
        // What cargo says while it builds the libraries comes before.
        let own = text.split_inclusive('\n');
        let own = own.filter(|it| it.starts_with("forklore class: "));
        (output.status.code(), own.collect())
    }
}

fn pack(path: &Path, files: &[(&str, &[u8])]) {
    let mut zip = ZipWriter::new(File::create(path).expect("the stage holds"));
    for (name, bytes) in files {
        zip.start_file(*name, SimpleFileOptions::default()).expect("a name");
        zip.write_all(bytes).expect("the stage holds");
    }
    zip.finish().expect("the stage holds");
}

/// As Canvas packs an assignment: one twice, one late, one a folder.
fn pack_week(stage: &Stage) {
    let (right, wrong) = (stage.answer("right"), stage.answer("starter"));
    let folder = stage.at("packed.zip");
    let course = format!("course/work/{ID}/src/main.rs");
    pack(&folder, &[(&course, right.as_bytes()), ("course/x.txt", b"x")]);
    let packed = fs::read(&folder).expect("the stage holds");
    pack(
        &stage.at("week.zip"),
        &[
            ("doejane_11_101_execution-say.rs", wrong.as_bytes()),
            ("doejane_11_102_execution-say-1.rs", right.as_bytes()),
            ("roejohn_LATE_22_103_execution-say.rs", right.as_bytes()),
            ("poemary_33_104_course.zip", &packed),
            ("poemary_33_105_essay.pdf", b"%PDF"),
            ("stray.txt", b"x"),
        ],
    );
}

#[test]
fn a_canvas_zip_becomes_a_class_and_its_marks_go_back_by_number() {
    let stage = Stage::new("canvas");
    pack_week(&stage);
    let (code, stderr) = stage.run(&["collect", "week.zip", "--into", "in"]);
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "forklore class: poemary_33: essay.pdf is not taken",
            "forklore class: 'stray.txt' is named neither as Canvas nor as Moodle \
         does: not taken",
        ]
    );
    assert_eq!(
        stage.text("in/doejane_11/execution-say.rs"),
        stage.answer("right")
    );
    assert!(stage.at("in/poemary_33/work").join(ID).is_dir());

    stage.write("gradebook.csv", GRADEBOOK);
    stage.write("in/class.toml", &CLASS.replace("ROSTER", "../gradebook.csv"));
    let (code, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(0), "{stderr}");
    let note = "forklore class: 1 lines of the roster are about nobody who \
                handed in: they get no mark\n";
    assert_eq!(stderr, note);
    let expected = "Student,ID,SIS User ID,SIS Login ID,Section,Say (4711)\n\
        \x20   Points Possible,,,,,20\n\
        \"Doe, Jane\",11,s1,jane,Main,20\n\
        \"Roe, John\",22,s2,john,Main,18\n\
        \"Poe, Mary\",33,s3,mary,Main,20\n\
        \"Moe, Nobody\",44,s4,moe,Main,\n";
    assert_eq!(stage.text("out/canvas.csv"), expected);
    let page = stage.text("out/pages/students/roejohn_22.html");
    assert!(page.contains("10 % less for coming late"), "{page}");
    assert!(!stage.at("out/moodle.csv").exists());
}

const GRADEBOOK: &str = "\u{feff}Student,ID,SIS User ID,SIS Login ID,Section,\
Quiz (1),Say (4711),Current Score\n\
\x20   Points Possible,,,,,5,10,(read only)\n\
\"Doe, Jane\",11,s1,jane,Main,4,,\n\"Roe, John\",22,s2,john,Main,5,,\n\
\"Poe, Mary\",33,s3,mary,Main,,,\n\"Moe, Nobody\",44,s4,moe,Main,,,\n";

const CLASS: &str = "title = \"Say <b>it</b>\"\nroster = \"ROSTER\"\n\
assignment = \"Say (4711)\"\npoints = 20\n[late]\npercent_per_day = 10\n";

#[test]
fn a_moodle_zip_becomes_a_class_and_the_worksheet_is_filled() {
    let stage = Stage::new("moodle");
    let (right, wrong) = (stage.answer("right"), stage.answer("starter"));
    pack(
        &stage.at("week.zip"),
        &[
            ("Ada L._7_assignsubmission_file_/main.rs", right.as_bytes()),
            ("Bob_8_assignsubmission_file_/execution-say.rs", wrong.as_bytes()),
            ("Bob_8_assignsubmission_onlinetext_/onlinetext.html", b"<p>"),
        ],
    );
    let words = ["collect", "week.zip", "--into", "in", "--exercise", ID];
    assert_eq!(stage.run(&words).0, Some(0));
    let again = stage.run(&words);
    assert_eq!(again.0, Some(3));
    assert!(again.1.contains("nothing is written over"), "{}", again.1);

    stage.write("sheet.csv", SHEET);
    let config = format!(
        "roster = \"sheet.csv\"\n[[override]]\nstudent = \"Bob_8\"\n\
         exercise = \"{ID}\"\npoints = 5\nreason = \"shown in the lab\"\n"
    );
    stage.write("class.toml", &config);
    let words = ["in", "--out", "out", "--config", "class.toml"];
    assert_eq!(stage.run(&words), (Some(0), String::new()));
    let expected = SHEET
        .replace("Ada L.,,100.00", "Ada L.,100,100.00")
        .replace("Bob,12,", "Bob,50,")
        .replace("2,\n", "2,execution-say: 10 of 10\n")
        .replace("3,old", "3,execution-say: 5 of 10 (wrong-output)");
    assert_eq!(stage.text("out/moodle.csv"), expected);
    let page = stage.text("out/pages/students/Bob_8.html");
    assert!(page.contains("decided by hand: shown in the lab"), "{page}");
    let wrong = config.replace("Bob_8", "Rob_8");
    stage.write("class.toml", &wrong);
    let (code, stderr) = stage.run(&words);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("override for 'Rob_8', of whom"), "{stderr}");
}

const SHEET: &str = "Identifier,Full name,Grade,Maximum Grade,Last modified \
(grade),Feedback comments\nParticipant 7,Ada L.,,100.00,2,\n\
Participant 8,Bob,12,100.00,3,old\n";

#[test]
fn a_file_that_climbs_out_of_its_folder_is_told_and_left() {
    let stage = Stage::new("climbs");
    let right = stage.answer("right");
    let good = ("doejane_11_101_execution-say.rs", right.as_bytes());
    let outs = [
        "../../doejane_11_102_execution-say.rs",
        "..\\doejane_11_102_execution-say.rs",
        "/doejane_11_102_execution-say.rs",
    ];
    let [a, b, c] = outs.map(|it| (it, &b"x"[..]));
    pack(&stage.at("bad.zip"), &[good, a, b, c]);
    let (code, stderr) = stage.run(&["collect", "bad.zip", "--into", "in"]);
    assert_eq!(code, Some(0), "{stderr}");
    let told = stderr.matches("leads out of its folder: not taken");
    assert_eq!((told.count(), stderr.lines().count()), (3, 3), "{stderr}");
    let file = stage.text("in/doejane_11/execution-say.rs");
    assert_eq!(file, right);
    assert!(!stage.at("doejane_11_102_execution-say.rs").exists());

    // One that a student has packed is that student's alone, and is left
    // whole.
    let own = ("execution-say.rs", right.as_bytes());
    pack(&stage.at("inner.zip"), &[own, ("../execution-say.rs", b"x")]);
    let inner = fs::read(stage.at("inner.zip")).unwrap();
    let packed = ("roejohn_22_103_work.zip", &inner[..]);
    pack(&stage.at("good.zip"), &[good, packed]);
    let (code, stderr) = stage.run(&["collect", "good.zip", "--into", "ok"]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("roejohn_22: work.zip is not taken"), "{stderr}");
    assert!(!stage.at("ok/roejohn_22/execution-say.rs").exists());
    assert_eq!(stage.text("ok/doejane_11/execution-say.rs"), right);
}

/// As real systems and real people pack: folders of Windows and macOS, names
/// that were numbered, and what nobody can read.
fn pack_anyhow(stage: &Stage, right: &[u8]) {
    let zip = |files: &[(&str, &[u8])]| {
        pack(&stage.at("inner.zip"), files);
        fs::read(stage.at("inner.zip")).expect("the stage holds")
    };
    let windows = zip(&[("work\\execution-say\\src\\main.rs", right)]);
    let apple = zip(&[
        ("say/src/main.rs", right),
        ("say/src/ring.rs", b"mod x"),
        ("__MACOSX/say/src/._main.rs", b"\0\x05\x16\x07"),
    ]);
    let none = zip(&[("a.txt", b"x")]);
    pack(
        &stage.at("week.zip"),
        &[
            ("windows_1_101_work.zip", &windows),
            ("apple_2_102_say.zip", &apple),
            ("none_3_103_a.zip", &none),
            ("tar_4_104_work.tar.gz", b"x"),
            ("a_team_5_105_execution-say (1).rs", right),
            ("anon_xY3Za_106_execution-say.rs", right),
            ("typed_LATE_7_text.html", b"<p>"),
            ("apple_2_108_say-old.rs", b"fn main() {}"),
        ],
    );
}

#[test]
fn what_is_packed_anyhow_is_taken_and_who_has_nothing_is_named_first() {
    let stage = Stage::new("packed");
    let right = stage.answer("right");
    let right = right.as_bytes();
    pack_anyhow(&stage, right);
    let words = ["collect", "week.zip", "--into", "in", "--exercise", ID];
    let (code, stderr) = stage.run(&words);
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<&str> = stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "forklore class: of 3 students nothing is taken: none_3; tar_4; \
             typed_7",
            "forklore class: tar_4: work.tar.gz is not taken: of packed \
             folders, zip alone is read",
            "forklore class: typed_7: text.html is not taken",
        ]
    );
    for file in [
        "windows_1/work/execution-say/src/main.rs",
        "apple_2/execution-say.rs",
        "a_team_5/execution-say.rs",
        "anon_xY3Za/execution-say.rs",
    ] {
        assert_eq!(stage.text(&format!("in/{file}")).as_bytes(), right);
    }
    let students = stage.text("in/students.csv");
    assert!(students.contains("typed_7,typed,canvas,7,yes,"), "{students}");
}

fn git(folder: &Path, words: &[&str], date: &str) {
    let done = Command::new("git")
        .args(["-c", "user.name=x", "-c", "user.email=x@x", "-C"])
        .arg(folder)
        .args(words)
        .env("GIT_COMMITTER_DATE", date)
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdout(Stdio::null())
        .status()
        .expect("git is installed");
    assert!(done.success(), "{words:?}");
}

/// A right answer, then a wrong one; and a link in place of a source.
fn commit_in_time_and_later(stage: &Stage, source: &str) {
    let (right, wrong) = (stage.answer("right"), stage.answer("starter"));
    stage.write(source, &right);
    let ada = stage.at("ada");
    git(&ada, &["init", "-q", "."], "");
    git(&ada, &["add", "."], "");
    git(&ada, &["commit", "-qm", "in time"], "2027-02-01T10:00:00Z");
    stage.write(source, &wrong);
    git(&ada, &["commit", "-qam", "too late"], "2027-02-03T10:00:00Z");
    // A link in a repository is no source.
    let bob = stage.at("bob");
    fs::create_dir(&bob).expect("the stage holds");
    let link = bob.join(format!("{ID}.rs"));
    std::os::unix::fs::symlink("/etc/passwd", link).expect("the stage holds");
    git(&bob, &["init", "-q", "."], "");
    git(&bob, &["add", "."], "");
    git(&bob, &["commit", "-qm", "link"], "2027-02-01T10:00:00Z");
}

/// Whoever could not be read may have solved all.
fn who_was_not_read_is_open(stage: &Stage) {
    let students = stage.text("in/students.csv");
    let moment = "2027-02-01T10";
    let wrong = students.replace(moment, "soon");
    assert_ne!(wrong, students);
    stage.write("in/students.csv", &wrong);
    let (code, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("ada: 'soon"), "{stderr}");
    stage.write("in/students.csv", &students);
    let (code, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(3), "{stderr}");
    let line = "cyd: no verdict: not collected: git says: ";
    assert!(stderr.contains(line), "{stderr}");
    let page = stage.text("out/pages/class.html");
    assert!(page.contains("<li>cyd: not collected: git says: "), "{page}");
    let grades = stage.text("out/grades.csv");
    for (student, state) in [
        ("ada", "judged,pass,yes,yes,10"),
        ("bob", "not handed in,,,,0"),
        ("cyd", "not judged yet,,,,"),
        ("dan", "not handed in,,,,0"),
    ] {
        let row = format!("\n{student},,{ID},{state},10,");
        assert!(grades.contains(&row), "{row}\n{grades}");
    }
}

#[test]
fn a_repository_is_taken_as_it_was_at_the_deadline() {
    let stage = Stage::new("git");
    let right = stage.answer("right");
    let source = format!("ada/work/{ID}/src/main.rs");
    commit_in_time_and_later(&stage, &source);
    let roster = "student,address\nada,ada\nbob,bob\ncyd,nowhere\ndan,-u\n\
                  eve,\"ext::sh -c touch% x\"\nfay,fd::0\nada,bob\n\
                  gus,--upload-pack=touch x\n";
    stage.write("roster.csv", roster);
    let moment = "2027-02-02T00:00:00Z";
    let (code, stderr) = stage.run(&[
        "collect",
        "roster.csv",
        "--into",
        "in",
        "--deadline",
        moment,
    ]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(stage.text(&format!("in/{source}")), right);
    for line in [
        "bob: execution-say.rs is not taken: it is a symbolic link",
        "cyd: not taken: git says: ",
        "dan: not taken: it has no address",
        "eve: not taken: git says: fatal: transport 'ext' not allowed",
        "fay: not taken: git says: fatal: transport 'fd' not allowed",
        "ada: is in the roster twice: the second line is not taken",
        "gus: not taken: it has no address",
    ] {
        assert!(stderr.contains(line), "{line}\n{stderr}");
    }
    assert!(!stage.at("x").exists());
    let students = stage.text("in/students.csv");
    assert!(students.contains("ada,,git,,,2027-02-01T10:00:00"), "{students}");
    who_was_not_read_is_open(&stage);
}

#[test]
fn what_a_student_writes_is_text_on_every_page() {
    let stage = Stage::new("pages");
    let hostile = "<script>alert(1)</script>";
    let source = format!(
        "fn main() {{ println!(\"{hostile}\"); let x: \
         u32 = \"{hostile}\"; }}"
    );
    let name = "<img src=x onerror=alert(1)>";
    stage.write(&format!("in/{name}/{ID}.rs"), &source);
    let source = format!("fn main() {{ println!(\"{hostile}\"); }}");
    stage.write(&format!("in/says/{ID}.rs"), &source);
    let (code, stderr) = stage.run(&["in", "--out", "out"]);
    assert_eq!(code, Some(0), "{stderr}");
    for page in
        ["class.html", "students/says.html", &format!("students/{name}.html")]
    {
        let page = stage.text(&format!("out/pages/{page}"));
        assert!(!page.contains("<script"), "{page}");
        assert!(!page.contains("<img src=x"), "{page}");
        assert!(page.contains("default-src 'none'"), "{page}");
    }
    let page = stage.text("out/pages/students/says.html");
    assert!(page.contains("&lt;script&gt;"), "{page}");
    assert!(page.contains("<h3>wrong-output</h3>"), "{page}");
    assert!(page.contains("data:image/svg+xml;base64,"), "{page}");
    let class = stage.text("out/pages/class.html");
    let row = "<td>wrong-output</td><td>1</td><td>execution-say 1</td>";
    assert!(class.contains(row), "{class}");
    // Its name is no markup in an address, either, and leads to the page.
    let way = "<a href=\"students/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E\
               .html\">";
    assert!(class.contains(way), "{class}");
    assert!(class.contains("prefers-color-scheme:dark"), "{class}");
    // What did not compile has run at no level.
    let levels = "Programs that ran contained in full: ";
    let ran = class.split(levels).nth(1).and_then(|it| it.split('.').next());
    let ran = ran.expect("it is told").split(|c: char| !c.is_ascii_digit());
    let ran = ran.filter_map(|it| it.parse::<u32>().ok()).sum::<u32>();
    assert_eq!(ran, 1, "{class}");
}

const AUTO: &[&str] = &["in", "--out", "out", "--shard", "auto"];
/// As a task of Slurm's array finds it.
const SLURM: &[(&str, &str)] = &[
    ("SLURM_ARRAY_TASK_ID", "1"),
    ("SLURM_ARRAY_TASK_MIN", "0"),
    ("SLURM_ARRAY_TASK_MAX", "1"),
];

/// What was judged in shares is what was judged at once.
fn is_the_whole(stage: &Stage) {
    for file in
        ["records.jsonl", "grades.csv", "canvas.csv", "pages/class.html"]
    {
        let whole = stage.text(&format!("whole/{file}"));
        assert_eq!(stage.text(&format!("out/{file}")), whole, "{file}");
    }
    let lines = stage.text("out/records.jsonl");
    let verdict = |line| {
        let record: Value = serde_json::from_str(line).expect("it is JSON");
        record["verdict"].clone()
    };
    assert!(lines.lines().map(verdict).all(|it| it == "pass"), "{lines}");
    assert_eq!(lines.lines().count(), 6);
}

#[test]
fn shares_are_merged_only_if_each_is_there_once_with_all_records() {
    let stage = Stage::new("shares");
    let right = stage.answer("right");
    for number in 0..6 {
        let source = format!("{right}// {number}\n");
        stage.write(&format!("in/s{number}/{ID}.rs"), &source);
    }
    assert_eq!(stage.run(&["in", "--out", "whole"]).0, Some(0));
    let first = ["in", "--out", "out", "--shard", "1/2"];
    assert_eq!(stage.run(&first).0, Some(0));
    let (code, stderr) = stage.run(&["merge", "out"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("these shares are missing: 2/2"), "{stderr}");
    assert!(!stage.at("out/records").exists());
    assert_eq!(stage.run_with(AUTO, SLURM).0, Some(0));
    let share = stage.at("out/shard-2-of-2");
    let lost = fs::read_dir(share.join("records")).unwrap().next();
    let lost = lost.unwrap().unwrap().path().join(format!("{ID}.json"));
    let record = fs::read(&lost).unwrap();
    fs::write(&lost, &record[..record.len() / 2]).unwrap();
    let (code, stderr) = stage.run(&["merge", "out"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("no record of s"), "{stderr}");
    fs::write(&lost, &record).unwrap();
    let manifest = share.join("class.json");
    let whole = fs::read_to_string(&manifest).unwrap();
    let climbing = whole.replace("\"id\":\"s", "\"id\":\"../s");
    fs::write(&manifest, climbing).unwrap();
    let (code, stderr) = stage.run(&["merge", "out"]);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("' is no name of a student"), "{stderr}");
    fs::write(&manifest, &whole).unwrap();
    let twice = ["out/shard-1-of-2", "out/shard-2-of-2", "out/shard-2-of-2"];
    let mut words = vec!["merge", "again"];
    words.extend(twice.iter().flat_map(|it| ["--from", it]));
    let (code, stderr) = stage.run(&words);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("the share 2/2 is there twice"), "{stderr}");
    assert!(stderr.contains("there twice: s"), "{stderr}");

    assert_eq!(stage.run(&["merge", "out"]), (Some(0), String::new()));
    is_the_whole(&stage);
}

#[test]
fn shares_are_not_merged_without_what_their_marks_hang_on() {
    let stage = Stage::new("settings");
    stage.write(&format!("in/s0/{ID}.rs"), &stage.answer("right"));
    stage.write("in/class.toml", "points = 20\n");
    for share in ["1/2", "2/2"] {
        let words = ["in", "--out", "out", "--resume", "--shard", share];
        assert_eq!(stage.run(&words).0, Some(0));
    }
    let (code, stderr) = stage.run(&["merge", "out"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--submissions DIR names their"), "{stderr}");
    let words = ["merge", "out", "--submissions", "in"];
    assert_eq!(stage.run(&words), (Some(0), String::new()));
    assert!(stage.text("out/canvas.csv").contains("\ns0,,,s0,,20\n"));
}

#[test]
fn what_the_instructor_alone_has_is_judged_too() {
    let stage = Stage::new("overlay");
    let sly = "fn main() {\n    match std::env::args().count() {\n        \
               1 => println!(\"hello\"),\n        _ => println!(\"hm\"),\n    \
               }\n}\n";
    stage.write(&format!("in/sly/{ID}.rs"), sly);
    stage.write(&format!("in/good/{ID}.rs"), &stage.answer("right"));
    stage.write("in/good/execution-own.rs", &stage.answer("right"));
    assert_eq!(stage.run(&["in", "--out", "out"]), (Some(0), String::new()));
    let lines = stage.text("out/records.jsonl");
    assert_eq!(lines.matches("\"pass\"").count(), 2, "{lines}");

    let place = "over/lessons/lesson-01-execution/exercises";
    let run = "[[run]]\nname = \"secret\"\narguments = [\"x\"]\n\
               stdout = \"hello\\n\"\n";
    stage.write(&format!("{place}/say/runs.toml"), run);
    let own = stage.text(&format!("{SAY}/expect.toml"));
    stage.write(&format!("{place}/own/expect.toml"), &own);
    let words = ["in", "--out", "out", "--resume", "--overlay", "over"];
    let (code, stderr) = stage.run(&words);
    assert_eq!(code, Some(0), "{stderr}");
    let lines = stage.text("out/records.jsonl");
    let record = |student: &str, exercise: &str| -> Value {
        let all = lines.lines().map(serde_json::from_str::<Value>);
        let mut all = all.map(Result::unwrap);
        all.find(|it| it["student"] == student && it["exercise"] == exercise)
            .unwrap_or_default()
    };
    assert_eq!(record("sly", ID)["verdict"], "fail", "{lines}");
    assert_eq!(record("sly", ID)["rules"][0][0], "wrong-output", "{lines}");
    assert_eq!(record("good", ID)["verdict"], "pass", "{lines}");
    assert_eq!(record("good", "execution-own")["verdict"], "pass", "{lines}");

    stage.write(&format!("{place}/say/runs.toml"), "title = 1\n");
    let (code, stderr) = stage.run(&words);
    assert_eq!(code, Some(3));
    assert!(stderr.contains("say/runs.toml:1: unknown field"), "{stderr}");
}

#[test]
fn the_job_of_kubernetes_says_of_how_many_shares_each_pod_is_one() {
    let print = |words: &[&str]| {
        Command::new("scripts/class-kubernetes")
            .args(words)
            .current_dir(course::root())
            .output()
            .expect("it can be run")
    };
    let job = print(&["forklore:1", "16", "class"]).stdout;
    let job: Value = serde_json::from_slice(&job).unwrap();
    let spec = &job["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    assert_eq!(spec["completions"], 16);
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["containers"][0]["env"][0]["name"], "FORKLORE_SHARDS");
    assert_eq!(pod["containers"][0]["env"][0]["value"], "16");
    assert_eq!(pod["automountServiceAccountToken"], false);
    // The image's user is no root, and has to write to the volume.
    assert_eq!(pod["securityContext"]["fsGroup"], 1000);
    for words in [&["x\"y", "16", "class"], &["x", "0", "class"]] {
        assert_eq!(print(words).status.code(), Some(2));
    }
}
