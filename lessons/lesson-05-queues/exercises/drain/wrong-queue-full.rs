//! The program puts everything into its own queue before anybody takes from it.

use std::error::Error;
use std::process::ExitCode;

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork, getpid};

const LONGEST: usize = 64;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: drain N")?.parse()?;
    let queue = queue()?;
    produce(count, &queue)?;
    // SAFETY: this process has one thread.
    let consumer = match unsafe { fork() } {
        Ok(ForkResult::Child) => leave(consume(&queue)),
        Ok(ForkResult::Parent { child }) => Ok(child),
        Err(errno) => Err(errno),
    };
    let is_well = collect(consumer?)?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn queue() -> nix::Result<MqdT> {
    let name = format!("/drain-{}", getpid());
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let attributes = MqAttr::new(0, 4, LONGEST as i64, 0);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(name.as_str(), flags, mode, Some(&attributes))?;
    mq_unlink(name.as_str())?;
    Ok(queue)
}

fn produce(count: u64, queue: &MqdT) -> nix::Result<()> {
    for number in 1..=count {
        send(queue, format!("Item {number}").as_bytes())?;
    }
    send(queue, b"")
}

fn send(queue: &MqdT, message: &[u8]) -> nix::Result<()> {
    match mq_send(queue, message, 0) {
        Err(Errno::EINTR) => send(queue, message),
        sent => sent,
    }
}

fn consume(queue: &MqdT) -> nix::Result<()> {
    let mut message = [0; LONGEST];
    loop {
        match mq_receive(queue, &mut message, &mut 0) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                let item = String::from_utf8_lossy(&message[..length]);
                println!("Consumed: {item}");
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Ends a child without running the parent's code.
fn leave(result: nix::Result<()>) -> ! {
    let result = result.inspect_err(|error| eprintln!("drain: {error}"));
    // SAFETY: nothing of this process is needed any more.
    unsafe { nix::libc::_exit(i32::from(result.is_err())) }
}

fn collect(child: Pid) -> nix::Result<bool> {
    Ok(matches!(waitpid(child, None)?, WaitStatus::Exited(_, 0)))
}
