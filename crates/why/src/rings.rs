//! Which call would open a ring: what each of it owes to the one before must
//! come before its own wait.

use crate::causes::Found;
use crate::graph::Step;
use crate::names;
use crate::says::Speaker;
use crate::wait::{Kind, Wait, Waker};

/// As many calls are named.
const NAMED: usize = 3;

/// The call that is missing, or those of which one is; `None` if no call in
/// the ring would help.
pub(crate) fn missing(speaker: Speaker<'_>, found: &Found) -> Option<String> {
    let ring = &found.ring;
    let mut deeds: Vec<String> = Vec::new();
    // The first waits for the second, and so on: each owes to the one before.
    for (place, step) in ring.iter().enumerate() {
        let before = ring[(place + ring.len() - 1) % ring.len()];
        deeds.extend(owed(speaker, before, step.0));
    }
    let more = deeds.len().saturating_sub(NAMED);
    deeds.truncate(NAMED);
    let more = if more > 0 { ", and so on" } else { "" };
    match deeds.is_empty() {
        true => None,
        false => Some(format!("{}{more}.", deeds.join(", or "))),
    }
}

/// `A.1 (worker) must call write(4) before it waits in read(3)`.
fn owed(speaker: Speaker<'_>, waiter: Step, giver: usize) -> Option<String> {
    let known = speaker.0;
    let (task, kind) = waiter;
    let process = known.census.tasks[giver].process;
    let leads_on = |wait: &&Wait| {
        wait.kind == kind
            && wait.wakers.iter().any(|waker| match waker {
                Waker::Task(task) => *task == giver,
                Waker::Process(it) => *it == process,
                Waker::Group(group) => {
                    !known.groups[*group].of(process).is_empty()
                }
                _ => false,
            })
    };
    let each = known.waits[task].each();
    let wait = each.into_iter().find(leads_on)?;
    let deed = deed(speaker, task, wait, process)?;
    let own = &known.waits[giver];
    let call = match own.kind {
        Kind::Thread => "pthread_join".to_owned(),
        _ => speaker.call(giver, own),
    };
    let name = one(speaker, giver);
    Some(format!("{name} must {deed} before it waits in {call}"))
}

/// What ends this wait of a task, done by a process.
fn deed(
    speaker: Speaker<'_>,
    task: usize,
    wait: &Wait,
    process: usize,
) -> Option<String> {
    let known = speaker.0;
    let call = known.call(task).unwrap_or_default();
    let call = names::of_call(&call);
    let fd = wait.wakers.iter().find_map(|waker| match waker {
        Waker::Group(group) => {
            let group = &known.groups[*group];
            group.of(process).iter().find_map(|it| group.holders[*it].fd)
        }
        _ => None,
    });
    let on = |name: &str, more: &str| match fd {
        Some(fd) => format!("{name}({fd}{more})"),
        None => name.to_owned(),
    };
    let call = match wait.kind {
        Kind::PipeData => {
            format!("{} or {}", on("write", ""), on("close", ""))
        }
        Kind::SocketData | Kind::Eventfd | Kind::SelfPipe => on("write", ""),
        Kind::PipeRoom | Kind::SocketRoom => on("read", ""),
        Kind::PipeHangup => on("close", ""),
        Kind::FileLock if call == "flock" => on("flock", ", LOCK_UN"),
        Kind::FileLock => on("fcntl", ", F_SETLK, F_UNLCK"),
        Kind::Mutex => "pthread_mutex_unlock".to_owned(),
        Kind::Semaphore if call == "semop" => "semop".to_owned(),
        Kind::Semaphore => "sem_post".to_owned(),
        Kind::Message if call == "msgrcv" => "msgsnd".to_owned(),
        Kind::Message => "mq_send".to_owned(),
        Kind::MessageRoom if call == "msgsnd" => "msgrcv".to_owned(),
        Kind::MessageRoom => "mq_receive".to_owned(),
        Kind::Vfork => "execve or _exit".to_owned(),
        Kind::Accept => "connect".to_owned(),
        Kind::Connect => "accept".to_owned(),
        Kind::SharedFutex | Kind::PrivateFutex => {
            let name = one(speaker, task);
            return Some(format!("wake {name} (FUTEX_WAKE)"));
        }
        _ => return None,
    };
    Some(format!("call {call}"))
}

/// `A (server)`, or one of several threads.
fn one(speaker: Speaker<'_>, task: usize) -> String {
    let census = speaker.0.census;
    let process = census.tasks[task].process;
    let name = speaker.name(process);
    match census.processes[process].tasks.len() {
        1 => name,
        _ => format!("thread {} of {name}", census.tasks[task].tid),
    }
}
