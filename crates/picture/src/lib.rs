//! A trace, drawn.
//!
//! [`Story::new`] reads the events of a run. From a story come terminal
//! lanes, a self-contained HTML page, SVG, Mermaid, Chrome trace JSON and
//! [`notices()`], the sentences about what is worth noticing.
//!
//! Names, paths and arguments in a trace come from strangers: whatever is
//! drawn is made harmless first for what it is drawn into.

#![forbid(unsafe_code)]

mod arrows;
mod canvas;
mod cause;
mod chart;
mod chrome;
mod crowd;
mod data;
mod deaths;
mod flow;
mod group;
mod hang;
mod html;
mod key;
mod lanes;
mod linear;
mod marks;
mod mermaid;
mod names;
mod notices;
mod opened;
mod order;
mod plain;
mod rails;
mod refusals;
mod says;
mod scale;
mod stepped;
mod story;
mod strand;
mod svg;
mod table;
mod tell;

pub use chrome::chrome;
pub use html::html;
pub use lanes::{LaneStyle, Time, lanes};
pub use mermaid::mermaid;
pub use notices::{Notice, notices};
pub use story::Story;
pub use svg::svg;
