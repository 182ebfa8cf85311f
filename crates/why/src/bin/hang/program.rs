//! A program, and what a judge must say of it.

use std::fmt::{Display, Formatter};

use crate::Result;

/// One program of the table.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) name: &'static str,
    /// The root causes, divided by spaces; none if it is healthy.
    causes: &'static str,
    /// Who is stuck: paths of creation, divided by spaces. Children count as
    /// they are there, zombies included.
    stuck: &'static str,
    tree: Tree,
    /// Phrases divided by `; `, each of which some sentence contains, or
    /// none if it begins with `not: `.
    says: &'static str,
    pub(crate) run: fn() -> Result,
}

/// What must be known of the tree before the verdict can be had.
#[derive(Clone, Copy, Debug)]
enum Tree {
    /// Stuck, whatever strangers do.
    Open,
    /// A stranger could still serve it: stuck only if nobody outside takes
    /// part, and otherwise not.
    Closed,
    /// Stuck, for root; who may not read what others map cannot rule out that
    /// they take part, and it is stuck only if nobody outside does.
    Mapped,
    /// Stuck if nobody outside takes part, and otherwise it depends on what
    /// the judge can find out; or healthy if somebody outside takes part.
    Either,
}

impl Program {
    /// A program that hangs, whatever strangers do.
    pub(crate) const fn stuck(
        name: &'static str,
        causes: &'static str,
        stuck: &'static str,
        run: fn() -> Result,
    ) -> Self {
        Self { name, causes, stuck, tree: Tree::Open, says: "", run }
    }

    /// A program that goes on by itself.
    pub(crate) const fn healthy(
        name: &'static str,
        run: fn() -> Result,
    ) -> Self {
        let (causes, stuck, tree) = ("", "", Tree::Open);
        Self { name, causes, stuck, tree, says: "", run }
    }

    /// Hangs only if no stranger takes part.
    pub(crate) const fn if_closed(mut self) -> Self {
        self.tree = Tree::Closed;
        self
    }

    /// Hangs as far as one may read what strangers map.
    pub(crate) const fn if_unmapped(mut self) -> Self {
        self.tree = Tree::Mapped;
        self
    }

    /// Hangs if no stranger takes part, and perhaps otherwise too.
    pub(crate) const fn at_least_if_closed(mut self) -> Self {
        self.tree = Tree::Either;
        self
    }

    /// Healthy, but for a judge who is told that nobody outside takes part.
    pub(crate) const fn unless_closed(mut self) -> Self {
        self.tree = Tree::Either;
        self
    }

    pub(crate) const fn says(mut self, phrases: &'static str) -> Self {
        self.says = phrases;
        self
    }
}

impl Display for Program {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        let verdict = if self.stuck.is_empty() { "moving" } else { "stuck" };
        let tree = match self.tree {
            Tree::Open => "open",
            Tree::Closed => "closed",
            Tree::Mapped => "mapped",
            Tree::Either => "either",
        };
        let Self { name, causes, stuck, says, .. } = self;
        write!(to, "{name}\t{verdict}\t{causes}\t{stuck}\t{tree}\t{says}")
    }
}
