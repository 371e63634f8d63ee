//! A range: a stretch of time that a person marks, from the cursor to where that goes.

use super::view::TimelineView;
use crate::model::{Nanos, Run};

/// A stretch of time that a person marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeRange {
    /// Where it was begun.
    start: Nanos,
    /// Where it was ended; until then it goes as far as the cursor.
    end: Option<Nanos>,
}

impl TimelineView {
    /// Begins a range at the cursor, or ends the one that goes on there.
    pub(super) fn toggle_range(&mut self) {
        let at = self.ensure_cursor();
        self.inspector_open = false;
        self.range = Some(match self.range {
            Some(TimeRange { start, end: None }) => TimeRange { start, end: Some(at) },
            _ => TimeRange { start: at, end: None },
        });
    }

    /// Has a range go from there to the cursor.
    pub(super) fn start_range(&mut self, start: Nanos) {
        self.inspector_open = false;
        self.range = Some(TimeRange { start, end: None });
    }

    /// The range's earlier and later end.
    pub(super) fn range(&self) -> Option<(Nanos, Nanos)> {
        let range = self.range?;
        let end = range.end.or(self.cursor).unwrap_or(range.start);
        Some((range.start.min(end), range.start.max(end)))
    }

    /// Whether moving the cursor changes the range.
    pub(super) fn is_selecting_range(&self) -> bool {
        self.range.is_some_and(|range| range.end.is_none())
    }

    /// Shows just the range, or if there is none, what is looked at of the lane chosen; and if it
    /// does that already, the whole run.
    pub(super) fn fit_selection(&mut self, runs: &[Run], now: Nanos) {
        let range = self.range().filter(|(from, to)| from < to);
        let span = || {
            let selected = self.selected_lane(runs, now)?;
            let span = self.span_in(&selected)?;
            Some((span.start, span.end.unwrap_or(selected.until)))
        };
        if let Some((from, to)) = range.or_else(span)
            && !self.viewport.show_range(from, to)
        {
            self.viewport.fit();
        }
    }
}
