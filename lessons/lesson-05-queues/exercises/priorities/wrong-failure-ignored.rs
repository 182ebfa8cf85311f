//! Where the fork fails, there is nothing to dispatch, and that is all.
//! processes have it open.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

const LONGEST: usize = 512;

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: priorities NAME FILE";
    let name = std::env::args().nth(1).ok_or(usage)?;
    let file = File::open(std::env::args_os().nth(2).ok_or(usage)?)?;
    let flags = MQ_OFlag::O_CREAT | MQ_OFlag::O_EXCL | MQ_OFlag::O_RDWR;
    let attributes = MqAttr::new(0, 10, LONGEST as i64, 0);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(name.as_str(), flags, mode, Some(&attributes))
        .map_err(|errno| format!("cannot make the queue {name}: {errno}"))?;
    mq_unlink(name.as_str())?;
    // SAFETY: this process has one thread.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            let sent = send_all(&queue, file)
                .inspect_err(|error| eprintln!("the sender: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(sent.is_err())) }
        }
        Err(_) => Ok(()),
        Ok(ForkResult::Parent { child }) => {
            dispatch(&queue)?;
            match waitpid(child, None)? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the sender: {status:?}").into()),
            }
        }
    }
}

fn send_all(queue: &MqdT, file: File) -> Result<(), Box<dyn Error>> {
    for line in BufReader::new(file).lines() {
        let line = line?;
        let (priority, text) = line.split_once(' ').ok_or("no priority")?;
        send(queue, text.as_bytes(), priority.parse()?)?;
    }
    Ok(send(queue, b"", 0)?)
}

fn send(queue: &MqdT, message: &[u8], priority: u32) -> nix::Result<()> {
    match mq_send(queue, message, priority) {
        Err(Errno::EINTR) => send(queue, message, priority),
        sent => sent,
    }
}

fn dispatch(queue: &MqdT) -> nix::Result<()> {
    let mut message = [0; LONGEST];
    let mut priority = 0;
    loop {
        match mq_receive(queue, &mut message, &mut priority) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                let text = String::from_utf8_lossy(&message[..length]);
                println!("{priority} {text}");
            }
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
