//! What the lessons share and none of them teaches: the list of demos, one
//! line of output, an error that says what was attempted, the end of a child
//! process.
//!
//! No system call that a lesson is about stands here. A thing enters on its
//! third use, with a test.

#[cfg(not(target_os = "linux"))]
compile_error!(
    "Forklore runs on Linux: use WSL2, or the container in .devcontainer \
     (README, \"Platforms\")"
);

mod child;
mod error;
mod lesson;
mod race;
mod say;
mod scratch;
mod state;
mod trouble;

pub use child::{exit_child, expect_success, role};
pub use error::{Context, Error, Result};
pub use lesson::{Demo, Lesson};
pub use race::Race;
#[doc(hidden)]
pub use say::line;
pub use scratch::Scratch;
pub use state::{state, until_blocked};
