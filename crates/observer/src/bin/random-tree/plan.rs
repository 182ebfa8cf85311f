//! What each process of a tree will do, drawn from a seed.

use nix::sys::signal::Signal;

/// A process, and what its parent does with it.
#[derive(Debug)]
pub(crate) struct Child {
    pub(crate) birth: Birth,
    pub(crate) acts: Vec<Act>,
    /// The pipe between the two.
    pub(crate) link: Link,
    /// A real-time signal that the parent queues and the child waits for.
    pub(crate) is_nudged: bool,
    pub(crate) end: End,
    pub(crate) wait: Wait,
    /// It waits for whoever ends next, at its end, for all that are left.
    pub(crate) drains: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Birth {
    Fork,
    Clone,
    ForkExec,
    /// As a shell looks through PATH: two that fail, then one that holds.
    ForkExecFailing,
    Spawn,
}

#[derive(Debug)]
pub(crate) enum Act {
    /// A pipe to itself: written, then read.
    Echo {
        bytes: usize,
        cloexec: bool,
    },
    FailingExec,
    /// kill(2) at itself with a signal that it ignores.
    Ignored,
    Bear(Child),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    None,
    /// From the child to the parent.
    Up {
        bytes: usize,
        piece: usize,
    },
    Down {
        bytes: usize,
        piece: usize,
    },
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum End {
    Code(u8),
    /// It sends it to itself.
    Raise(Signal),
    /// The parent sends it, after a stop and a continuation or without.
    Killed {
        signal: Signal,
        stops: bool,
    },
    /// It writes to a pipe without a reader.
    BrokenPipe,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Wait {
    /// At once: wait4 with its pid.
    Now,
    /// At once: whoever ended, and it is the only one.
    Any,
    Id,
    /// waitid that leaves the zombie, then wait4.
    Twice,
    /// wait4 that does not ask for the status.
    NoStatus,
    /// When the parent ends.
    Later,
    Never,
}

/// The signals that end a process of the tree. Not SIGSEGV: Rust's runtime
/// handles it once, to tell a stack overflow.
pub(crate) const DEADLY: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGABRT,
    Signal::SIGKILL,
    Signal::SIGFPE,
    Signal::SIGUSR2,
    Signal::SIGTERM,
];

const BIRTHS: [Birth; 6] = [
    Birth::Fork,
    Birth::Fork,
    Birth::Clone,
    Birth::ForkExec,
    Birth::ForkExecFailing,
    Birth::Spawn,
];

impl Child {
    /// The whole tree.
    pub(crate) fn first(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut left = dice.up_to(14);
        let mut first = dice.child(4, &mut left);
        first.birth = Birth::Fork;
        first.link = Link::None;
        first.is_nudged = false;
        first.wait = Wait::Never;
        if matches!(first.end, End::Killed { .. }) {
            first.end = End::Code(dice.up_to(255) as u8);
        }
        first
    }

    pub(crate) fn children(&self) -> impl Iterator<Item = &Self> {
        self.acts.iter().filter_map(|act| match act {
            Act::Bear(child) => Some(child),
            _ => None,
        })
    }
}

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `most`.
    fn up_to(&mut self, most: usize) -> usize {
        (self.next() % (most as u64 + 1)) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.up_to(n - 1) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.up_to(all.len() - 1)]
    }

    fn child(&mut self, depth: usize, left: &mut usize) -> Child {
        let mut acts = Vec::new();
        let mut is_childless = true;
        for _ in 0..self.up_to(5) {
            acts.push(match self.up_to(6) {
                0 => Act::Echo {
                    bytes: 1 + self.up_to(4095),
                    cloexec: self.one_in(2),
                },
                1 => Act::FailingExec,
                2 => Act::Ignored,
                _ if depth > 0 && *left > 0 => {
                    *left -= 1;
                    let mut child = self.child(depth - 1, left);
                    if child.wait == Wait::Any && !is_childless {
                        child.wait = Wait::Now;
                    }
                    is_childless &=
                        !matches!(child.wait, Wait::Never | Wait::Later);
                    Act::Bear(child)
                }
                _ => continue,
            });
        }
        let end = self.end();
        let drains = self.one_in(3);
        let birth = self.one_of(&BIRTHS);
        Child {
            birth,
            link: self.link(end),
            // std's Command gives the child an empty signal mask: the signal
            // could come before it is blocked again.
            is_nudged: birth != Birth::Spawn && self.one_in(4),
            wait: self.wait(),
            // One that is never waited for would be found by this, too.
            drains: drains && !waits(&acts).any(|wait| wait == Wait::Never),
            acts,
            end,
        }
    }

    fn end(&mut self) -> End {
        match self.up_to(9) {
            0..=3 => End::Code(self.one_of(&[0, 0, 1, 3, 7, 127, 128, 255])),
            4 | 5 => End::Raise(self.one_of(&DEADLY)),
            6 | 7 => End::Killed {
                signal: self.one_of(&DEADLY),
                stops: self.one_in(2),
            },
            8 => End::BrokenPipe,
            _ => End::Code(self.up_to(255) as u8),
        }
    }

    fn link(&mut self, end: End) -> Link {
        let bytes = self.one_of(&[1, 17, 4096, 10_000, 70_000, 200_000]);
        let piece = self.one_of(&[512, 4096, 5000, 65_536]);
        match self.up_to(2) {
            // The parent knows by it that it may kill.
            _ if matches!(end, End::Killed { .. }) => Link::Up { bytes, piece },
            0 => Link::None,
            1 => Link::Up { bytes, piece },
            _ => Link::Down { bytes, piece },
        }
    }

    fn wait(&mut self) -> Wait {
        self.one_of(&[
            Wait::Now,
            Wait::Any,
            Wait::Id,
            Wait::Twice,
            Wait::NoStatus,
            Wait::Later,
            Wait::Later,
            Wait::Never,
        ])
    }
}

fn waits(acts: &[Act]) -> impl Iterator<Item = Wait> {
    acts.iter().filter_map(|act| match act {
        Act::Bear(child) => Some(child.wait),
        _ => None,
    })
}
