//! What is looked for only before somebody is called stuck, since it is rare
//! and costs much to find.

use crate::scene::Scene;
use crate::unseen;
use crate::wait::{Kind, Wait, Waker};

const RING: &str = "anon_inode:[io_uring]";
/// The memory in which aio_context_t lies.
const CONTEXT: &str = "/[aio]";

impl Scene<'_> {
    /// The processes for which the kernel may act while they wait: they gave
    /// it work by io_uring, whose ring may be mapped and closed, or by
    /// io_submit(2).
    pub(crate) fn served(&self) -> Vec<usize> {
        let is_served = |place: &usize| {
            let pid = self.census.processes[*place].pid;
            let maps = self.proc.maps(pid).unwrap_or_default();
            self.holdings.has(*place, RING)
                || maps.contains(RING)
                || maps.contains(CONTEXT)
        };
        let places = 0..self.census.processes.len();
        places
            .filter(|place| self.census.is_alive(*place))
            .filter(is_served)
            .collect()
    }

    /// Work that was given to the kernel may end in an eventfd which nobody
    /// holds any more that gave it.
    pub(crate) fn doubt_events(waits: &mut [Wait]) {
        for wait in waits {
            if wait.each().iter().any(|it| it.kind == Kind::Eventfd) {
                wait.others.push(Waker::Moves);
            }
        }
    }

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
