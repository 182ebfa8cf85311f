//! posix_spawnp from the right to the left, with file actions.

use std::env::args_os;
use std::error::Error;
use std::ffi::CString;
use std::io::{PipeReader, PipeWriter, pipe};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;
use std::ptr;

use nix::libc;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

unsafe extern "C" {
    static environ: *const *mut libc::c_char;
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<CString> = args_os()
        .skip(1)
        .map(|it| CString::new(it.into_vec()))
        .collect::<Result<_, _>>()?;
    let mut pids = Vec::new();
    let started = start(&arguments, &mut pids);
    let mut code = i32::from(started.is_err());
    for pid in pids {
        // The last command was started first: its status counts first.
        let one = match waitpid(pid, None)? {
            WaitStatus::Exited(_, it) => it,
            WaitStatus::Signaled(_, signal, _) => 128 + signal as i32,
            other => return Err(format!("it has not ended: {other:?}").into()),
        };
        code = if code == 0 { one } else { code };
    }
    started?;
    Ok(ExitCode::from(u8::try_from(code)?))
}

fn start(
    arguments: &[CString],
    pids: &mut Vec<Pid>,
) -> Result<(), Box<dyn Error>> {
    let mut stages: Vec<&[CString]> =
        arguments.split(|it| it.as_bytes() == b"|").collect();
    let mut output: Option<PipeWriter> = None;
    while let Some(stage) = stages.pop() {
        let (input, next) = match stages.is_empty() {
            false => pipe().map(|(read, write)| (Some(read), Some(write)))?,
            true => (None, None),
        };
        pids.push(spawn(stage, input, output)?);
        output = next;
    }
    Ok(())
}

fn spawn(
    stage: &[CString],
    input: Option<PipeReader>,
    output: Option<PipeWriter>,
) -> Result<Pid, Box<dyn Error>> {
    let program = stage.first().ok_or("there is an empty command")?;
    let mut pointers: Vec<*mut libc::c_char> =
        stage.iter().map(|it| it.as_ptr().cast_mut()).collect();
    pointers.push(ptr::null_mut());
    let mut pid = 0;
    // SAFETY: every structure is initialised by its own call, and every
    // pointer lives over the calls.
    let error = unsafe {
        let mut actions = std::mem::zeroed();
        libc::posix_spawn_file_actions_init(&raw mut actions);
        if let Some(input) = &input {
            let fd = input.as_raw_fd();
            libc::posix_spawn_file_actions_adddup2(&raw mut actions, fd, 0);
        }
        if let Some(output) = &output {
            let fd = output.as_raw_fd();
            libc::posix_spawn_file_actions_adddup2(&raw mut actions, fd, 1);
        }
        let mut attributes = std::mem::zeroed();
        libc::posix_spawnattr_init(&raw mut attributes);
        let mut defaults = std::mem::zeroed();
        libc::sigemptyset(&raw mut defaults);
        libc::sigaddset(&raw mut defaults, libc::SIGPIPE);
        libc::posix_spawnattr_setsigdefault(
            &raw mut attributes,
            &raw const defaults,
        );
        let flags = libc::POSIX_SPAWN_SETSIGDEF as libc::c_short;
        libc::posix_spawnattr_setflags(&raw mut attributes, flags);
        libc::posix_spawnp(
            &raw mut pid,
            program.as_ptr(),
            &raw const actions,
            &raw const attributes,
            pointers.as_ptr(),
            environ,
        )
    };
    match error {
        0 => Ok(Pid::from_raw(pid)),
        error => {
            let error = std::io::Error::from_raw_os_error(error);
            Err(format!("{}: {error}", program.to_string_lossy()).into())
        }
    }
}
