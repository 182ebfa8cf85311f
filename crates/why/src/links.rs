//! Which strangers could have sent each other something while they were looked
//! at: those who ran, and whose sockets lead to each other.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::parked::Ran;
use crate::sockets::{DATAGRAM, Sockets};
use crate::strangers::Restless;

/// Who has run, at which looks, and what his unix sockets lead to.
#[derive(Debug, Default)]
pub(crate) struct Links {
    movers: BTreeMap<i32, Mover>,
    /// The other side of each socket that was ever seen.
    peers: HashMap<u64, u64>,
    /// Sockets of datagrams: those with a name, to which others may send, and
    /// those that are connected to nobody and may send to any of them.
    named: HashSet<u64>,
    unconnected: HashSet<u64>,
    listed: HashSet<u64>,
}

#[derive(Debug, Default)]
struct Mover {
    /// A bit for each look that found that it had run.
    ran: u64,
    /// At the last look that found that it had run: who has none any more
    /// has passed on all that he ever will, and was seen with the rest.
    sockets: HashSet<u64>,
    /// At any look.
    former: HashSet<u64>,
    /// Whether it has a unix socket whose other side we do not know.
    has_unknown: bool,
}

impl Links {
    pub(crate) fn add_sockets(&mut self, sockets: &Sockets) {
        for (inode, socket) in &sockets.0 {
            self.listed.insert(*inode);
            let peer = socket.peer.filter(|peer| *peer != 0);
            if let Some(peer) = peer {
                self.peers.insert(*inode, peer);
            }
            if socket.kind == DATAGRAM && socket.name.is_some() {
                self.named.insert(*inode);
            }
            if socket.kind == DATAGRAM && peer.is_none() {
                self.unconnected.insert(*inode);
            }
        }
    }

    /// `is_unix` tells of a socket that is not listed whether it is one of
    /// another network namespace.
    pub(crate) fn add(
        &mut self,
        look: usize,
        restless: &Restless,
        is_unix: impl Fn(u64) -> bool,
    ) {
        let mover = self.movers.entry(restless.pid).or_default();
        mover.ran |= 1 << look;
        mover.sockets = restless.sockets().collect();
        let (sockets, listed) = (&mover.sockets, &self.listed);
        mover.has_unknown =
            sockets.iter().any(|it| !listed.contains(it) && is_unix(*it));
        mover.former.extend(&mover.sockets);
    }

    /// Those who have run, their sockets, and what these lead to.
    pub(crate) fn ran(&self) -> Ran {
        let own = self.movers.values().flat_map(|it| &it.former);
        let own: HashSet<u64> = own.copied().collect();
        let led_to = own.iter().filter_map(|it| self.peers.get(it)).copied();
        let mut sockets: HashSet<u64> = led_to.collect();
        let leads_in = self.peers.iter().filter(|it| own.contains(it.1));
        sockets.extend(leads_in.map(|it| *it.0));
        sockets.extend(own);
        sockets.extend(&self.named);
        Ran { pids: self.movers.keys().copied().collect(), sockets }
    }

    /// Whether for all who are linked there was a look, behind the first and
    /// up to this one, before which none of them had run. One that is linked
    /// with itself alone, as many programs wake their own loop, need not rest
    /// if it has been looked at so often that it would have been caught.
    pub(crate) fn have_rested(&self, look: usize) -> bool {
        const CAUGHT: usize = 8;
        let looks = ((1_u128 << (look + 1)) - 1) as u64 & !1;
        let have_rested = |all: Vec<u64>| {
            all.len() == 1 && look >= CAUGHT
                || all.iter().fold(0, |ran, it| ran | it) & looks != looks
        };
        self.linked().into_iter().all(have_rested)
    }

    /// When they ran, of all who are linked with somebody, or with
    /// themselves: one list for each set of them.
    fn linked(&self) -> Vec<Vec<u64>> {
        let all = self.movers.values();
        let movers: Vec<&Mover> =
            all.filter(|it| !it.sockets.is_empty()).collect();
        let mut set_of: Vec<usize> = (0..movers.len()).collect();
        let mut is_linked = vec![false; movers.len()];
        for one in 0..movers.len() {
            for other in 0..=one {
                if !self.leads_to(movers[one], movers[other]) {
                    continue;
                }
                (is_linked[one], is_linked[other]) = (true, true);
                let (from, to) = (set_of[one], set_of[other]);
                for set in set_of.iter_mut().filter(|set| **set == from) {
                    *set = to;
                }
            }
        }
        let mut sets: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        let all = movers.iter().zip(set_of).zip(is_linked);
        for ((mover, set), _) in all.filter(|it| it.1) {
            sets.entry(set).or_default().push(mover.ran);
        }
        sets.into_values().collect()
    }

    fn leads_to(&self, one: &Mover, other: &Mover) -> bool {
        let is_peer = |socket: &u64| {
            let peer = self.peers.get(socket);
            peer.is_some_and(|peer| other.sockets.contains(peer))
        };
        let has = |mover: &Mover, those: &HashSet<u64>| {
            mover.sockets.iter().any(|it| those.contains(it))
        };
        one.sockets.iter().any(is_peer)
            || other.sockets.iter().any(|it| {
                let peer = self.peers.get(it);
                peer.is_some_and(|peer| one.sockets.contains(peer))
            })
            || has(one, &self.named) && has(other, &self.unconnected)
            || has(other, &self.named) && has(one, &self.unconnected)
            || one.has_unknown && other.has_unknown
    }
}

