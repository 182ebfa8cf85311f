//! The trace event format of Chrome, which Perfetto and the Firefox Profiler
//! open.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::flow::flows;
use crate::says;
use crate::story::{Deed, Moment, Process, Span, State, Story};

/// Writes a story as Chrome trace JSON: a track for each process, what it
/// waits for nested in the program that it runs, arrows for create, wait,
/// signals and bytes.
///
/// The tracks are numbered in the order of the fork tree; the pids stand in
/// their names, since the kernel uses a pid again.
///
/// # Returns
/// One JSON object.
pub fn chrome(story: &Story) -> String {
    let mut tracks = Tracks { story, events: Vec::new(), arrows: 0 };
    for (process, me) in story.processes.iter().enumerate() {
        tracks.name(process, me);
        tracks.programs(process, me);
        tracks.waits(process, me);
        tracks.zombie(process);
        tracks.deeds(process, me);
    }
    for flow in flows(story).iter().filter(|flow| flow.from.0 != flow.to.0) {
        let label = &story.channels[flow.channel].label;
        let name = format!("{} B through {label}", flow.bytes);
        tracks.arrow(&name, flow.from, flow.to);
    }
    // Slices of a track must come in the order of their beginnings.
    tracks.events.sort_by_key(|(ts, _)| *ts);
    let events: Vec<Value> =
        tracks.events.into_iter().map(|(_, event)| event).collect();
    json!({
        "traceEvents": events,
        "displayTimeUnit": "ms",
        "otherData": { "command": story.command.join(" ") },
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
        let pid = process + 1;
        let title = format!("{} pid {}", self.story.title(process), me.pid);
        for (name, args) in [
            ("process_name", json!({ "name": title })),
            ("process_sort_index", json!({ "sort_index": pid })),
            ("thread_name", json!({ "name": self.story.letter(process) })),
        ] {
            let meta = json!({"ph": "M", "pid": pid, "tid": 0, "name": name, "args": args});
            self.events.push((0, meta));
        }
    }

    fn slice(
        &mut self,
        process: usize,
        tid: i32,
        name: &str,
        (from, until): (u64, u64),
    ) {
        let dur = until.saturating_sub(from);
        let slice = json!({
            "ph": "X", "pid": process + 1, "tid": tid, "name": name,
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
        programs.push((name, from, self.end(me)));
        for (name, from, until) in programs {
            self.slice(process, 0, &name, (from, until.max(from)));
        }
    }

    fn end(&self, me: &Process) -> u64 {
        me.end.as_ref().map_or(self.story.end_us, |(end, _)| end.t_us)
    }

    /// Slices of one thread must nest: a wait ends where the next one begins,
    /// and where the program ends that it was made in.
    fn waits(&mut self, process: usize, me: &Process) {
        let mut threads: BTreeMap<i32, Vec<&Span>> = BTreeMap::new();
        for span in &me.spans {
            threads.entry(span.tid.unwrap_or(0)).or_default().push(span);
        }
        let execs: Vec<u64> = me
            .marks
            .iter()
            .filter(|mark| matches!(mark.deed, Deed::Exec { .. }))
            .map(|mark| mark.at.t_us)
            .collect();
        let end = self.end(me);
        for (tid, mut spans) in threads {
            spans.sort_by_key(|span| span.from_us);
            for (number, span) in spans.iter().enumerate() {
                let from = span.from_us.max(me.birth.t_us);
                let next = spans.get(number + 1).map(|next| next.from_us);
                let exec = execs.iter().copied().find(|&exec| exec > from);
                let until = [Some(span.until_us), Some(end), next, exec];
                let until = until.into_iter().flatten().min().unwrap_or(end);
                if until > from {
                    let name = match &span.state {
                        State::Blocked(on) => self.story.waiting(on),
                        State::Stopped(signal) => format!("stopped {signal}"),
                    };
                    self.slice(process, tid, &name, (from, until));
                }
            }
        }
    }

    fn zombie(&mut self, process: usize) {
        let Some(end) = &self.story.processes[process].end else { return };
        let from = end.0.t_us;
        let gone = self.story.gone_us(process).unwrap_or(from);
        if gone > from {
            let name = format!("zombie ({})", self.story.ending(process));
            self.slice(process, 0, &name, (from, gone));
        }
    }

    fn deeds(&mut self, process: usize, me: &Process) {
        for mark in &me.marks {
            let name = match mark.deed {
                Deed::Exit => self.story.ending(process),
                ref deed => says::deed(self.story, deed),
            };
            let here = (process, mark.at);
            match mark.deed {
                Deed::Create { child, .. } => {
                    self.arrow(&name, here, (child, mark.at));
                }
                Deed::Wait { child, .. } => {
                    // Its zombie's slice begins with its end: arrows stick
                    // to slices.
                    let end = &self.story.processes[child].end;
                    let end = end.as_ref().map_or(mark.at, |(end, _)| *end);
                    self.arrow(&name, (child, end), here);
                }
                Deed::Send { to: Some(to), .. } if to != process => {
                    self.arrow(&name, here, (to, mark.at));
                }
                _ => {}
            }
            let instant = json!({
                "ph": "i", "s": "t", "pid": process + 1, "tid": 0,
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
        self.arrows += 1;
        let id = self.arrows;
        // A write may return behind the read that it fed; the reader may be
        // gone by then.
        let (start, end) = (from.1.t_us.min(to.1.t_us), to.1.t_us);
        let event = |ph: &str, pid: usize, ts: u64| {
            json!({
                "ph": ph, "id": id, "pid": pid + 1, "tid": 0, "name": name,
                "cat": "flow", "ts": ts, "bp": "e",
            })
        };
        self.events.push((start, event("s", from.0, start)));
        self.events.push((end, event("f", to.0, end)));
    }
}
