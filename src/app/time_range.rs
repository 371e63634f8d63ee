//! The range: a period of time that the user marks with the cursor.

use super::view::TimelineView;
use crate::model::{Nanos, Run};

/// A period of time that the user marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeRange {
    /// The time at which marking started.
    start: Nanos,
    /// The time at which marking ended. `None` while the range ends at the cursor.
    end: Option<Nanos>,
}

impl TimelineView {
    /// Starts a range at the cursor, or ends the current one there.
    pub(super) fn toggle_range(&mut self) {
        let at = self.ensure_cursor();
        self.inspector_open = false;
        self.range = Some(match self.range {
            Some(TimeRange { start, end: None }) => TimeRange { start, end: Some(at) },
            _ => TimeRange { start: at, end: None },
        });
    }

    /// Starts a range from `start` to the cursor.
    pub(super) fn start_range(&mut self, start: Nanos) {
        self.inspector_open = false;
        self.range = Some(TimeRange { start, end: None });
    }

    /// The start and end of the range, in order.
    pub(super) fn range(&self) -> Option<(Nanos, Nanos)> {
        let range = self.range?;
        let end = range.end.or(self.cursor).unwrap_or(range.start);
        Some((range.start.min(end), range.start.max(end)))
    }

    /// Returns `true` while the range ends at the cursor.
    pub(super) fn is_selecting_range(&self) -> bool {
        self.range.is_some_and(|range| range.end.is_none())
    }

    /// Fits the range, or else the selected span, into the view.
    pub(super) fn fit_selection(&mut self, runs: &[Run], now: Nanos) {
        let range = self.range().filter(|(from, to)| from < to);
        let span = || {
            let selected = self.selected_lane(runs, now)?;
            let span = self.span_in(&selected)?;
            Some((span.start, span.end.unwrap_or(selected.until)))
        };
        if let Some((from, to)) = range.or_else(span) {
            self.viewport.show_range(from, to);
        }
    }
}
