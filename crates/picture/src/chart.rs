//! Where everything stands in a drawing in clock time.

use crate::group::Lanes;
use crate::scale::Window;
use crate::story::Story;

/// Beside the lanes: names to the left, endings to the right.
pub(crate) const LEFT: f64 = 180.0;
pub(crate) const PLOT: f64 = 630.0;
pub(crate) const RIGHT: f64 = 90.0;
pub(crate) const WIDTH: f64 = LEFT + PLOT + RIGHT;
/// Above the lanes, for the lengths of what is drawn shorter.
const TOP: f64 = 20.0;
/// A lane that one process has for itself.
pub(crate) const BAR: f64 = 18.0;
/// A lane that one thread has for itself.
const THIN: f64 = 13.0;
/// Below a lane, for its marks.
const GAP: f64 = 18.0;
/// What many that live at once share.
const SHARED: f64 = 72.0;
/// More that live at once are drawn over each other.
const MOST_ROWS: usize = 40;

/// Lanes, and the rows in a lane that several processes share.
pub(crate) struct Chart {
    pub(crate) lanes: Lanes,
    pub(crate) window: Window,
    /// By lane.
    tops: Vec<f64>,
    /// By strand; `None` if its lane is left out.
    rows: Vec<Option<Row>>,
    pub(crate) bottom: f64,
}

/// Where a bar stands.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) top: f64,
    pub(crate) height: f64,
    /// Whether others live above or below it in the same lane.
    pub(crate) is_shared: bool,
}

impl Row {
    pub(crate) fn bottom(self) -> f64 {
        self.top + self.height
    }

    pub(crate) fn middle(self) -> f64 {
        self.top + self.height / 2.0
    }

    pub(crate) fn has_room_for_text(self) -> bool {
        self.height >= 12.0
    }
}

impl Chart {
    pub(crate) fn new(story: &Story) -> Self {
        let lanes = Lanes::new(story);
        let mut rows = vec![None; story.strands.len()];
        let mut tops = Vec::new();
        let mut top = TOP;
        for lane in &lanes.all {
            tops.push(top);
            let (places, count) = pack(story, &lane.members);
            let most = if lane.is_thread { THIN } else { BAR };
            let height = (SHARED / count as f64).clamp(4.0, most);
            for (strand, row) in places {
                let top = top + row as f64 * height;
                let is_shared = count > 1;
                // A hair between neighbours, or they were one bar.
                let height = if is_shared { height - 1.0 } else { height };
                rows[strand] = Some(Row { top, height, is_shared });
            }
            top += height * count as f64 + GAP;
        }
        let window = Window::new(story);
        Self { lanes, window, tops, rows, bottom: top }
    }

    pub(crate) fn x(&self, t_us: u64) -> f64 {
        LEFT + self.window.at(t_us) * PLOT
    }

    pub(crate) fn top(&self, lane: usize) -> f64 {
        self.tops[lane]
    }

    /// Where a thread is drawn; one without a lane has its process's.
    pub(crate) fn row_of(
        &self,
        story: &Story,
        process: usize,
        thread: usize,
    ) -> Option<Row> {
        let first = story.strand(process, 0);
        self.rows[first + thread].or(self.rows[first])
    }

    pub(crate) fn row(&self, strand: usize) -> Option<Row> {
        self.rows[strand]
    }
}

/// Gives those of a lane that live at once rows of their own.
///
/// # Returns
/// Each member's row, and how many rows there are.
fn pack(story: &Story, members: &[usize]) -> (Vec<(usize, usize)>, usize) {
    let mut sorted = members.to_vec();
    sorted.sort_by_key(|&member| story.life_us(member));
    // By row: when it is free again.
    let mut free: Vec<u64> = Vec::new();
    let mut places = Vec::new();
    for (number, member) in sorted.into_iter().enumerate() {
        let own = story.strands[member];
        let (born, end) = story.life_us(member);
        let gone = story.gone_us(own.process).filter(|_| own.thread == 0);
        let gone = gone.unwrap_or(end);
        let row = free.iter().position(|&until| until <= born);
        let row = row.unwrap_or_else(|| {
            if free.len() < MOST_ROWS {
                free.push(0);
                free.len() - 1
            } else {
                number % MOST_ROWS
            }
        });
        free[row] = free[row].max(gone);
        places.push((member, row));
    }
    (places, free.len().max(1))
}
