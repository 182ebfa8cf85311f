//! The trace event format of Chrome, which Perfetto and the Firefox Profiler
//! open.

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::flow::flows;
use crate::says;
use crate::story::{Deed, Moment, Process, State, Story};
use crate::strand::Strand;

/// Writes a story as Chrome trace JSON: a track for each thread, what it
/// waits for nested in the program that it runs, arrows for create, wait,
/// signals and bytes.
///
/// The tracks are numbered in the order of the fork tree; the pids stand in
/// their names, since the kernel uses a pid again. A process's first thread
/// has its number, which viewers take for the main thread; no number is 0,
/// which they take for an idle CPU.
///
/// # Returns
/// One JSON object.
pub fn chrome(story: &Story) -> String {
    let mut tracks = Tracks { story, events: Vec::new(), arrows: 0 };
    for (process, me) in story.processes.iter().enumerate() {
        tracks.name(process, me);
        tracks.programs(process, me);
        for thread in 0..me.threads.len() {
            tracks.thread(Strand { process, thread });
        }
        tracks.zombie(process);
        tracks.deeds(process, me);
    }
    for flow in flows(story).iter().filter(|flow| flow.from.0 != flow.to.0) {
        let label = &story.channels[flow.channel].label;
        let name = format!("{} B through {label}", flow.bytes);
        let strand = |((process, thread), at): ((usize, usize), Moment)| {
            (story.strand(process, thread), at)
        };
        tracks.arrow(&name, strand(flow.from), strand(flow.to));
    }
    // Names come first; then a slice before those that nest in it, and before
    // what sticks to it.
    tracks.events.sort_by_key(|(ts, event)| {
        let dur = event["dur"].as_u64();
        let is_name = event["ph"] == "M";
        (Reverse(is_name), *ts, Reverse(dur))
    });
    let events: Vec<Value> =
        tracks.events.into_iter().map(|(_, event)| event).collect();
    json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": {
            "command": story.command.join(" "),
            "reservation": story.reservation(),
        },
    })
    .to_string()
}

struct Tracks<'a> {
    story: &'a Story,
    events: Vec<(u64, Value)>,
    arrows: u64,
}

