//! One measurement, as the command line of a column names it:
//! `WORK WAY COUNT SIZE CPUS`, the same in Rust, C and Python.

use common::{Error, Result};

use crate::work;

/// What is to be measured.
#[derive(Debug)]
pub(crate) struct Task {
    /// The work: `pipe`, `queue`, …
    pub(crate) work: String,
    /// The mechanism that does it.
    pub(crate) way: String,
    /// How often.
    pub(crate) count: usize,
    /// Bytes of a message or of the parent; processes of a tree or a queue.
    pub(crate) size: usize,
    /// How many processes send, where that is asked.
    pub(crate) senders: usize,
    /// The CPUs to use: one or two.
    pub(crate) cpus: Vec<usize>,
}

impl Task {
    /// Reads the arguments; the error is one line.
    pub(crate) fn of(arguments: &[String]) -> Result<Self> {
        let usage = || {
            Error::usage("measure takes WORK WAY COUNT SIZE SENDERS CPU[,CPU]")
        };
        let number = |text: &str| text.parse().map_err(|_| usage());
        let [measure, work, way, count, size, senders, cpus] = arguments else {
            return Err(usage());
        };
        if measure != "measure" {
            return Err(usage());
        }
        Ok(Self {
            work: work.clone(),
            way: way.clone(),
            count: number(count)?,
            size: number(size)?,
            senders: number(senders)?,
            cpus: cpus.split(',').map(number).collect::<Result<_>>()?,
        })
    }

    /// The CPU of the process that measures.
    pub(crate) fn first_cpu(&self) -> usize {
        self.cpus[0]
    }

    /// The CPU of the other one: a second one, if two are given.
    pub(crate) fn last_cpu(&self) -> usize {
        self.cpus[self.cpus.len() - 1]
    }

    /// The CPUs of so many workers, in turns.
    pub(crate) fn cpus_of(&self, workers: usize) -> Vec<usize> {
        self.cpus.iter().cycle().skip(1).take(workers).copied().collect()
    }

    /// Nanoseconds for one: a process, a round trip, a message, …
    pub(crate) fn measure(&self) -> Result<f64> {
        crate::clock::pin(self.first_cpu())?;
        match &*self.work {
            "create" => work::creating::measure(self),
            "tree" => work::tree::measure(self),
            "trip" => work::round_trip::measure(self),
            "queue" => work::queue::measure(self),
            "bandwidth" => work::bandwidth::measure(self),
            "counter" => work::counter::measure(self),
            "array" => work::array::measure(self),
            "hand-off" => work::hand_off::measure(self),
            "end" => work::ending::measure(self),
            "state" => work::state::measure(self),
            _ => Err(self.unknown()),
        }
    }

    /// This column does not do this work in this way.
    pub(crate) fn unknown(&self) -> Error {
        Error::usage(format!("there is no {} by {}", self.work, self.way))
    }
}
