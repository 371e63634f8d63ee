//! Undoing a change of the view: what was looked at before, and how.

use std::collections::VecDeque;

use super::keymap::Action;
use super::range::Range;
use super::view::View;
use super::viewport::Setting;
use crate::model::Nanos;

/// How many changes can be undone.
const DEPTH: usize = 100;

/// What a person looks at, as far as it can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    setting: Setting,
    lane: Option<usize>,
    cursor: Option<Nanos>,
    range: Option<Range>,
}

/// What was looked at before.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    past: VecDeque<Look>,
    /// What changed the view last, unless that was undone.
    last: Option<Action>,
}

impl History {
    /// The view has changed from what it was. Presses of one key that goes on by a little at a time
    /// are undone as one.
    pub(super) fn note(&mut self, before: Look, action: Option<Action>) {
        let goes_on = action.is_some_and(is_step) && action == self.last;
        self.last = action;
        if goes_on {
            return;
        }
        if self.past.len() == DEPTH {
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
const fn is_step(action: Action) -> bool {
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

impl View {
    /// What is looked at now.
    pub(super) fn look(&self) -> Look {
        let setting = self.viewport.setting();
        Look { setting, lane: self.lane, cursor: self.cursor, range: self.range }
    }

    /// Notes that an action may have changed what was looked at before it.
    pub(super) fn note(&mut self, before: Look, action: Option<Action>) {
        if before != self.look() {
            self.history.note(before, action);
        }
    }

    /// Goes back to before the last change.
    pub(super) fn undo(&mut self) {
        self.history.last = None;
        if let Some(look) = self.history.past.pop_back() {
            self.viewport.set(look.setting);
            (self.lane, self.cursor, self.range) = (look.lane, look.cursor, look.range);
        }
    }
}
