//! Calls under way.

use crate::proc_stat::tick;
use crate::table::{Kind, Row};

/// A call that was entered and has not returned.
#[derive(Clone, Debug)]
pub(crate) struct PendingCall {
    pub(crate) row: &'static Row,
    pub(crate) arguments: [u64; 6],
    pub(crate) from_us: u64,
    /// Read at the entry: the memory may be gone, or changed, at the return.
    pub(crate) text: String,
    pub(crate) texts: Vec<String>,
    /// Bytes of a write that are told before it returns.
    pub(crate) told: u64,
    /// It was not made: the keeper has refused it, or made it itself, and
    /// this is its result.
    pub(crate) answer: Option<i64>,
    /// Whether it surely did not have to wait when it was entered.
    pub(crate) is_ready: bool,
    /// When it was entered, if it creates, in clock ticks since boot.
    pub(crate) tick: u64,
}

impl PendingCall {
    pub(crate) fn new(
        row: &'static Row,
        arguments: [u64; 6],
        from_us: u64,
    ) -> Self {
        Self {
            row,
            arguments,
            from_us,
            text: String::new(),
            texts: Vec::new(),
            told: 0,
            answer: None,
            is_ready: false,
            tick: if row.kind == Kind::Create { tick() } else { 0 },
        }
    }

    /// Of clone(2), the exit signal among them; fork(2) and vfork(2) have
    /// that alone.
    pub(crate) fn clone_flags(&self) -> i32 {
        match self.row.name {
            "clone" => self.arguments[0] as i32,
            _ => libc::SIGCHLD,
        }
    }
}
