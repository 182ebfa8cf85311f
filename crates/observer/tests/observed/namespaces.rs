//! Processes that know each other by other ids than their keeper does.

use libc::c_int;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::geteuid;

use crate::calls::{child, code_of, leave, pause, send, system, wait};
use crate::kin::parent_of_an_orphan;

/// 77: it may not have a namespace of its own.
const REFUSED: u8 = 77;

pub(crate) fn behave(name: &str) -> Option<u8> {
    Some(match name {
        "unshares-pids" => unshares(),
        "clones-into-pids" => clones(),
        _ => return None,
    })
}

fn flags() -> c_int {
    let user = if geteuid().is_root() { 0 } else { libc::CLONE_NEWUSER };
    libc::CLONE_NEWPID | user
}

fn unshares() -> u8 {
    if unshare(CloneFlags::from_bits_retain(flags())).is_err() {
        return REFUSED;
    }
    code_of(child(first_of_its_namespace))
}

fn clones() -> u8 {
    let flags = flags() | libc::SIGCHLD;
    match system(libc::SYS_clone, [flags.into(), 0, 0, 0, 0]) {
        0 => leave(first_of_its_namespace()),
        ..0 => REFUSED,
        child => code_of(child as i32),
    }
}

/// Waits for one, for anybody, for one that it kills, for an orphan; the last
/// is killed with the namespace.
fn first_of_its_namespace() -> u8 {
    let one = child(|| 5);
    let mut codes = vec![code_of(one)];
    child(|| 6);
    codes.push(code_of(-1));
    let killed = child(pause);
    send(killed, libc::SIGKILL);
    wait(killed, 0);
    codes.push(code_of(child(parent_of_an_orphan)));
    codes.push(code_of(-1));
    child(pause);
    u8::from(codes != [5, 6, 0, 0])
}
