//! From the program that wants to observe to its keeper, and back.

use std::env;
use std::ffi::{CString, OsStr, OsString};
use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::{getppid, pipe2};
use trace::{Header, Level, Writer};

use crate::belongings::Belongings;
use crate::ceiling::{Ceilings, Reason, TraceEnd, interrupted};
use crate::closed;
use crate::keeper::Keeper;
use crate::launch::{Failed, launch, refusal, start, trouble_of};
use crate::light::{Watcher, below};
use crate::observation::{
    ENDED, FAILED, INTERRUPTED, Observation, say, say_ended,
};
use crate::order::Order;
use crate::plan::Plan;
use crate::plan_state::Planner;
use crate::search::look_up;
use crate::signals::{Forwarding, Inherited, ignore, outlive_file_limit};
use crate::zombies::ChildrenEnd;

/// The name under which this program is executed as a keeper.
const KEEPER: &str = "forklore-keeper";

/// A run to be observed.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The program and its arguments; the program is looked up on PATH.
    pub command: Vec<OsString>,
    /// Variables to set (`Some`) or to remove (`None`) for it.
    pub environment: Vec<(OsString, Option<OsString>)>,
    /// When to end it.
    pub ceilings: Ceilings,
    /// How to contain it: whatever the program's [`Confine`] reads. A
    /// contained run is refused, and its trace tells, what reaches others.
    pub confinement: Option<Vec<u8>>,
    /// How to perturb it.
    pub plan: Option<Plan>,
    /// How much to see. `None` is as much as this machine allows, and the
    /// trace's header says why it is not more; full where it is refused is an
    /// error.
    pub level: Option<Level>,
    /// Whether what happened can be read as soon as nothing more happens.
    /// Otherwise it comes in larger pieces, which costs the run less.
    pub is_live: bool,
}

/// Where a run reads, writes and stands, if not where this process does.
///
/// Its first process leads a session of its own, so that kill(2) of its own
/// process group reaches nobody outside of the run.
#[derive(Debug)]
pub struct Surroundings {
    /// Its standard input.
    pub stdin: Stdio,
    /// Its standard output.
    pub stdout: Stdio,
    /// Its standard error; the keeper's own line, if there is one, is the
    /// last that comes there.
    pub stderr: Stdio,
    /// Its working directory.
    pub folder: PathBuf,
}

/// Starts the run.
///
/// The thread that calls must live until the run is over: if it ends, so does
/// the run.
///
/// While the run goes on, `SIGINT`, `SIGTERM` and `SIGHUP` do not end this
/// process, unless it handles or ignores them itself, which stays so. The
/// first `SIGINT` is left to the program, which gets it from the terminal;
/// the second, and each of the others, ends the run, and its trace is
/// complete all the same. The program starts with the caller's own mask and
/// dispositions; `SIGPIPE` is as a shell gives it. A standard stream that was
/// closed when this process began is closed for the program too.
///
/// # Errors
/// If there is no such program, it may not be executed, or no keeper can be
/// started.
pub fn observe(request: &Request) -> io::Result<Observation> {
    start_keeper(request, None)
}

/// Starts the run in surroundings of its own.
///
/// # Errors
/// As [`observe`], and if there is no such folder.
pub fn observe_in(
    request: &Request,
    surroundings: Surroundings,
) -> io::Result<Observation> {
    start_keeper(request, Some(surroundings))
}

fn start_keeper(
    request: &Request,
    surroundings: Option<Surroundings>,
) -> io::Result<Observation> {
    let program = request.command.first().filter(|it| !it.is_empty());
    let program = program.ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "no command is given")
    })?;
    let path = look_up(program)?;
    let (read_end, write_end) = pipe2(OFlag::O_CLOEXEC)?;
    let mut signals = Forwarding::new();
    let session = if surroundings.is_some() { "own" } else { "shared" };
    // Surroundings name all three.
    let closed = if surroundings.is_some() { 0 } else { closed::at_begin() };
    let (fd, kept) = (write_end.as_raw_fd(), [session, &closed.to_string()]);
    let mut command = keeper_of(request, kept, &path, fd);
    if let Some(its) = surroundings {
        command.stdin(its.stdin).stdout(its.stdout).stderr(its.stderr);
        command.current_dir(its.folder);
    }
    if signals.ignored_children() {
        let ignore = || Ok(ignore(Signal::SIGCHLD)?);
        // SAFETY: the closure makes one system call.
        unsafe { command.pre_exec(ignore) };
    }
    let keeper = command.spawn()?;
    signals.reach(keeper.id() as i32);
    drop(write_end);
    let trace = Some(BufReader::new(File::from(read_end)));
    Ok(Observation { trace, keeper, signals })
}

