//! `forklore see`: run a command, see its processes.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, value_parser};
use nix::errno::Errno;
use nix::unistd::{AccessFlags, access};
use observer::{Ceilings, Observed, Plan, Request, observe};
use picture::{LaneStyle, Notice, Story, Time, lanes, notices};
use trace::{Copying, Reader};

use crate::{columns, lesson, locale, surroundings};

const COULD_NOT: u8 = 3;
/// As a shell says that a command died of SIGINT.
const INTERRUPTED: u8 = 130;

/// One form of a picture.
type Draw = fn(&Story) -> String;

/// Runs a command and draws what its processes did.
///
/// The command's own output goes where it always goes; the picture comes
/// after it, on standard error, and below it a line for each thing worth
/// noticing.
///
/// What an observer cannot follow fails for the command, and that is told;
/// clone3 fails silently for who calls clone next, as every C library does.
#[derive(Args, Debug)]
#[command(override_usage = "\
forklore see [OPTIONS] -- <COMMAND>...
       forklore see [OPTIONS] -p <LESSON> [-- <ARGUMENTS>...]
       forklore see [OPTIONS] --from <FILE>")]
#[command(after_help = "\
Examples:
  forklore see -- sh -c 'yes | head -1'
  forklore see --step -- make -j2
  forklore see --html run.html --quiet -- ./my-program
  forklore see --from run.jsonl --svg run.svg
  cargo see -p lesson-05-pipes -- end-of-file

Exit codes: 0 drawn, however the command ended; 1 the run was ended early,
2 wrong usage, 3 could not be run, observed or read; 130 drawn, and the command
died of Ctrl-C.

The first Ctrl-C is the command's: it dies of it, or handles it and goes on.
The second ends the run (exit code 1). Either way what happened is drawn.")]
pub(crate) struct See {
    /// Observes this package of the workspace; behind -- come its arguments
    #[arg(short, long, value_name = "LESSON")]
    package: Option<String>,
    /// Draws a trace that was written with --jsonl, and runs nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ["package", "command"])]
    from: Option<PathBuf>,
    /// One column for each event, instead of time: the same in every run
    #[arg(long)]
    step: bool,
    /// Draws with ASCII characters only
    #[arg(long)]
    ascii: bool,
    /// Draws nothing on the terminal
    #[arg(short, long)]
    quiet: bool,
    /// Writes a page that opens in a browser, from the disk
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Writes a drawing
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Writes a Mermaid sequence diagram
    #[arg(long, value_name = "FILE")]
    mermaid: Option<PathBuf>,
    /// Writes Chrome trace JSON, for Perfetto or the Firefox Profiler
    #[arg(long, value_name = "FILE")]
    chrome: Option<PathBuf>,
    /// Writes the trace, as JSON Lines
    #[arg(long, value_name = "FILE")]
    jsonl: Option<PathBuf>,
    /// Ends the run after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..))]
    wall: Option<u64>,
    /// Ends the run when it has created so many processes
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    processes: Option<u32>,
    /// Perturbs the run: `hold A.1 at read 2; no-sleep`
    #[arg(long)]
    plan: Option<Plan>,
    /// The command and its arguments
    #[arg(last = true, required_unless_present_any = ["package", "from"])]
    command: Vec<OsString>,
}

impl See {
    pub(crate) fn run(self) -> ExitCode {
        // A command may take hours: what cannot be written is said before.
        let outcome = self.can_write().and_then(|()| match &self.from {
            Some(path) => self.draw_file(path),
            None => self.observe(),
        });
        match outcome {
            Ok(Observed::Done) => ExitCode::SUCCESS,
            Ok(Observed::Ended) => ExitCode::FAILURE,
            Ok(Observed::Interrupted) => ExitCode::from(INTERRUPTED),
            Ok(Observed::Failed) => ExitCode::from(COULD_NOT),
            Err(error) => {
                // Nobody may be there to hear it.
                writeln!(io::stderr(), "forklore see: {error}").ok();
                ExitCode::from(COULD_NOT)
            }
        }
    }

    fn can_write(&self) -> io::Result<()> {
        let files =
            [&self.html, &self.svg, &self.mermaid, &self.chrome, &self.jsonl];
        files.into_iter().flatten().try_for_each(|path| {
            let here = Path::new(".");
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            let allowed = match path.metadata() {
                Ok(file) if file.is_dir() => Err(Errno::EISDIR),
                Ok(_) => access(path, AccessFlags::W_OK),
                Err(_) => access(
                    folder.unwrap_or(here),
                    AccessFlags::W_OK | AccessFlags::X_OK,
                ),
            };
            allowed.map_err(|errno| named(path)(errno.into()))
        })
    }