impl Tracks<'_> {
    fn name(&mut self, process: usize, me: &Process) {
        let title = format!("{} pid {}", self.story.title(process), me.pid);
        for (name, args) in [
            ("process_name", json!({ "name": title })),
            ("process_sort_index", json!({ "sort_index": process + 1 })),
        ] {
            self.meta(self.story.strand(process, 0), name, &args);
        }
        for thread in 0..me.threads.len() {
            let strand = self.story.strand(process, thread);
            let letter = self.story.strand_letter(strand);
            self.meta(strand, "thread_name", &json!({ "name": letter }));
            let index = json!({ "sort_index": thread });
            self.meta(strand, "thread_sort_index", &index);
        }
    }

    fn meta(&mut self, strand: usize, name: &str, args: &Value) {
        let (pid, tid) = self.ids(strand);
        let meta = json!({
            "ph": "M", "pid": pid, "tid": tid, "name": name, "args": args,
        });
        self.events.push((0, meta));
    }

    /// The numbers of a track.
    fn ids(&self, strand: usize) -> (usize, usize) {
        let Strand { process, thread } = self.story.strands[strand];
        let pid = process + 1;
        match thread {
            0 => (pid, pid),
            _ => (pid, self.story.processes.len() + 1 + strand),
        }
    }

    fn slice(&mut self, strand: usize, name: &str, (from, until): (u64, u64)) {
        let dur = until.saturating_sub(from);
        let (pid, tid) = self.ids(strand);
        let slice = json!({
            "ph": "X", "pid": pid, "tid": tid, "name": name,
            "ts": from, "dur": dur, "cat": "process",
        });
        self.events.push((from, slice));
    }

    /// One slice from exec to exec.
    fn programs(&mut self, process: usize, me: &Process) {
        let mut from = me.birth.t_us;
        let mut name = me.name.clone();
        let mut programs = Vec::new();
        for mark in &me.marks {
            if let Deed::Exec { program } = &mark.deed {
                if programs.is_empty() {
                    // Until its first exec it runs its parent's program.
                    let parent = me.parent.map(|p| &self.story.processes[p]);
                    name = parent.map_or(name, |parent| parent.name.clone());
                }
                programs.push((name, from, mark.at.t_us));
                (name, from) = (program.clone(), mark.at.t_us);
            }
        }
        let strand = self.story.strand(process, 0);
        programs.push((name, from, self.story.life_us(strand).1));
        for (name, from, until) in programs {
            self.slice(strand, &name, (from, until.max(from)));
        }
    }

    /// Slices of one thread must nest: a wait ends where the next one begins,
    /// and where the program ends that it was made in.
    fn thread(&mut self, own: Strand) {
        let story = self.story;
        let strand = story.strand(own.process, own.thread);
        let (born, end) = story.life_us(strand);
        if own.thread > 0 {
            self.slice(strand, &story.strand_letter(strand), (born, end));
        }
        let marks = story.processes[own.process].marks.iter();
        let is_exec = |deed: &Deed| matches!(deed, Deed::Exec { .. });
        let execs = marks.filter(|mark| is_exec(&mark.deed));
        let execs: Vec<u64> = execs.map(|mark| mark.at.t_us).collect();
        let mut spans: Vec<_> = story.rests(own).collect();
        spans.sort_by_key(|span| span.from_us);
        for (number, span) in spans.iter().enumerate() {
            let from = span.from_us.max(born);
            let next = spans.get(number + 1).map(|next| next.from_us);
            let exec = execs.iter().copied().find(|&exec| exec > from);
            let until = [Some(span.until_us), Some(end), next, exec];
            let until = until.into_iter().flatten().min().unwrap_or(end);
            if until > from {
                let name = match &span.state {
                    State::Blocked(on) => story.waiting(on),
                    State::Stopped(signal) => format!("stopped {signal}"),
                };
                self.slice(strand, &name, (from, until));
            }
        }
    }

    fn zombie(&mut self, process: usize) {
        let Some(end) = &self.story.processes[process].end else { return };
        let from = end.0.t_us;
        let gone = self.story.gone_us(process).unwrap_or(from);
        if gone > from {
            let name = format!("zombie ({})", self.story.ending(process));
            let strand = self.story.strand(process, 0);
            self.slice(strand, &name, (from, gone));
        }
    }

    fn deeds(&mut self, process: usize, me: &Process) {
        let story = self.story;
        let is_part = |deed: &Deed| matches!(deed, Deed::Io { of: None, .. });
        for mark in me.marks.iter().filter(|it| !is_part(&it.deed)) {
            let name = match mark.deed {
                Deed::Exit => story.ending(process),
                ref deed => says::deed(story, process, deed),
            };
            let own = story.strand(process, mark.thread);
            let here = (own, mark.at);
            match mark.deed {
                Deed::Create { child, .. } => {
                    self.arrow(&name, here, (story.strand(child, 0), mark.at));
                }
                Deed::Begin { thread } => {
                    let begun = story.strand(process, thread);
                    self.arrow(&name, here, (begun, mark.at));
                }
                Deed::Wait { child, .. } => {
                    // Its zombie's slice begins with its end: arrows stick
                    // to slices.
                    let end = &story.processes[child].end;
                    let end = end.as_ref().map_or(mark.at, |(end, _)| *end);
                    self.arrow(&name, (story.strand(child, 0), end), here);
                }
                Deed::Send { to: Some(to), .. } if to != process => {
                    self.arrow(&name, here, (story.strand(to, 0), mark.at));
                }
                _ => {}
            }
            let (pid, tid) = self.ids(own);
            let instant = json!({
                "ph": "i", "s": "t", "pid": pid, "tid": tid,
                "name": name, "ts": mark.at.t_us, "cat": "process",
            });
            self.events.push((mark.at.t_us, instant));
        }
    }

    fn arrow(
        &mut self,
        name: &str,
        from: (usize, Moment),
        to: (usize, Moment),
    ) {
        // A write may return behind the read that it fed; the reader may be
        // gone by then.
        let start = from.1.t_us.min(to.1.t_us);
        let start = self.in_a_slice(from.0, start);
        let end = self.in_a_slice(to.0, to.1.t_us);
        if start > end {
            return;
        }
        self.arrows += 1;
        let id = self.arrows;
        let event = |ph: &str, (pid, tid): (usize, usize), ts: u64| {
            let mut event = json!({
                "ph": ph, "id": id, "pid": pid, "tid": tid, "name": name,
                "cat": "flow", "ts": ts,
            });
            if ph == "f" {
                // It ends at the slice around it, not at the next one.
                event["bp"] = "e".into();
            }
            event
        };
        let both = (self.ids(from.0), self.ids(to.0));
        self.events.push((start, event("s", both.0, start)));
        self.events.push((end, event("f", both.1, end)));
    }

    /// The instant of a track's slices that is nearest: an arrow sticks to
    /// the slice around its end, and none is around a slice's own end.
    fn in_a_slice(&self, strand: usize, t_us: u64) -> u64 {
        let own = self.story.strands[strand];
        let (born, end) = self.story.life_us(strand);
        let gone = self.story.gone_us(own.process);
        let gone = gone.filter(|_| own.thread == 0).unwrap_or(end);
        t_us.clamp(born, gone.max(end).saturating_sub(1).max(born))
    }
}
