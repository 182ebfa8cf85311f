//! poll(2) on the queue, which does not block; the jobs are read before the
//! fork, and the sender polls for room.

use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, BorrowedFd};

use nix::errno::Errno;
use nix::mqueue::{
    MQ_OFlag, MqAttr, MqdT, mq_getattr, mq_open, mq_receive, mq_send, mq_unlink,
};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::Mode;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

fn main() -> Result<(), Box<dyn Error>> {
    let usage = "usage: priorities NAME FILE";
    let name = std::env::args().nth(1).ok_or(usage)?;
    let file = File::open(std::env::args_os().nth(2).ok_or(usage)?)?;
    let flags = MQ_OFlag::O_CREAT
        | MQ_OFlag::O_EXCL
        | MQ_OFlag::O_RDWR
        | MQ_OFlag::O_NONBLOCK;
    let attributes = MqAttr::new(0, 10, 512, 0);
    let mode = Mode::S_IRUSR | Mode::S_IWUSR;
    let queue = mq_open(name.as_str(), flags, mode, Some(&attributes))?;
    mq_unlink(name.as_str())?;
    let jobs: Vec<String> =
        BufReader::new(file).lines().collect::<Result<_, _>>()?;
    // SAFETY: this process has one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let sent = send_all(&queue, &jobs)
                .inspect_err(|error| eprintln!("the sender: {error}"));
            // SAFETY: ends the child without running the parent's code.
            unsafe { nix::libc::_exit(i32::from(sent.is_err())) }
        }
        ForkResult::Parent { child } => {
            dispatch(&queue)?;
            match waitpid(child, None)? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(format!("the sender: {status:?}").into()),
            }
        }
    }
}

fn wait_for(queue: &MqdT, what: PollFlags) -> nix::Result<()> {
    let fd: BorrowedFd<'_> = queue.as_fd();
    match poll(&mut [PollFd::new(fd, what)], PollTimeout::NONE) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn send_all(queue: &MqdT, jobs: &[String]) -> Result<(), Box<dyn Error>> {
    for job in jobs {
        let (priority, text) = job.split_once(' ').ok_or("no priority")?;
        send(queue, text.as_bytes(), priority.parse()?)?;
    }
    Ok(send(queue, b"", 0)?)
}

fn send(queue: &MqdT, message: &[u8], priority: u32) -> nix::Result<()> {
    loop {
        match mq_send(queue, message, priority) {
            Err(Errno::EAGAIN) => wait_for(queue, PollFlags::POLLOUT)?,
            sent => return sent,
        }
    }
}

fn dispatch(queue: &MqdT) -> Result<(), Box<dyn Error>> {
    let mut message = vec![0; mq_getattr(queue)?.msgsize() as usize];
    let mut priority = 0;
    loop {
        match mq_receive(queue, &mut message, &mut priority) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                let text = String::from_utf8_lossy(&message[..length]);
                println!("{priority} {text}");
            }
            Err(Errno::EAGAIN) => wait_for(queue, PollFlags::POLLIN)?,
            Err(errno) => return Err(errno.into()),
        }
    }
}
