//! Threads: what a process's lane has below it.

use std::collections::HashMap;

use trace::What;

use crate::story::{Blocked, Deed, Mark, Moment, Process, Span, State, Story};

/// One thread of a process.
#[derive(Clone, Debug, Default)]
pub(crate) struct Thread {
    /// The path of its creation; empty for the first.
    pub(crate) path: Vec<u32>,
    pub(crate) birth: Moment,
    /// `None` if it lived as long as its process, or longer than the trace.
    pub(crate) end: Option<Moment>,
}

/// A thread of the run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Strand {
    pub(crate) process: usize,
    /// Its place among the process's threads; 0 is the first, which stands
    /// for the process.
    pub(crate) thread: usize,
}

/// Which thread has which id, while the events are read.
#[derive(Debug)]
pub(crate) struct Threads {
    /// By process: id -> place.
    places: Vec<HashMap<i32, usize>>,
}

impl Threads {
    pub(crate) fn new(processes: usize) -> Self {
        Self { places: vec![HashMap::new(); processes] }
    }

    /// Notes a thread's beginning or end.
    ///
    /// # Arguments
    /// `tid` is `None` for the first thread of the process `me`.
    ///
    /// # Returns
    /// The place of the thread whose event this is.
    pub(crate) fn event(
        &mut self,
        process: &mut Process,
        me: usize,
        tid: Option<i32>,
        at: Moment,
        what: &What,
    ) -> usize {
        let places = &mut self.places[me];
        match (tid, what) {
            (Some(tid), What::Thread { began: Some(path) }) => {
                let path = path.split('.').map_while(|k| k.parse().ok());
                let thread = process.begin(path.take(16).collect(), at);
                places.insert(tid, thread);
                thread
            }
            (Some(tid), What::Thread { began: None }) => {
                let Some(thread) = places.remove(&tid) else { return 0 };
                process.threads[thread].end = Some(at);
                thread
            }
            (None, What::Thread { .. }) => {
                process.leaves_its_threads(at);
                0
            }
            (None, What::Exec { ok: true, .. }) => {
                process.is_single_again(at);
                0
            }
            // It is its process that ends, whichever thread says so.
            (None, _) | (_, What::Exit { .. }) => 0,
            // A trace may not tell where it came from.
            (Some(tid), _) => *places.entry(tid).or_insert_with(|| {
                let number = process.threads.len() as u32;
                process.begin(vec![number], at)
            }),
        }
    }
}

impl Process {
    /// # Returns
    /// The place of the new thread.
    fn begin(&mut self, path: Vec<u32>, at: Moment) -> usize {
        let thread = self.threads.len();
        let above = path.split_last().map_or(&[][..], |(_, above)| above);
        let maker = self.threads.iter().position(|it| it.path == above);
        let deed = Deed::Begin { thread };
        self.marks.push(Mark { at, thread: maker.unwrap_or(0), deed });
        self.threads.push(Thread { path, birth: at, end: None });
        thread
    }

    /// Its first thread has ended, and others go on.
    fn leaves_its_threads(&mut self, at: Moment) {
        let state = State::Blocked(Blocked {
            call: "exit".to_owned(),
            kind: "threads".to_owned(),
            place: None,
            object: None,
            child: None,
        });
        let (from_us, until_us) = (at.t_us, u64::MAX);
        self.spans.push(Span { from_us, until_us, thread: 0, state });
    }

    /// exec(2) makes the thread that calls it the first, and the only one.
    fn is_single_again(&mut self, at: Moment) {
        for span in self.spans.iter_mut().filter(|span| span.thread == 0) {
            span.until_us = span.until_us.min(at.t_us);
        }
    }
}

impl Story {
    /// Sorts the threads of every process by path, and lists all of them.
    pub(crate) fn find_strands(&mut self) {
        for process in 0..self.processes.len() {
            let me = &mut self.processes[process];
            me.first_strand = self.strands.len();
            let places = me.sort_threads();
            for span in &mut me.spans {
                span.thread = places[span.thread];
            }
            for mark in &mut me.marks {
                mark.thread = places[mark.thread];
                if let Deed::Begin { thread } = &mut mark.deed {
                    *thread = places[*thread];
                }
            }
            let threads = 0..me.threads.len();
            self.strands
                .extend(threads.map(|thread| Strand { process, thread }));
        }
    }

    /// The place of a thread among all strands.
    pub(crate) fn strand(&self, process: usize, thread: usize) -> usize {
        self.processes[process].first_strand + thread
    }

    /// `A.1`, `A.1/2.1`.
    pub(crate) fn strand_letter(&self, strand: usize) -> String {
        let Strand { process, thread } = self.strands[strand];
        let mut letter = self.letter(process);
        let path = &self.processes[process].threads[thread].path;
        for (depth, number) in path.iter().enumerate() {
            letter.push(if depth == 0 { '/' } else { '.' });
            letter.push_str(&number.to_string());
        }
        letter
    }

    /// The stretches in which a thread did not run.
    pub(crate) fn rests(&self, own: Strand) -> impl Iterator<Item = &Span> {
        let spans = self.processes[own.process].spans.iter();
        spans.filter(move |span| span.thread == own.thread)
    }

    /// When a thread began, and when it ended: the first one with its
    /// process.
    pub(crate) fn life_us(&self, strand: usize) -> (u64, u64) {
        let Strand { process, thread } = self.strands[strand];
        let me = &self.processes[process];
        let end = me.end.as_ref().map_or(self.end_us, |(end, _)| end.t_us);
        if thread == 0 {
            return (me.birth.t_us, end.max(me.birth.t_us));
        }
        let Thread { birth, end: own, .. } = &me.threads[thread];
        let own = own.map_or(end, |own| own.t_us.min(end));
        (birth.t_us, own.max(birth.t_us))
    }
}

impl Process {
    /// # Returns
    /// By old place the new one.
    fn sort_threads(&mut self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.threads.len()).collect();
        order[1..]
            .sort_by(|&a, &b| self.threads[a].path.cmp(&self.threads[b].path));
        let mut places = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            places[old] = new;
        }
        self.threads =
            order.iter().map(|&old| self.threads[old].clone()).collect();
        places
    }
}