#[cfg(test)]
mod tests {
    use super::Links;
    use crate::proc::{Descriptor, Object};
    use crate::sockets::{DATAGRAM, Sockets, UnixSocket};
    use crate::strangers::Restless;

    fn holds(pid: i32, sockets: &[u64]) -> Restless {
        let descriptor = |inode: &u64| Descriptor {
            fd: 3,
            object: Object::Socket(*inode),
            text: format!("socket:[{inode}]").into(),
            is_readable: true,
            is_writable: true,
            is_named: false,
        };
        let all = sockets.iter().map(|it| (pid, descriptor(it)));
        Restless { pid, holds: all.collect() }
    }

    fn side(peer: u64) -> UnixSocket {
        UnixSocket { peer: Some(peer), ..UnixSocket::default() }
    }

    /// Two pairs: 10 and 11, 20 and 21.
    fn pairs() -> Links {
        let mut links = Links::default();
        let all = [(10, 11), (11, 10), (20, 21), (21, 20)];
        let all = all.into_iter().map(|(one, other)| (one, side(other)));
        links.add_sockets(&Sockets(all.collect()));
        links
    }

    fn run(links: &mut Links, looks: &[&[Restless]]) -> bool {
        for (look, restless) in looks.iter().enumerate() {
            for one in *restless {
                links.add(look, one, |_| false);
            }
        }
        links.have_rested(looks.len() - 1)
    }

    #[test]
    fn two_who_hold_both_sides_must_rest_at_once() {
        let (one, other) = (|| holds(1, &[10]), || holds(2, &[11]));
        let in_turn: [&[Restless]; 3] = [&[one()], &[other()], &[one()]];
        assert!(!run(&mut pairs(), &in_turn));
        let pausing: [&[Restless]; 3] = [&[one(), other()], &[], &[one()]];
        assert!(run(&mut pairs(), &pausing));
    }

    #[test]
    fn two_pairs_may_rest_one_after_the_other() {
        let (one, other) = (|| holds(1, &[10]), || holds(2, &[11]));
        let (third, fourth) = (|| holds(3, &[20]), || holds(4, &[21]));
        let looks: [&[Restless]; 3] =
            [&[one(), third()], &[one(), other()], &[third(), fourth()]];
        assert!(run(&mut pairs(), &looks));
        // Linked by a fifth, they must rest together.
        let fifth = || holds(5, &[11, 20]);
        let looks: [&[Restless]; 4] =
            [&[], &[one(), other()], &[third(), fourth()], &[fifth()]];
        assert!(!run(&mut pairs(), &looks));
    }

    #[test]
    fn who_is_alone_may_run_all_the_time() {
        let looks: [&[Restless]; 2] =
            [&[holds(1, &[10])], &[holds(1, &[10]), holds(2, &[20])]];
        assert!(run(&mut pairs(), &looks));
        let itself: [&[Restless]; 2] = [&[], &[holds(1, &[10, 11])]];
        assert!(!run(&mut pairs(), &itself), "a pair of its own");
        let mut often = pairs();
        for look in 0..8 {
            often.add(look, &holds(1, &[10, 11]), |_| false);
            assert!(!often.have_rested(look), "look {look}");
        }
        often.add(8, &holds(1, &[10, 11]), |_| false);
        assert!(often.have_rested(8));
    }

    #[test]
    fn who_has_no_socket_any_more_is_alone_from_then_on() {
        let both = |pid| holds(pid, &[10, 11]);
        let looks: [&[Restless]; 3] = [
            &[both(1), both(2)],
            &[both(1), both(2)],
            &[holds(1, &[]), holds(2, &[])],
        ];
        let mut links = pairs();
        assert!(!run(&mut links, &looks[..2]));
        assert!(run(&mut links, &looks));
        assert!(links.ran().sockets.contains(&10), "its messages are read");
    }

    #[test]
    fn what_was_seen_at_the_first_look_alone_proves_no_rest() {
        let looks: [&[Restless]; 2] =
            [&[], &[holds(1, &[10]), holds(2, &[11])]];
        assert!(!run(&mut pairs(), &looks));
    }

    #[test]
    fn a_name_for_datagrams_links_with_whoever_is_not_connected() {
        let mut links = Links::default();
        let name = Some(b"name".to_vec());
        let datagram = UnixSocket { kind: DATAGRAM, ..UnixSocket::default() };
        let named = UnixSocket { name, ..datagram.clone() };
        let all = [(30, named), (31, datagram)];
        links.add_sockets(&Sockets(all.into_iter().collect()));
        let looks: [&[Restless]; 2] =
            [&[], &[holds(1, &[30]), holds(2, &[31])]];
        assert!(!run(&mut links, &looks));
    }

    #[test]
    fn two_of_whom_nothing_is_known_are_linked() {
        let mut links = Links::default();
        for pid in [1, 2] {
            links.add(1, &holds(pid, &[40]), |_| true);
        }
        assert!(!links.have_rested(1));
        assert!(links.have_rested(2));
    }
}
