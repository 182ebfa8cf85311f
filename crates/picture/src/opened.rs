//! Descriptors that are opened by a path, FIFOs among them.

use trace::What;

use crate::story::{Channel, Deed, End, Moment, Place, base};
use crate::table::Target;
use crate::tell::Teller;

/// What a FIFO has beyond a pipe.
#[derive(Debug, Default)]
pub(crate) struct Fifo {
    /// The last part of its path.
    pub(crate) name: String,
    /// Whether one of its ends was opened more than once: then an end of file,
    /// or a broken pipe, is not the last.
    pub(crate) is_reopened: bool,
    is_open: [bool; 2],
}

impl Fifo {
    pub(crate) fn named(object: &str) -> Self {
        Self { name: base(object), ..Self::default() }
    }

    pub(crate) fn opened(&mut self, is_write: bool) {
        let is_open = &mut self.is_open[usize::from(is_write)];
        self.is_reopened |= *is_open;
        *is_open = true;
    }
}

impl Teller {
    pub(crate) fn open(&mut self, me: usize, at: Moment, what: What) {
        let What::Open { path, fd: Some(fd), object, mode, cloexec, .. } = what
        else {
            return;
        };
        let story = &mut self.story;
        if let Some(copied) = descriptor_in(&path) {
            self.tables.used(story, me, copied);
        }
        let object = object.unwrap_or(path);
        let is_write = mode.is_some_and(|mode| mode.contains('w'));
        if object.starts_with("fifo:") {
            self.opened_fifo(me, at, &object, is_write);
        }
        let place = self.tables.find(&object, is_write);
        let to = Target { place, object: &object, is_cloexec: cloexec };
        self.tables.open(&mut self.story, me, fd, &to, at);
    }

    /// A FIFO is one channel, however often it is opened.
    fn opened_fifo(
        &mut self,
        me: usize,
        at: Moment,
        object: &str,
        is_write: bool,
    ) {
        let known = self.tables.find(object, is_write);
        let channel = known.map_or(self.story.channels.len(), |it| it.channel);
        if known.is_none() {
            self.story.channels.push(Channel {
                is_pipe: true,
                fifo: Some(Fifo::named(object)),
                label: String::new(),
                is_private: false,
            });
            let place = Place { channel, end: End::Read };
            self.tables.name(object, place);
        }
        if let Some(fifo) = &mut self.story.channels[channel].fifo {
            fifo.opened(is_write);
        }
        self.mark(me, at, Deed::Open { channel });
    }
}

/// The descriptor of its own that a path leads a process to.
fn descriptor_in(path: &str) -> Option<i32> {
    let folders = ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/"];
    folders.iter().find_map(|it| path.strip_prefix(it))?.parse().ok()
}
