//! Looking closely: what is asked of the app for that, and what it answers.

use super::App;
use crate::model::{Lane, Nanos, Run, Span, Workload};

/// A lane that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct SelectedLane<'run> {
    /// Its run.
    pub run: &'run Run,
    /// Until when that is shown.
    pub until: Nanos,
    /// The lane itself.
    pub lane: &'run Lane,
    /// Its place in its run.
    pub index: u16,
}

/// What the pane beside or below the timeline is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetailPane {
    /// The span looked at.
    Inspector,
    /// The range, from its earlier to its later end.
    Range(Nanos, Nanos),
}

impl App {
    /// The moment on the time axis that a person looks at.
    pub const fn cursor(&self) -> Option<Nanos> {
        self.view.cursor
    }

    /// The range's earlier and later end.
    pub fn range(&self) -> Option<(Nanos, Nanos)> {
        self.view.range()
    }

    /// Whether moving the cursor changes the range.
    pub fn is_selecting_range(&self) -> bool {
        self.view.is_selecting_range()
    }

    /// Whether a change of the view can be undone.
    pub fn can_undo(&self) -> bool {
        !self.view.history.is_empty()
    }

    /// What the pane is about; nothing if there is none.
    pub fn detail_pane(&self) -> Option<DetailPane> {
        if self.view.drag.is_some_and(|drag| !drag.had_pane) {
            return None;
        }
        if self.view.inspector_open {
            return Some(DetailPane::Inspector);
        }
        self.range().map(|(from, to)| DetailPane::Range(from, to))
    }

    /// The lane chosen.
    pub fn selected_lane(&self) -> Option<SelectedLane<'_>> {
        self.view.selected_lane(self.runs(), self.now)
    }

    /// What is looked at on the lane chosen: what goes on under the cursor, or else the last before;
    /// without a cursor, the last in view.
    pub fn selected_span(&self) -> Option<Span> {
        self.view.span_in(&self.selected_lane()?)
    }

    /// Chooses a lane, which is counted through all runs shown, and looks at a moment on it: the view
    /// follows by the least pan.
    pub fn go_to(&mut self, lane: usize, at: Nanos) {
        self.view.go_to(lane, at);
    }

    /// Shows what the command chosen wrote, or opens the inspector, or closes it.
    pub(super) fn toggle_inspector(&mut self) {
        if self.selection.workload == Workload::Commands {
            self.open_output();
        } else {
            self.view.toggle_inspector(self.session.runs(self.selection));
        }
    }
}
