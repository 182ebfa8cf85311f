//! A sequence diagram that GitHub renders in Markdown.

use trace::Ending;

use crate::group::Lanes;
use crate::order::Step;
use crate::plain::{clean, cut};
use crate::says;
use crate::story::{Deed, Story};

/// Mermaid refuses more text than 50,000 characters and more edges than 500,
/// and a person reads fewer.
const MOST_STEPS: usize = 120;
const MOST_TEXT: usize = 40_000;
const MOST_LANES: usize = 20;

/// Draws a story in step time as a Mermaid `sequenceDiagram`.
///
/// Needs Mermaid 10.7 for the processes that come and go in mid-diagram.
/// What goes over Mermaid's limits is counted in a note at the end.
///
/// # Returns
/// The text between the fences of a ```` ```mermaid ```` block.
pub fn mermaid(story: &Story) -> String {
    let lanes = Lanes::new(story);
    let mut diagram = Diagram {
        story,
        lanes: &lanes,
        out: "sequenceDiagram\n".to_owned(),
        is_born: vec![false; story.processes.len()],
        is_gone: vec![false; story.processes.len()],
        drawn: 0,
        left_out: 0,
    };
    for lane in &lanes.all {
        let me = &story.processes[lane.process];
        // Who is created in the diagram appears there.
        if me.parent.is_none() && !lane.is_thread {
            diagram.participant(lane.process, "participant");
        }
    }
    for step in &story.steps {
        diagram.step(step);
    }
    diagram.end()
}

struct Diagram<'a> {
    story: &'a Story,
    lanes: &'a Lanes,
    out: String,
    is_born: Vec<bool>,
    is_gone: Vec<bool>,
    drawn: usize,
    left_out: usize,
}

impl Diagram<'_> {
    fn participant(&mut self, process: usize, keyword: &str) {
        let lane = self.lanes.of_process(self.story, process);
        let lane = lane.unwrap_or_default();
        let letters = self.lanes.letters(self.story, lane);
        let name = &self.story.processes[process].name;
        let title = label(&format!("{letters} {name}"));
        self.out.push_str(&format!("    {keyword} p{process} as {title}\n"));
        self.is_born[process] = true;
    }

    fn step(&mut self, step: &Step) {
        if !step.is_drawn() || !self.has_lane(step.process) {
            return;
        }
        let is_full = self.drawn >= MOST_STEPS || self.out.len() > MOST_TEXT;
        let is_new = matches!(step.deed, Deed::Create { .. });
        let born = self.is_born.iter().filter(|is_born| **is_born).count();
        if is_full
            || !self.is_born[step.process]
            || self.is_gone[step.process]
            || (is_new && born >= MOST_LANES)
        {
            self.left_out += 1;
            return;
        }
        if self.draw(step) {
            self.drawn += 1;
        }
    }

    /// Returns whether there was something to draw.
    fn draw(&mut self, step: &Step) -> bool {
        let me = step.process;
        let mut text = label(&says::deed(self.story, me, &step.deed));
        if self.story.strands[step.strand].thread > 0 {
            let letter = self.story.strand_letter(step.strand);
            text = format!("{letter} {text}");
        }
        match step.deed {
            Deed::Create { child, .. } => {
                if !self.has_lane(child) || self.is_born[child] {
                    return false;
                }
                // `create` wants its message in the next line.
                self.participant(child, "create participant");
                self.out.push_str(&format!("    p{me}->>p{child}: creates\n"));
            }
            Deed::Wait { child, .. } => {
                if !self.is_here(child) || child == me {
                    return false;
                }
                self.is_gone[child] = true;
                let ending = label(&self.story.ending(child));
                self.out.push_str(&format!(
                    "    destroy p{child}\n    p{child}-->>p{me}: {ending}, \
                     collected\n"
                ));
            }
            Deed::Send { to: Some(to), .. } if self.is_here(to) => {
                self.out.push_str(&format!("    p{me}-)p{to}: {text}\n"));
            }
            Deed::Exit => {
                let ending = label(&self.story.ending(me));
                let how = match self.story.processes[me].end {
                    Some((_, Ending::Signal { .. })) => "killed by ",
                    _ => "",
                };
                self.note(me, &format!("{how}{ending}"));
            }
            _ => self.note(me, &text),
        }
        true
    }

    fn has_lane(&self, process: usize) -> bool {
        self.lanes.of_process(self.story, process).is_some()
    }

    fn is_here(&self, process: usize) -> bool {
        self.is_born[process] && !self.is_gone[process]
    }

    fn note(&mut self, process: usize, text: &str) {
        self.out.push_str(&format!("    Note over p{process}: {text}\n"));
    }

    fn end(mut self) -> String {
        let first = self.is_born.iter().position(|is_born| *is_born);
        if let (Some(first), true) = (first, self.left_out > 0) {
            let more = self.left_out;
            self.note(first, &format!("{more} more steps are not drawn"));
        }
        if let (Some(first), false) = (first, self.story.sees_waits()) {
            self.note(
                first,
                "level light, short-lived processes may be missing",
            );
        }
        self.out
    }
}

/// Text that Mermaid takes as text: what means something to it becomes an
/// entity, and no line is long.
fn label(text: &str) -> String {
    let mut out = String::new();
    for character in cut(&clean(text), 60, false).chars() {
        if character.is_alphanumeric() || " ._,()/+…-=@".contains(character) {
            out.push(character);
        } else {
            out.push_str(&format!("#{};", u32::from(character)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn nothing_in_a_name_means_something_to_mermaid() {
        let out = label("a;b#c\n%%{init}%%:d->>e<br>\"`end");
        for special in ["\n", "%%", "{", ":", ">", "<", "\"", "`"] {
            assert!(!out.contains(special), "{out}");
        }
        assert!(out.starts_with("a#59;b#35;c"), "{out}");
    }
}
