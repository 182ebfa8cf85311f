//! Strangers that go on while they are looked at, and hand on what they have:
//! through a socket (`SCM_RIGHTS`), or to a child.
//!
//! What the tree needs is with somebody, or in a message. If at one moment all
//! were at rest, and nobody had it, then nobody has it. Such a moment lies
//! between two looks if nobody has run in between. Not all need to have rested
//! at the same one: only those do whose sockets lead to each other. Who runs
//! all the time without such a socket is looked at alone.

use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::holdings::End;
use crate::links::Links;
use crate::proc::{Descriptor, Object, Proc};
use crate::same::Place;
use crate::scene::Scene;
use crate::sockets::Sockets;
use crate::strangers::{Compared, Restless, may_have};
use crate::tables::Reader;

/// So often strangers are looked at again, at least and at most; and so long.
const FEWEST: usize = 10;
const MOST: usize = 60;
const PATIENCE: Duration = Duration::from_millis(700);

impl Scene<'_> {
    /// Looks at strangers until none of them can have been overlooked: what
    /// they keep has a holder outside. If that has no end, so has everything.
    pub(crate) fn follow_strangers(&mut self) {
        let (proc, census) = (self.proc, self.census);
        let is_inside = |pid| census.process_of(pid).is_some();
        let mut reader = Reader::new(proc);
        let mut links = Links::default();
        let until = Instant::now() + PATIENCE;
        for look in 0..MOST {
            let strangers = &mut self.holdings.strangers;
            let restless = strangers.look_again(&mut reader, proc, is_inside);
            for one in &restless {
                for (_, descriptor) in &one.holds {
                    self.doubt_held(descriptor);
                }
                self.doubt_twins(&mut reader, one);
            }
            if restless.iter().any(|it| it.sockets().next().is_some()) {
                links.add_sockets(&Sockets::read());
            }
            for one in &restless {
                links.add(look, one, |socket| {
                    proc.knows_as_unix(one.pid, socket)
                });
            }
            // A message that was there at the moment of rest is there still:
            // those were read behind the look before.
            if look > 0 && links.have_rested(look) {
                if !self.holdings.strangers.is_settled {
                    self.doubt_all();
                }
                return;
            }
            if look >= FEWEST && Instant::now() > until {
                break;
            }
            let ran = links.ran();
            self.find_parked((look > 0).then_some(&ran));
        }
        self.holdings.strangers.is_settled = false;
        self.doubt_all();
    }

    /// A stranger that was seen to hold this may help whoever needs it.
    fn doubt_held(&mut self, descriptor: &Descriptor) {
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
        for group in held {
            self.groups[group].leads_outside = true;
        }
    }

    /// The same of epoll sets and timers, which have no inode.
    fn doubt_twins(&mut self, reader: &mut Reader, stranger: &Restless) {
        let (proc, pid) = (self.proc, stranger.pid);
        for (place, (group, text)) in &self.twin_groups {
            let now = stranger.twins(proc, *place, text);
            let has_it = now
                .unwrap_or_else(|| has_twin(reader, proc, pid, *place, text));
            self.groups[*group].leads_outside |= has_it;
        }
    }
}

impl Restless {
    /// Whether one of what was seen is the same file; `None` if one has been
    /// closed since, or has another number, and no other is the same.
    fn twins(&self, proc: Proc, place: Place, text: &str) -> Option<bool> {
        let alike = self.holds.iter().filter(|(_, it)| &*it.text == text);
        let compared = alike.map(|(tid, it)| (*tid, it.fd));
        any_same(proc, place, compared)
    }
}

fn any_same(
    proc: Proc,
    place: Place,
    others: impl Iterator<Item = Place>,
) -> Option<bool> {
    let mut any = Some(false);
    for other in others {
        match proc.is_same_file(place, other) {
            Some(true) => return Some(true),
            Some(false) => {}
            None => any = None,
        }
    }
    any
}

/// Whether a stranger has the same file as this place, looked at anew: what it
/// had when it was looked at before, it may have closed.
pub(crate) fn has_twin(
    reader: &mut Reader,
    proc: Proc,
    pid: i32,
    place: Place,
    text: &str,
) -> bool {
    may_have(reader, proc, pid, |other, descriptor| {
        if &*descriptor.text != text {
            return Compared::Other;
        }
        match proc.compare_files(place, other) {
            Ok(true) => Compared::Same,
            Ok(false) => Compared::Other,
            Err(Errno::EBADF | Errno::ESRCH) => Compared::Gone,
            Err(_) => Compared::Same, // for all that we may know
        }
    })
}
