//! The dispatcher takes "empty" for the end, and ends the sender.
//! out.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_close, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// A queue's name, which is gone when this is dropped.
struct Name(String);

impl Drop for Name {
    fn drop(&mut self) {
        mq_unlink(self.0.as_str()).ok();
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: priorities NAME FILE";
    let name = std::env::args().nth(1).ok_or(usage)?;
    let file = File::open(std::env::args_os().nth(2).ok_or(usage)?)?;
    let flags = MQ_OFlag::O_CREAT
        | MQ_OFlag::O_EXCL
        | MQ_OFlag::O_RDONLY
        | MQ_OFlag::O_NONBLOCK
        | MQ_OFlag::O_CLOEXEC;
    let attributes = MqAttr::new(0, 10, 512, 0);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(name.as_str(), flags, mode, Some(&attributes))?;
    let name = Name(name);
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            mq_close(queue).ok();
            let sent = send_all(&name.0, file)
                .inspect_err(|error| eprintln!("the sender: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(sent.is_err())) }
        }
        ForkResult::Parent { child } => {
            let dispatched = dispatch(&queue);
            // It may wait for room, and nothing more is to be done.
            kill(child, Signal::SIGKILL)?;
            waitpid(child, None)?;
            dispatched
        }
    }
}

fn send_all(name: &str, file: File) -> Result<(), Box<dyn Error>> {
    let queue = mq_open(name, MQ_OFlag::O_WRONLY, Mode::empty(), None)?;
    let mut input = BufReader::new(file);
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let job = line.trim_end_matches('\n').as_bytes();
        let priority = u32::from(job[0] - b'0');
        while mq_send(&queue, &job[2..], priority) == Err(Errno::EINTR) {}
        line.clear();
    }
    while mq_send(&queue, b"", 0) == Err(Errno::EINTR) {}
    Ok(mq_close(queue)?)
}

fn dispatch(queue: &MqdT) -> Result<(), Box<dyn Error>> {
    // Longer than needed: the attributes would say how long.
    let mut message = vec![0; 8192];
    loop {
        let mut priority = 0;
        match mq_receive(queue, &mut message, &mut priority) {
            Ok(0) | Err(Errno::EAGAIN) => return Ok(()),
            Ok(length) => {
                let text = std::str::from_utf8(&message[..length])?;
                println!("{priority} {text}");
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}
