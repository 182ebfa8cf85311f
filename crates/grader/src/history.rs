//! What a trace tells of each process, and who wrote what.

use std::collections::BTreeMap;

use trace::{Ending, Event, Reached, What, Who};

use crate::record::Record;

/// One process of a run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Life {
    pub(crate) pid: i32,
    pub(crate) name: String,
    /// When it was created, as a place in the trace.
    pub(crate) created: usize,
    /// How and when it ended.
    pub(crate) end: Option<(usize, Ending)>,
    /// When its parent collected it.
    pub(crate) collected: Option<usize>,
    /// When it became another program.
    pub(crate) execs: Vec<usize>,
    /// Whether the kernel collected it by itself, as its parent wished.
    pub(crate) is_unwanted: bool,
}

/// A run's processes, and the origin of its output.
#[derive(Debug)]
pub(crate) struct History<'a> {
    pub(crate) record: &'a Record,
    pub(crate) lives: BTreeMap<Who, Life>,
    /// Who wrote how many bytes to standard output, in order.
    pieces: Vec<(Who, usize)>,
}

impl<'a> History<'a> {
    pub(crate) fn new(record: &'a Record) -> Self {
        let lives = BTreeMap::new();
        let mut history = Self { record, lives, pieces: Vec::new() };
        for (place, event) in record.events.iter().enumerate() {
            history.take(place, event);
        }
        let written: usize = history.pieces.iter().map(|(_, it)| it).sum();
        if written != record.stdout.len() {
            // What the trace tells is not what came: nobody is named.
            history.pieces.clear();
        }
        history
    }

    fn take(&mut self, place: usize, event: &Event) {
        let life = self.lives.entry(event.who.clone()).or_default();
        life.pid = event.pid;
        life.name.clone_from(&event.name);
        match &event.what {
            What::Create { child: Some(child), child_pid, .. } => {
                let name = event.name.clone();
                let life = self.lives.entry(child.clone()).or_default();
                life.created = place;
                life.name = name;
                life.pid = child_pid.unwrap_or_default();
            }
            What::Exec { ok: true, .. } => life.execs.push(place),
            What::Exit { how } => life.end = Some((place, how.clone())),
            What::Cpu { collected, .. } => life.is_unwanted = *collected,
            What::Wait {
                child: Some(child),
                reached: Some(Reached::Ended(_)),
                kept_zombie: false,
                ..
            } => {
                let life = self.lives.entry(child.clone()).or_default();
                life.collected = Some(place);
            }
            What::Io { is_write: true, object, bytes, errno: None, .. }
                if *object == self.record.streams.stdout && *bytes > 0 =>
            {
                self.pieces.push((event.who.clone(), *bytes as usize));
            }
            _ => {}
        }
    }

    /// `A.1 (worker)`; the name is left out where it is the program's own.
    pub(crate) fn title(&self, who: &Who) -> String {
        match self.lives.get(who) {
            Some(life) if life.name != "solution" && !life.name.is_empty() => {
                format!("{who} ({})", crate::plain::clean(&life.name))
            }
            _ => who.to_string(),
        }
    }

    /// Whether its creator ended by itself, before the grader ended the run.
    pub(crate) fn ended_by_itself(&self, who: &Who) -> Option<usize> {
        match &self.lives.get(who)?.end {
            Some((at, Ending::Code { .. })) => Some(*at),
            _ => None,
        }
    }

    /// Who wrote the byte at that place of standard output.
    pub(crate) fn writer(&self, at: usize) -> Option<&Who> {
        let mut end = 0;
        self.pieces
            .iter()
            .find(|(_, length)| {
                end += length;
                at < end
            })
            .map(|(who, _)| who)
    }

    /// Who may have written a line: who is told to have, then whoever wrote
    /// one of that length. Of two that write at one time, the trace does not
    /// know which came first.
    pub(crate) fn writers(&self, at: usize, length: usize) -> Vec<&Who> {
        let mut found: Vec<&Who> = self.writer(at).into_iter().collect();
        for (who, piece) in &self.pieces {
            if *piece == length && !found.contains(&who) {
                found.push(who);
            }
        }
        found
    }

    /// Events with their place.
    pub(crate) fn events(&self) -> impl Iterator<Item = (usize, &'a Event)> {
        self.record.events.iter().enumerate()
    }
}
