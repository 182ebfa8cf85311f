use std::error::Error;
use std::process::ExitCode;

use ipc_channel::ipc::{self, IpcReceiver, IpcSender};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: drain N")?.parse()?;
    let (sender, receiver) = ipc::channel()?;
    // SAFETY: this process has one thread.
    let consumer = match unsafe { fork() }? {
        ForkResult::Child => leave(consume(&receiver)),
        ForkResult::Parent { child } => child,
    };
    drop(receiver);
    // SAFETY: this process has one thread.
    let producer = match unsafe { fork() }? {
        ForkResult::Child => leave(produce(count, &sender)),
        ForkResult::Parent { child } => child,
    };
    let mut is_well = collect(consumer)?;
    is_well &= collect(producer)?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn produce(
    count: u64,
    sender: &IpcSender<String>,
) -> Result<(), Box<dyn Error>> {
    for number in 1..=count {
        // The consumer may have left.
        sender.send(format!("Item {number}")).ok();
    }
    Ok(())
}

fn consume(receiver: &IpcReceiver<String>) -> Result<(), Box<dyn Error>> {
    while let Ok(item) = receiver.try_recv() {
        println!("Consumed: {item}");
    }
    Ok(())
}

/// Ends a child without running the parent's code.
fn leave(result: Result<(), Box<dyn Error>>) -> ! {
    let result = result.inspect_err(|error| eprintln!("drain: {error}"));
    // SAFETY: nothing of this process is needed any more.
    unsafe { nix::libc::_exit(i32::from(result.is_err())) }
}

fn collect(child: Pid) -> nix::Result<bool> {
    Ok(matches!(waitpid(child, None)?, WaitStatus::Exited(_, 0)))
}
