//! A POSIX message queue, made for a process and its children.

use common::{Context, Error, Result};
use nix::errno::Errno;
use nix::mqueue::{MQ_OFlag, MqAttr, MqdT, mq_open, mq_receive, mq_unlink};
use nix::sys::stat::Mode;
use nix::unistd::getpid;

/// The longest message that these queues take, in bytes.
pub(crate) const MESSAGE_SIZE: usize = 64;

/// A queue with so many slots, without a name: children inherit it.
///
/// `MqdT` does not close itself; see `mq_close`.
pub(crate) fn message_queue(slots: i64) -> Result<MqdT> {
    let name = format!("/forklore-{}", getpid());
    let name = name.as_str();
    let attributes = MqAttr::new(0, slots, MESSAGE_SIZE as i64, 0);
    let queue = mq_open(
        name,
        // Without O_EXCL an old queue of this name would be opened as it is,
        // with its messages and its limits.
        MQ_OFlag::O_CREAT
            | MQ_OFlag::O_EXCL
            | MQ_OFlag::O_RDWR
            | MQ_OFlag::O_CLOEXEC,
        Mode::S_IRUSR | Mode::S_IWUSR,
        Some(&attributes),
    )
    .map_err(|errno| {
        let reason = reason(errno);
        Error::new(format!("cannot make the message queue {name}: {reason}"))
    })?;
    // The name goes at once: whoever is killed from here on leaves nothing.
    // The queue itself stays for as long as a process has it open.
    mq_unlink(name).context(format_args!("cannot unlink {name}"))?;
    Ok(queue)
}

/// The next message, and its priority.
pub(crate) fn receive(queue: &MqdT) -> Result<(u32, String)> {
    let mut message = [0; MESSAGE_SIZE];
    let mut priority = 0;
    let length = mq_receive(queue, &mut message, &mut priority)?;
    let text = String::from_utf8_lossy(&message[..length]);
    Ok((priority, text.into_owned()))
}

fn reason(errno: Errno) -> String {
    let limit = match errno {
        Errno::ENOSYS => "this kernel has no POSIX message queues",
        Errno::EINVAL => "see msg_max, msgsize_max in /proc/sys/fs/mqueue",
        Errno::ENOSPC => "see queues_max in /proc/sys/fs/mqueue",
        Errno::EMFILE => "see RLIMIT_MSGQUEUE (ulimit -q), RLIMIT_NOFILE",
        _ => return errno.to_string(),
    };
    format!("{errno} ({limit})")
}
