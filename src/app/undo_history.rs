//! Undo for changes of the view.

use std::collections::VecDeque;

use super::keymap::Action;
use super::time_range::TimeRange;
use super::view::TimelineView;
use super::viewport::ViewportSnapshot;
use crate::model::Nanos;

/// The maximum number of changes that can be undone.
const MAX_UNDO_STEPS: usize = 100;

/// The part of the view that undo restores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ViewSnapshot {
    viewport: ViewportSnapshot,
    lane: Option<usize>,
    cursor: Option<Nanos>,
    range: Option<TimeRange>,
}

/// The previous states of the view.
#[derive(Clone, Debug, Default)]
pub(super) struct UndoHistory {
    past: VecDeque<ViewSnapshot>,
    /// The action that last changed the view. `None` after an undo.
    last: Option<Action>,
}

impl UndoHistory {
    /// Records a change of the view. Repeated presses of a key that moves in small steps count as
    /// one change.
    pub(super) fn record_change(&mut self, before: ViewSnapshot, action: Option<Action>) {
        let continues = action.is_some_and(is_incremental) && action == self.last;
        self.last = action;
        if continues {
            return;
        }
        if self.past.len() == MAX_UNDO_STEPS {
            self.past.pop_front();
        }
        self.past.push_back(before);
    }

    /// Returns `true` if there is nothing to undo.
    pub(super) fn is_empty(&self) -> bool {
        self.past.is_empty()
    }
}

/// Returns `true` if an action moves in small steps.
const fn is_incremental(action: Action) -> bool {
    matches!(
        action,
        Action::PanLeft
            | Action::PanRight
            | Action::PageLeft
            | Action::PageRight
            | Action::CursorLeft
            | Action::CursorRight
            | Action::NextLane
            | Action::PreviousLane
            | Action::NextLanes
            | Action::PreviousLanes
            | Action::PreviousSpan
            | Action::NextSpan
    )
}

impl TimelineView {
    /// The current state of the view.
    pub(super) fn snapshot(&self) -> ViewSnapshot {
        let viewport = self.viewport.snapshot();
        ViewSnapshot { viewport, lane: self.lane, cursor: self.cursor, range: self.range }
    }

    /// Records a change if the view differs from `before`.
    pub(super) fn record_change(&mut self, before: ViewSnapshot, action: Option<Action>) {
        if before != self.snapshot() {
            self.history.record_change(before, action);
        }
    }

    /// Restores the view before the last change.
    pub(super) fn undo(&mut self) {
        self.history.last = None;
        if let Some(snapshot) = self.history.past.pop_back() {
            self.viewport.restore(snapshot.viewport);
            (self.lane, self.cursor, self.range) = (snapshot.lane, snapshot.cursor, snapshot.range);
        }
    }
}
