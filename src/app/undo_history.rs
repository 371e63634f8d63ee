//! Undoing a change of the view: what was looked at before, and how.

use std::collections::VecDeque;

use super::keymap::Action;
use super::time_range::TimeRange;
use super::view::TimelineView;
use super::viewport::ViewportSnapshot;
use crate::model::Nanos;

/// How many changes can be undone.
const MAX_UNDO_STEPS: usize = 100;

/// What a person looks at, as far as it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ViewSnapshot {
    viewport: ViewportSnapshot,
    lane: Option<usize>,
    cursor: Option<Nanos>,
    range: Option<TimeRange>,
}

/// What was looked at before.
#[derive(Clone, Debug, Default)]
pub(super) struct UndoHistory {
    past: VecDeque<ViewSnapshot>,
    /// What changed the view last, unless that was undone.
    last: Option<Action>,
}

impl UndoHistory {
    /// The view has changed from what it was. Presses of one key that goes on by a little at a time
    /// are undone as one.
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

    /// Whether there is something to undo.
    pub(super) fn is_empty(&self) -> bool {
        self.past.is_empty()
    }
}

/// Whether an action goes on by a little at a time.
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
    /// What is looked at now.
    pub(super) fn snapshot(&self) -> ViewSnapshot {
        let viewport = self.viewport.snapshot();
        ViewSnapshot { viewport, lane: self.lane, cursor: self.cursor, range: self.range }
    }

    /// Notes that an action may have changed what was looked at before it.
    pub(super) fn record_change(&mut self, before: ViewSnapshot, action: Option<Action>) {
        if before != self.snapshot() {
            self.history.record_change(before, action);
        }
    }

    /// Goes back to before the last change.
    pub(super) fn undo(&mut self) {
        self.history.last = None;
        if let Some(snapshot) = self.history.past.pop_back() {
            self.viewport.restore(snapshot.viewport);
            (self.lane, self.cursor, self.range) = (snapshot.lane, snapshot.cursor, snapshot.range);
        }
    }
}
