//! Descriptors on their way out of the tree (`SCM_RIGHTS`): sent, and not
//! received yet by somebody outside.

use crate::scene::Scene;
use crate::sockets::{DATAGRAM, Sockets};
use crate::unseen;

/// A socket, and the one from which its messages come; `None` if that has
/// gone, or if anybody may send to it.
#[derive(Clone, Copy, Debug)]
struct Receiver {
    inode: u64,
    from: Option<u64>,
}

impl Sockets {
    /// The sockets to which a message may be on its way.
    fn receivers(&self) -> impl Iterator<Item = Receiver> {
        self.0.iter().map(|(inode, socket)| {
            let peer = socket.peer.filter(|peer| *peer != 0);
            let is_named = socket.kind == DATAGRAM && socket.name.is_some();
            let from = peer.filter(|_| !is_named);
            Receiver { inode: *inode, from }
        })
    }

    /// The listening sockets with a queue, and who waits there; 0 is one
    /// that has gone.
    fn queues(&self) -> impl Iterator<Item = (u64, &[u64])> {
        let all = self.0.iter().filter(|it| !it.1.queued.is_empty());
        all.map(|(inode, socket)| (*inode, socket.queued.as_slice()))
    }
}

impl Scene<'_> {
    /// A descriptor on its way to somebody outside may be that of any object:
    /// then every object has a holder there.
    pub(crate) fn follow_descriptors_on_the_way_out(&mut self) {
        let sockets = self.unix_sockets();
        let (pid, _) = self.census.root;
        let parent = self.proc.stat(pid).map_or(0, |stat| stat.parent);
        let ancestors = unseen::ancestors(self.proc, parent);
        let holdings = &self.holdings;
        let is_ours = |socket: &u64| holdings.is_of_the_tree(*socket);
        let is_above = |socket: u64| {
            let mut holders = holdings.strangers_at(socket);
            holders.any(|pid| ancestors.contains(&pid))
        };
        let mut receivers = sockets.receivers();
        let is_sent = receivers.any(|receiver| {
            // Only whoever had the other side can have sent it one: the tree
            // has it, or had it before it was closed, or before the tree
            // gave it back to whom it came from.
            let comes_from_us = match receiver.from {
                Some(sender) => {
                    is_ours(&sender)
                        || is_above(sender)
                        || is_above(receiver.inode)
                }
                None => true,
            };
            comes_from_us
                && holdings.is_on_the_way_out(self.proc, receiver.inode)
        });
        // Who has connected, and was not accepted yet, may have sent one.
        let mut queues = sockets.queues();
        let is_queued = queues.any(|(listener, queued)| {
            let comes_from_us = queued.iter().any(|it| *it == 0 || is_ours(it));
            comes_from_us && !is_ours(&listener)
        });
        if is_sent || is_queued {
            for group in &mut self.groups {
                group.leads_outside = true;
            }
        }
    }
}