    fn observe(&self) -> io::Result<Observed> {
        let mut command = self.command.clone();
        if let Some(package) = &self.package {
            command.insert(0, lesson::build(package)?);
        }
        let ceilings = Ceilings {
            wall: self.wall.map(Duration::from_secs),
            processes: self.processes.map(|most| most as usize),
            ..Default::default()
        };
        let request = Request {
            command,
            environment: surroundings::without_cargo(),
            ceilings,
            confinement: None,
            plan: self.plan.clone(),
            level: None,
            is_live: false,
        };
        let mut run = observe(&request)?;
        let mut trace = run.trace().expect("a new observation has its trace");
        let read = if trace.fill_buf()?.is_empty() {
            Ok(None) // the run was ended before it began
        } else if self.draws_nothing() {
            // The keeper's own words need no check where nobody draws them.
            self.copied(self.copying(trace)?).map(|()| None)
        } else {
            self.read(trace).map(Some)
        };
        let observed = run.finish()?;
        // A keeper that failed has said why.
        if observed != Observed::Failed
            && let Some(story) = read?
        {
            self.draw(&story, observed)?;
        }
        Ok(observed)
    }

    fn draw_file(&self, path: &Path) -> io::Result<Observed> {
        let named = |error: io::Error| {
            io::Error::other(format!("cannot read {}: {error}", path.display()))
        };
        let file = File::open(path).map_err(named)?;
        if path.is_dir() {
            return Err(named(io::Error::other("it is a folder")));
        }
        let place = |path: &Path| path.canonicalize().ok();
        let to = self.jsonl.as_deref().and_then(place);
        if to.is_some() && to == place(path) {
            // Making it anew would empty it.
            return Err(named(io::Error::other("it is to be written, too")));
        }
        let story = self.read(BufReader::new(file)).map_err(|error| {
            let path = path.display();
            io::Error::other(format!(
                "{path} is no whole trace of see --jsonl: {error}"
            ))
        })?;
        self.draw(&story, Observed::Done)?;
        Ok(Observed::Done)
    }

    /// Reads a trace to its end, into the file and into the story.
    fn read(&self, from: impl BufRead) -> io::Result<Story> {
        let mut copy = self.copying(from)?;
        let reader = Reader::new(&mut copy).map_err(io::Error::other)?;
        let header = reader.header().clone();
        let mut failed = None;
        let events = reader.map_while(|event| {
            event.map_err(|error| failed = Some(error)).ok()
        });
        let story = Story::new(&header, events);
        if failed.is_none() && !copy.fill_buf()?.is_empty() {
            let why = "something stands behind its end line";
            return Err(io::Error::other(why));
        }
        self.copied(copy)?;
        failed.map_or(Ok(story), |error| Err(io::Error::other(error)))
    }

    /// Writes what is read of a trace to the file that was asked for.
    fn copying<R: BufRead>(
        &self,
        from: R,
    ) -> io::Result<Copying<R, Box<dyn Write>>> {
        let to: Box<dyn Write> = match &self.jsonl {
            Some(path) => {
                let file = File::create(path).map_err(named(path))?;
                Box::new(BufWriter::new(file))
            }
            None => Box::new(io::sink()),
        };
        Ok(Copying::new(from, to))
    }

    fn copied<R: BufRead, W: Write>(
        &self,
        copy: Copying<R, W>,
    ) -> io::Result<()> {
        let path = self.jsonl.as_deref().unwrap_or(Path::new("the trace"));
        copy.finish().map(drop).map_err(named(path))
    }

    fn draws_nothing(&self) -> bool {
        let files = [&self.html, &self.svg, &self.mermaid, &self.chrome];
        self.quiet && files.iter().all(|file| file.is_none())
    }

    fn draw(&self, story: &Story, observed: Observed) -> io::Result<()> {
        if !self.quiet {
            self.draw_lanes(story, observed)?;
        }
        let forms: [(&Option<PathBuf>, Draw); 4] = [
            (&self.html, picture::html),
            (&self.svg, picture::svg),
            (&self.mermaid, picture::mermaid),
            (&self.chrome, picture::chrome),
        ];
        for (path, draw) in forms {
            if let Some(path) = path {
                fs::write(path, draw(story)).map_err(named(path))?;
            }
        }
        Ok(())
    }

    fn draw_lanes(&self, story: &Story, observed: Observed) -> io::Result<()> {
        let style = LaneStyle {
            width: columns::of(io::stderr()),
            time: if self.step { Time::Step } else { Time::Linear },
            ascii: self.ascii || !locale::is_utf8(),
            colour: true,
        };
        let mut text = format!("\n{}", lanes(story, &style));
        if let Some(says) = story.reservation() {
            text.push_str(&columns::fold(&says, io::stderr()));
            text.push('\n');
        }
        // Who was killed by the keeper, which has said so, is no news.
        let is_news = |notice: &Notice| {
            observed != Observed::Ended || !notice.id.starts_with("killed-")
        };
        for notice in notices(story).into_iter().filter(is_news) {
            let says =
                if self.step { &notice.timeless } else { &notice.sentence };
            text.push_str(&columns::fold(says, io::stderr()));
            text.push('\n');
        }
        match anstream::stderr().write_all(text.as_bytes()) {
            // It was to be seen there, and nothing can be said of it there.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge
                ) =>
            {
                Err(error)
            }
            // The terminal may be gone (SIGHUP): the files are still wanted.
            _ => Ok(()),
        }
    }
}

fn named(path: &Path) -> impl Fn(io::Error) -> io::Error {
    move |error| {
        let path = path.display();
        io::Error::new(error.kind(), format!("cannot write {path}: {error}"))
    }
}
