//! Runs programs many times and insists that nothing differs and nothing is
//! left behind: `soak RUNS PROGRAM…` (`scripts/soak` builds and calls it).
//!
//! The first half of the runs has the machine as it is, the second half
//! shares it with one busy thread on each CPU.

#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this tool's output is its report")]

use std::env;
use std::fs;
use std::hint::spin_loop;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, waitpid};
use transcript::{normalised, run};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let Some((runs, programs)) = arguments.split_first() else {
        eprintln!("soak: usage: soak RUNS PROGRAM...");
        return ExitCode::from(2);
    };
    if let Some(missing) =
        programs.iter().find(|program| !Path::new(program).is_file())
    {
        eprintln!("soak: {missing} is no program; scripts/soak builds them");
        return ExitCode::from(2);
    }
    let Ok(runs) = runs.parse() else {
        eprintln!("soak: RUNS is a number, not '{runs}'");
        return ExitCode::from(2);
    };
    // Whoever a lesson leaves behind becomes a child of this process, so that
    // waitpid can tell.
    set_child_subreaper(true).expect("any process may become a subreaper");
    let scratch = env::temp_dir().join(format!("soak-{}", process::id()));
    fs::create_dir(&scratch).expect("a folder for the lessons' files");
    let outcome = programs
        .iter()
        .try_for_each(|program| soak(Path::new(program), runs, &scratch));
    fs::remove_dir_all(&scratch).ok();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(difference) => {
            eprintln!("soak: {difference}");
            ExitCode::FAILURE
        }
    }
}

fn soak(program: &Path, runs: u32, scratch: &Path) -> Result<(), String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    print!("{name:<28}");
    io::stdout().flush().ok();
    let names = names_in_memory();
    let check = |reference: &mut Option<String>| {
        let time = once(program, scratch, reference)?;
        let left = names_in_memory();
        if left == names {
            return Ok(time);
        }
        Err(format!("{name} left names behind: {left:?}, before: {names:?}"))
    };

    let mut reference = None;
    let idle_runs = runs.div_ceil(2);
    let idle: Result<Vec<Duration>, String> =
        (0..idle_runs).map(|_| check(&mut reference)).collect();
    let idle = idle?;
    let loaded: Result<Vec<Duration>, String> = under_load(|| {
        (idle_runs..runs).map(|_| check(&mut reference)).collect()
    });
    println!("{} runs; {}", idle.len(), figures(idle));
    let loaded = loaded?;
    println!(
        "{:<28}{} under load; {}; all alike, nothing left",
        "",
        loaded.len(),
        figures(loaded)
    );
    Ok(())
}

/// One run: its transcript must be the reference, which the first run sets.
fn once(
    program: &Path,
    scratch: &Path,
    reference: &mut Option<String>,
) -> Result<Duration, String> {
    let start = Instant::now();
    let run = run(Command::new(program)
        .env("TMPDIR", scratch)
        .stdout(Stdio::piped()));
    let time = start.elapsed();
    let name = program.display();
    if run.code != Some(0) || !run.stderr.is_empty() {
        return Err(format!("{name} failed: {run:#?}"));
    }
    match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        Err(Errno::ECHILD) => {}
        left => return Err(format!("{name} left a process: {left:?}")),
    }
    let files = entries(scratch);
    if !files.is_empty() {
        return Err(format!("{name} left files: {files:?}"));
    }
    let transcript = normalised(&run.stdout);
    let reference = reference.get_or_insert_with(|| transcript.clone());
    if *reference == transcript {
        return Ok(time);
    }
    let mut lines = reference.lines().zip(transcript.lines());
    let difference = lines.find(|(first, now)| first != now);
    Err(format!("{name} printed something else: {difference:#?}"))
}

fn under_load<T>(work: impl FnOnce() -> T) -> T {
    let is_over = AtomicBool::new(false);
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cpus {
            thread::Builder::new()
                .spawn_scoped(scope, || {
                    while !is_over.load(Relaxed) {
                        spin_loop();
                    }
                })
                .expect("this tool may start threads");
        }
        // Dropped in a panic as well: the scope waits for its threads.
        let _stop = Stop(&is_over);
        work()
    })
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

fn figures(mut times: Vec<Duration>) -> String {
    times.sort();
    match (times.get(times.len() / 2), times.last()) {
        (Some(median), Some(longest)) => {
            format!("median {median:.1?}, longest {longest:.1?}")
        }
        _ => "none".to_owned(),
    }
}

/// The names of shared memory, semaphores and queues.
fn names_in_memory() -> Vec<PathBuf> {
    let queues = env::var_os("FORKLORE_MQUEUE")
        .map_or_else(|| PathBuf::from("/dev/mqueue"), PathBuf::from);
    [entries(Path::new("/dev/shm")), entries(&queues)].concat()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}
