//! Strangers that go on while they are looked at, and hand on what they have:
//! through a socket (`SCM_RIGHTS`), or to a child.
//!
//! What the tree needs is with somebody, or in a message. If at one moment all
//! were at rest, and nobody had it, then nobody has it. Such a moment lies
//! between two looks if nobody has run in between. Of those who do run all the
//! time, each is looked at alone: they pass nothing to each other if no socket
//! of theirs leads to another.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use crate::holdings::End;
use crate::proc::{Descriptor, Object, Proc};
use crate::same::Place;
use crate::scene::Scene;
use crate::sockets::{DATAGRAM, LISTENING, Sockets};
use crate::strangers::Restless;
use crate::tables::Reader;

/// So often strangers are looked at again, at least and at most; and so long.
const FEWEST: usize = 10;
const MOST: usize = 200;
const PATIENCE: Duration = Duration::from_millis(400);

impl Scene<'_> {
    /// Looks at strangers until none of them can have been overlooked: what
    /// they keep has a holder outside. If that has no end, so has everything.
    pub(crate) fn follow_strangers(&mut self) {
        let (proc, census) = (self.proc, self.census);
        let is_inside = |pid| census.process_of(pid).is_some();
        let mut reader = Reader::new(proc);
        let until = Instant::now() + PATIENCE;
        let mut are_messages_read = false;
        for look in 0..MOST {
            let strangers = &mut self.holdings.strangers;
            let restless = strangers.look_again(&mut reader, proc, is_inside);
            for (tid, descriptor) in restless.iter().flat_map(|it| &it.holds) {
                self.doubt_held(*tid, descriptor);
            }
            if may_hand_on(proc, &restless) {
                are_messages_read = false;
                if look >= FEWEST && Instant::now() > until {
                    break;
                }
                continue;
            }
            if are_messages_read {
                if !self.holdings.strangers.is_settled {
                    self.doubt_all();
                }
                return;
            }
            // A message that was there at the moment of rest is there still
            // if the next look finds all at rest, too.
            self.find_parked();
            are_messages_read = true;
        }
        self.holdings.strangers.is_settled = false;
        self.doubt_all();
    }

    /// A stranger that was seen to hold this may help whoever needs it.
    fn doubt_held(&mut self, tid: i32, descriptor: &Descriptor) {
        let has = |end: End| match end {
            End::Read => descriptor.is_readable,
            End::Write => descriptor.is_writable,
            End::Both => true,
        };
        let mut held: Vec<usize> = Vec::new();
        for (object, end, group) in self.known_ends() {
            if object == descriptor.object && has(end) {
                held.push(group);
            }
        }
        if let Object::File(device, inode) = descriptor.object {
            let mapped = self.mappers.iter();
            let same = mapped.filter(|it| it.0.0 == (device, inode));
            held.extend(same.map(|it| *it.1));
        }
        if descriptor.text.starts_with("anon_inode:") {
            let (proc, other): (Proc, Place) =
                (self.proc, (tid, descriptor.fd));
            let twins = self.twin_groups.iter();
            let same = twins.filter(|(place, _)| {
                proc.is_same_file(**place, other) != Some(false)
            });
            held.extend(same.map(|it| *it.1));
        }
        for group in held {
            self.groups[group].leads_outside = true;
        }
    }
}

/// Whether one of these could send a descriptor to another, or put it into a
/// socket of its own.
fn may_hand_on(proc: Proc, restless: &[Restless]) -> bool {
    let is_socket =
        |it: &(i32, Descriptor)| matches!(it.1.object, Object::Socket(_));
    restless.iter().any(|one| one.holds.iter().any(is_socket))
        && are_linked(restless, &Sockets::read(), |pid, inode| {
            proc.knows_as_unix(pid, inode)
        })
}

/// Of a socket that is not listed, `is_unix` tells whether it is one whose
/// other side we do not know.
fn are_linked(
    restless: &[Restless],
    sockets: &Sockets,
    is_unix: impl Fn(i32, u64) -> bool,
) -> bool {
    let held = restless.iter().flat_map(|one| {
        let all = one.holds.iter().map(|(_, it)| &it.object);
        all.filter_map(|object| match object {
            Object::Socket(inode) => Some((one.pid, *inode)),
            _ => None,
        })
    });
    let held: HashSet<(i32, u64)> = held.collect();
    let theirs: HashSet<u64> = held.iter().map(|it| it.1).collect();
    let is_alone = restless.len() == 1;
    held.into_iter().any(|(pid, inode)| match sockets.0.get(&inode) {
        Some(it) => {
            let is_called = it.state == LISTENING
                || it.kind == DATAGRAM && it.name.is_some();
            it.peer.is_some_and(|peer| theirs.contains(&peer))
                || is_called && !is_alone
        }
        None => is_unix(pid, inode),
    })
}

#[cfg(test)]
mod tests {
    use super::are_linked;
    use crate::proc::{Descriptor, Object};
    use crate::sockets::{DATAGRAM, LISTENING, Sockets, UnixSocket};
    use crate::strangers::Restless;

    fn holds(pid: i32, inode: u64) -> Restless {
        let descriptor = Descriptor {
            fd: 3,
            object: Object::Socket(inode),
            text: format!("socket:[{inode}]"),
            is_readable: true,
            is_writable: true,
            is_named: false,
        };
        Restless { pid, holds: vec![(pid, descriptor)] }
    }

    fn sockets(all: [(u64, UnixSocket); 2]) -> Sockets {
        Sockets(all.into_iter().collect())
    }

    fn side(peer: u64) -> UnixSocket {
        UnixSocket { peer: Some(peer), ..UnixSocket::default() }
    }

    #[test]
    fn two_who_hold_both_sides_may_toss() {
        let pair = sockets([(10, side(11)), (11, side(10))]);
        let both = [holds(1, 10), holds(2, 11)];
        assert!(are_linked(&both, &pair, |_, _| false));
        let apart = [holds(1, 10), holds(2, 12)];
        assert!(!are_linked(&apart, &pair, |_, _| false));
        assert!(!are_linked(&both[..1], &pair, |_, _| false));
    }

    #[test]
    fn one_whose_other_side_is_not_known_may_toss() {
        let pair = sockets([(10, side(11)), (11, side(10))]);
        let foreign = [holds(1, 77)];
        assert!(are_linked(&foreign, &pair, |_, _| true));
        assert!(!are_linked(&foreign, &pair, |_, _| false), "the network");
    }

    #[test]
    fn who_may_be_called_by_another_is_linked_with_all() {
        let listens = UnixSocket { state: LISTENING, ..side(0) };
        let name = Some(b"name".to_vec());
        let is_named = UnixSocket { kind: DATAGRAM, name, ..side(0) };
        let called = sockets([(10, listens), (11, is_named)]);
        for inode in [10, 11] {
            let two = [holds(1, inode), Restless { pid: 2, holds: vec![] }];
            assert!(are_linked(&two, &called, |_, _| false));
            assert!(!are_linked(&two[..1], &called, |_, _| false));
        }
    }
}
