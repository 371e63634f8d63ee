//! A range: a stretch of time that a person marks, from the cursor to where that goes.

use super::view::View;
use crate::model::{Nanos, Run};

/// A stretch of time that a person marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    /// Where it was begun.
    begun: Nanos,
    /// Where it was ended; until then it goes as far as the cursor.
    ended: Option<Nanos>,
}

impl View {
    /// Begins a range at the cursor, or ends the one that goes on there.
    pub(super) fn mark(&mut self) {
        let at = self.cursor_or_middle();
        self.inspects = false;
        self.range = Some(match self.range {
            Some(Range { begun, ended: None }) => Range { begun, ended: Some(at) },
            _ => Range { begun: at, ended: None },
        });
    }

    /// Has a range go from there to the cursor.
    pub(super) fn mark_from(&mut self, begun: Nanos) {
        self.inspects = false;
        self.range = Some(Range { begun, ended: None });
    }

    /// The range's earlier and later end.
    pub(super) fn range(&self) -> Option<(Nanos, Nanos)> {
        let range = self.range?;
        let end = range.ended.or(self.cursor).unwrap_or(range.begun);
        Some((range.begun.min(end), range.begun.max(end)))
    }

    /// Whether moving the cursor changes the range.
    pub(super) fn is_marking(&self) -> bool {
        self.range.is_some_and(|range| range.ended.is_none())
    }

    /// Shows just the range, or if there is none, what is looked at of the lane chosen; and if it
    /// does that already, the whole run.
    pub(super) fn fit_selection(&mut self, runs: &[Run], now: Nanos) {
        let range = self.range().filter(|(from, to)| from < to);
        let span = || {
            let looked = self.looked(runs, now)?;
            let span = self.span(&looked)?;
            Some((span.start, span.end.unwrap_or(looked.until)))
        };
        if let Some((from, to)) = range.or_else(span)
            && !self.viewport.show(from, to)
        {
            self.viewport.fit();
        }
    }
}
