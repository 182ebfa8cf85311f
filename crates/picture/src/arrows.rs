//! The arrows of a drawing in clock time: who made, collected, signalled,
//! fed whom.

use crate::chart::Chart;
use crate::flow::flows;
use crate::says;
use crate::story::{Deed, Moment, Story};

/// More arrows than these hide the lanes.
const MOST_ARROWS: usize = 600;

pub(crate) struct Arrow {
    pub(crate) class: &'static str,
    pub(crate) from: (f64, f64),
    pub(crate) to: (f64, f64),
    pub(crate) says: String,
}

/// All arrows between processes that are drawn; bytes last, since there are
/// most of them.
pub(crate) fn arrows(story: &Story, chart: &Chart) -> Vec<Arrow> {
    let mut arrows: Vec<Arrow> = Vec::new();
    let mut add = |class, from, to, says| {
        arrows.extend(arrow((story, chart), class, from, to, says));
    };
    for (process, me) in story.processes.iter().enumerate() {
        for mark in &me.marks {
            let here = ((process, mark.thread), mark.at);
            let (class, from, to) = match mark.deed {
                Deed::Create { child, .. } => {
                    ("create", here, ((child, 0), mark.at))
                }
                Deed::Begin { thread } => {
                    ("create", here, ((process, thread), mark.at))
                }
                Deed::Wait { child, .. } => {
                    ("collect", ((child, 0), mark.at), here)
                }
                Deed::Send { to: Some(to), .. } if to != process => {
                    ("send", here, ((to, 0), mark.at))
                }
                _ => continue,
            };
            let says = says::deed(story, process, &mark.deed);
            let says = format!("{}: {says}", story.title(process));
            add(class, from, to, says);
        }
    }
    let all = flows(story);
    for flow in all.iter().filter(|flow| flow.from.0 != flow.to.0) {
        let label = &story.channels[flow.channel].label;
        let letter = |((process, thread), _): (Ids, Moment)| {
            story.strand_letter(story.strand(process, thread))
        };
        let (from, to) = (letter(flow.from), letter(flow.to));
        let bytes = flow.bytes;
        let says = format!("{bytes} B through {label}, {from} to {to}");
        add("bytes", flow.from, flow.to, says);
    }
    arrows.truncate(MOST_ARROWS);
    arrows
}

/// A process and one of its threads.
type Ids = (usize, usize);

fn arrow(
    (story, chart): (&Story, &Chart),
    class: &'static str,
    from: (Ids, Moment),
    to: (Ids, Moment),
    says: String,
) -> Option<Arrow> {
    let row = |(process, thread)| chart.row_of(story, process, thread);
    let (above, below) = (row(from.0)?, row(to.0)?);
    // Within one lane there is nothing to point at.
    if above.top == below.top {
        return None;
    }
    // A write may return behind the read that it fed: no arrow points back.
    let began = from.1.t_us.min(to.1.t_us);
    let (x1, x2) = (chart.x(began), chart.x(to.1.t_us));
    let (y1, y2) = if above.top < below.top {
        (above.bottom(), below.top)
    } else {
        (above.top, below.bottom())
    };
    Some(Arrow { class, from: (x1, y1), to: (x2, y2), says })
}
