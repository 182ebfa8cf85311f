//! Connections on their way out of the tree, which may bring descriptors
//! with them (`SCM_RIGHTS`).

use crate::scene::Scene;

impl Scene<'_> {
    /// Who has connected to somebody outside, and was not accepted yet, may
    /// have sent a descriptor of any object: then every object has a holder
    /// there.
    pub(crate) fn follow_connections_on_the_way_out(&mut self) {
        let sockets = self.unix_sockets();
        let is_ours = |socket: &u64| self.holdings.is_of_the_tree(*socket);
        let is_queued = sockets.0.iter().any(|(listener, socket)| {
            // 0 is one that has gone.
            let comes_from_us =
                socket.queued.iter().any(|it| *it == 0 || is_ours(it));
            comes_from_us && !is_ours(listener)
        });
        if is_queued {
            self.doubt_all();
        }
    }
}
