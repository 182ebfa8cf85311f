//! What is looked for only before somebody is called stuck, since it is rare
//! and costs much to find.

use crate::parked::RING;
use crate::scene::Scene;
use crate::wait::{Kind, Wait, Waker};

/// The memory in which aio_context_t lies.
pub(crate) const CONTEXT: &str = "/[aio]";

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
}
