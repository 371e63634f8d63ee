//! Inspection of a lane: the selected lane and span, the cursor and the range.

use super::App;
use crate::model::{Lane, Nanos, Run, Span};

/// The selected lane.
#[derive(Clone, Copy, Debug)]
pub struct SelectedLane<'run> {
    /// The run of the lane.
    pub run: &'run Run,
    /// The time up to which the run is shown.
    pub until: Nanos,
    /// The lane.
    pub lane: &'run Lane,
    /// The index of the lane in its run.
    pub index: u16,
}

/// The content of the pane beside or below the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailPane {
    /// The inspector of the selected span.
    Inspector,
    /// The statistics of the range between two times.
    Range(Nanos, Nanos),
}

impl App {
    /// The cursor on the time axis.
    pub const fn cursor(&self) -> Option<Nanos> {
        self.view.cursor
    }

    /// The start and end of the range.
    pub fn range(&self) -> Option<(Nanos, Nanos)> {
        self.view.range()
    }

    /// Returns `true` while the range ends at the cursor.
    pub fn is_selecting_range(&self) -> bool {
        self.view.is_selecting_range()
    }

    /// The content of the detail pane, or `None` if it is closed.
    pub fn detail_pane(&self) -> Option<DetailPane> {
        if self.view.drag.is_some_and(|drag| !drag.had_pane) {
            return None;
        }
        if self.view.inspector_open {
            return Some(DetailPane::Inspector);
        }
        self.range().map(|(from, to)| DetailPane::Range(from, to))
    }

    /// The selected lane.
    pub fn selected_lane(&self) -> Option<SelectedLane<'_>> {
        self.view.selected_lane(self.runs(), self.now)
    }

    /// The selected span of the selected lane: the span under the cursor or the last one before it.
    /// Without a cursor, the last span in view.
    pub fn selected_span(&self) -> Option<Span> {
        self.view.span_in(&self.selected_lane()?)
    }

    /// Selects a lane, counted across all runs shown, and places the cursor on it. The view pans
    /// only as far as needed.
    pub fn go_to(&mut self, lane: usize, at: Nanos) {
        self.view.go_to(lane, at);
    }

    /// Opens or closes the inspector; for commands, opens the output.
    pub(super) fn toggle_inspector(&mut self) {
        if self.selection.workload.is_command() {
            self.open_output();
        } else {
            self.view.toggle_inspector(self.session.runs(self.selection));
        }
    }
}