/// This program as the keeper of a run, which writes to that descriptor.
fn keeper_of(
    request: &Request,
    inherited: [&str; 2],
    path: &Path,
    trace: RawFd,
) -> Command {
    let confinement = request.confinement.clone().unwrap_or_default();
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0(KEEPER)
        .arg(trace.to_string())
        .arg(std::process::id().to_string())
        .args(request.ceilings.texts())
        .arg(OsStr::from_bytes(&confinement))
        .arg(request.plan.as_ref().map_or_else(String::new, Plan::to_string))
        .arg(match request.level {
            None => "any",
            Some(Level::Full) => "full",
            Some(Level::Light) => "light",
        })
        .args(inherited)
        .arg(if request.is_live { "live" } else { "in pieces" })
        .arg(path)
        .args(&request.command);
    for (name, value) in &request.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let keep_open = move || {
        // SAFETY: the descriptor is open in the parent, and so here.
        let trace = unsafe { BorrowedFd::borrow_raw(trace) };
        fcntl(trace, FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok(())
    };
    // Only the keeper may hold the write end: whoever else is started at
    // this moment would keep the trace from ending.
    // SAFETY: the closure makes one system call.
    unsafe { command.pre_exec(keep_open) };
    command
}

/// If this process was started as a keeper: keeps, and never returns.
///
/// To be called first in `main`, while the process has one thread. From there
/// on a write above `RLIMIT_FSIZE` fails (`EFBIG`), and does not kill this
/// process by SIGXFSZ; the programs that it executes find what it found.
pub fn keeper_main() {
    keeper_main_with(|_| Err(io::Error::other("this program contains no run")));
}

/// Puts a confinement in force in the process that is about to become the
/// program. It may make system calls only.
pub type Confined = Box<dyn Fn() -> Result<(), Errno>>;

/// Makes that, in the keeper, of a request's `confinement`.
pub type Confine = fn(&[u8]) -> io::Result<Confined>;

/// As [`keeper_main`], for a program that contains the runs which it asks to
/// be contained.
pub fn keeper_main_with(confine: Confine) {
    outlive_file_limit();
    let mut arguments = env::args_os();
    if arguments.next().is_none_or(|name| name != KEEPER) {
        return;
    }
    let code = match keep(&arguments.collect::<Vec<_>>(), confine) {
        Ok(code) => code,
        Err(error) => {
            say(&error.to_string());
            FAILED
        }
    };
    // SAFETY: nothing of the program that called may run: it is not this
    // process's business.
    unsafe { libc::_exit(code.into()) }
}

fn number(text: &OsStr) -> Option<u64> {
    text.to_str()?.parse().ok().filter(|number| *number > 0)
}

fn keep(arguments: &[OsString], confine: Confine) -> io::Result<u8> {
    let [fd, parent, ceilings @ ..] = arguments else {
        return Err(not_by_observe());
    };
    let Some((ceilings, rest)) = ceilings.split_first_chunk() else {
        return Err(not_by_observe());
    };
    let [confinement, plan, level, session, closed, live, path, command @ ..] =
        rest
    else {
        return Err(not_by_observe());
    };
    let fd = number(fd).ok_or_else(|| io::Error::other("no descriptor"))?;
    // SAFETY: the descriptor was made for this process and is used here only.
    let trace = unsafe { OwnedFd::from_raw_fd(fd as i32) };
    let trace = close_on_exec(trace)?;
    // Whoever asked may be killed: then the keeper dies, and with it, by
    // PTRACE_O_EXITKILL, the whole run.
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    is_still_wanted(parent)?;
    prctl::set_child_subreaper(true)?;
    let ceilings = Ceilings::of_texts(ceilings.each_ref().map(|it| number(it)));
    let mut inherited = Inherited::take()?;
    inherited.leads_session = session == "own";
    inherited.closed = number(closed).unwrap_or(0) as u8;
    let plan = plan.to_str().filter(|plan| !plan.is_empty());
    let plan = plan.map(str::parse).transpose().map_err(io::Error::other)?;
    let mut run = Run::new(ceilings, plan, path, command, inherited)?;
    run.is_live = live == "live";
    if !confinement.is_empty() {
        run.confined = Some(confine(confinement.as_bytes())?);
    }
    let trace = TraceEnd::new(trace, &ceilings);
    trace.watch()?;
    match level.to_str() {
        Some("light") => run.light(trace, "it was asked for".to_owned()),
        level => run.full(trace, level != Some("full")),
    }
}

fn not_by_observe() -> io::Error {
    io::Error::other("a keeper is started by observe()")
}

fn is_still_wanted(parent: &OsStr) -> io::Result<()> {
    if Some(getppid().as_raw() as u64) == number(parent) {
        return Ok(());
    }
    Err(io::Error::other("the program that asked is gone"))
}

/// What a keeper is to do.
struct Run {
    ceilings: Ceilings,
    plan: Option<Plan>,
    path: CString,
    arguments: Vec<CString>,
    said: Vec<String>,
    inherited: Inherited,
    is_live: bool,
    confined: Option<Confined>,
}

impl Run {
    fn new(
        ceilings: Ceilings,
        plan: Option<Plan>,
        path: &OsStr,
        command: &[OsString],
        inherited: Inherited,
    ) -> io::Result<Self> {
        let said = command.iter().map(|it| it.to_string_lossy().into_owned());
        let arguments = command.iter().map(|it| CString::new(it.as_bytes()));
        Ok(Self {
            ceilings,
            plan,
            path: CString::new(path.as_bytes())?,
            said: said.collect(),
            inherited,
            is_live: false,
            confined: None,
            arguments: arguments.collect::<Result<_, _>>()?,
        })
    }

    /// Level full, if this machine allows it.
    fn full(self, trace: TraceEnd, may_be_light: bool) -> io::Result<u8> {
        let plan = self.plan.as_ref();
        let (path, arguments) = (&self.path, &self.arguments);
        let (inherited, confined) = (&self.inherited, self.confined.as_ref());
        let launched = launch(path, arguments, plan, inherited, confined);
        let launched = match launched {
            Ok(launched) => launched,
            Err(Failed::Refused(call, errno)) => {
                let because = refusal(call, errno);
                if may_be_light {
                    return self.light(trace, because);
                }
                return Err(io::Error::other(because));
            }
            Err(Failed::Other(error)) => return Err(self.cannot_begin(error)),
        };
        let mut header = Header::new(Level::Full, self.said.clone());
        header.plan = plan.map(Plan::to_string);
        let planner = self.plan.clone().map(Planner::new).transpose()?;
        let writer = Writer::new(BufWriter::new(trace), &header)?;
        let order = Order::new(writer, self.is_live);
        let (first, name) = (launched.first, self.name());
        let mut keeper =
            Keeper::new(first, &name, order, self.ceilings, planner);
        if self.confined.is_some() {
            keeper.belongings = Some(Belongings::begin(env::current_dir()?));
        }
        if self.inherited.ignores_children() {
            let first = keeper.tree.process(0);
            first.children_end.set(ChildrenEnd::Ignored);
        }
        let (end, reason, order) = keeper.follow(launched.report);
        let reason = reason.or_else(|| interrupted(end.as_ref()));
        self.finish(reason, order.finish().map(drop), launched.trouble())
    }

    /// Level light, for that reason.
    fn light(self, trace: TraceEnd, because: String) -> io::Result<u8> {
        let needs_full = match (&self.plan, self.ceilings.output) {
            _ if self.confined.is_some() => Some("a contained run"),
            (Some(_), _) => Some("a plan"),
            (None, Some(_)) => Some("a ceiling on output"),
            (None, None) => None,
        };
        if let Some(what) = needs_full {
            return Err(io::Error::other(format!(
                "{what} needs level full, and {because}"
            )));
        }
        let mut header = Header::new(Level::Light, self.said.clone());
        header.because = Some(because);
        guard(|| {
            trace.watch()?;
            let writer = Writer::new(BufWriter::new(trace), &header)?;
            let (first, trouble) =
                start(&self.path, &self.arguments, &self.inherited)?;
            if let Some(error) = trouble_of(trouble) {
                writer.finish()?;
                return Err(self.cannot_begin(error));
            }
            let (name, ceilings) = (self.name(), self.ceilings);
            let mut watcher = Watcher::new(first, &name, writer, ceilings);
            let path = self.path.to_string_lossy();
            watcher.tell_program(&path, &self.said);
            if self.is_live {
                watcher.flush(); // the first process is known from here on
            }
            let (reason, written) = watcher.follow();
            self.finish(reason, written, None)
        })
    }

    fn name(&self) -> String {
        let path = self.path.to_string_lossy();
        let name = path.rsplit('/').next().unwrap_or_default();
        name.chars().take(15).collect()
    }

    /// The keeper's exit code.
    fn finish(
        &self,
        reason: Option<Reason>,
        written: io::Result<()>,
        trouble: Option<io::Error>,
    ) -> io::Result<u8> {
        if reason == Some(Reason::Interrupted) {
            return Ok(INTERRUPTED);
        }
        if let Some(reason) = reason {
            say_ended(reason);
            return Ok(ENDED);
        }
        if let Some(error) = trouble {
            return Err(self.cannot_begin(error));
        }
        written.map(|()| 0)
    }

    fn cannot_begin(&self, error: io::Error) -> io::Error {
        let path = self.path.to_string_lossy();
        let is_there = Path::new(&*path).exists();
        let why = match error.raw_os_error() {
            Some(libc::ENOEXEC) => {
                "it is no program, and no script either: its first line has \
                 no #!"
                    .to_owned()
            }
            Some(libc::ENOENT) if is_there => {
                "what its first line names, or its loader, is not there"
                    .to_owned()
            }
            _ => error.to_string(),
        };
        io::Error::other(format!("cannot execute {path}: {why}"))
    }
}

/// Runs the keeper of level light below a process that outlives it. How it
/// ends by itself is its exit code.
fn guard(work: impl FnOnce() -> io::Result<u8>) -> io::Result<u8> {
    let kept = below(|| {
        work().unwrap_or_else(|error| {
            say(&error.to_string());
            FAILED
        })
    })?;
    Ok(kept.unwrap_or_else(|| {
        say("the keeper was killed; so is the run");
        FAILED
    }))
}

fn close_on_exec(fd: OwnedFd) -> io::Result<OwnedFd> {
    fcntl(&fd, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    Ok(fd)
}
