//! How one selection is looked at: which stretch of time, which lane, and whether it is held still.

use super::keymap::Action;
use super::mouse::Drag;
use super::time_range::TimeRange;
use super::undo_history::UndoHistory;
use super::viewport::Viewport;
use crate::model::{Nanos, Run};

/// How one selection is looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct TimelineView {
    pub(super) viewport: Viewport,
    /// The lane that a person chose, counted through all runs.
    pub(super) lane: Option<usize>,
    /// The moment that a person looks at.
    pub(super) cursor: Option<Nanos>,
    pub(super) range: Option<TimeRange>,
    /// Whether the inspector is open.
    pub(super) inspector_open: bool,
    pub(super) history: UndoHistory,
    /// The mouse's button is down.
    pub(super) drag: Option<Drag>,
    pause: Option<Pause>,
}

/// A view held still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pause {
    /// The selection's run that went on then, by its place; runs after it are not shown.
    run: usize,
    /// How far it was.
    at: Nanos,
}

impl TimelineView {
    /// A run begins: all of it is to be seen, as it goes on; it may take so long, where that is known.
    pub(super) fn reset_for_run(&mut self, expected: Option<Nanos>) {
        // Moments of the run before mean nothing in this one.
        *self = Self { viewport: self.viewport.clone(), lane: self.lane, ..Self::default() };
        self.viewport.fit();
        if let Some(expected) = expected {
            self.viewport.set_horizon(expected);
        }
    }

    /// A frame is about to be drawn: [`Viewport::frame`]. Where the timeline makes room for a pane,
    /// the cursor stays in view.
    pub(super) fn prepare_frame(
        &mut self,
        columns: u16,
        edge: Nanos,
        newest: Option<Nanos>,
        expected: Option<Nanos>,
    ) {
        let before = self.viewport.window();
        self.viewport.prepare_frame(columns, edge, newest, expected);
        if let Some(at) = self.cursor
            && before.columns != columns
            && before.contains(at)
            && !self.viewport.window().contains(at)
        {
            self.viewport.reveal(at);
        }
    }

    /// Another moment of a recording is shown: a picture that shows all fits as if that were the first.
    pub(super) fn refit(&mut self, expected: Option<Nanos>) {
        if self.viewport.is_fitted() {
            self.viewport = Viewport::default();
            self.reset_for_run(expected);
        }
    }

    /// Does what a key asks for that changes nothing but the view.
    pub(super) fn handle_action(&mut self, action: Action, runs: &[Run], now: Nanos) {
        let before = self.snapshot();
        match action {
            Action::Undo => return self.undo(),
            Action::Pause => self.toggle_pause(runs, now),
            Action::Back => self.go_back(),
            Action::NextLane => self.move_lane_selection(1, runs),
            Action::PreviousLane => self.move_lane_selection(-1, runs),
            Action::NextLanes => self.move_lane_selection(10, runs),
            Action::PreviousLanes => self.move_lane_selection(-10, runs),
            Action::NextSpan => self.move_to_next_span(true, runs, now),
            Action::PreviousSpan => self.move_to_next_span(false, runs, now),
            Action::CursorLeft => self.move_cursor(false),
            Action::CursorRight => self.move_cursor(true),
            Action::Range => self.toggle_range(),
            Action::FitSelection => self.fit_selection(runs, now),
            Action::ZoomIn => self.zoom_view(true),
            Action::ZoomOut => self.zoom_view(false),
            Action::Fit => self.viewport.fit(),
            Action::PanLeft => self.viewport.pan(-1),
            Action::PanRight => self.viewport.pan(1),
            Action::PageLeft => self.viewport.pan(-8),
            Action::PageRight => self.viewport.pan(8),
            Action::Start => self.viewport.go_to_start(),
            Action::Follow => self.viewport.follow_latest(),
            _ => {}
        }
        self.record_change(before, Some(action));
    }

    /// Opens the inspector, on the first lane if none is chosen, or closes it.
    pub(super) fn toggle_inspector(&mut self, runs: &[Run]) {
        let before = self.snapshot();
        self.inspector_open = !self.inspector_open && !runs.is_empty();
        if self.inspector_open {
            self.lane = self.lane.or(Some(0));
        }
        self.record_change(before, None);
    }

    fn zoom_view(&mut self, closer: bool) {
        match self.cursor {
            Some(at) => self.viewport.zoom_at(closer, at),
            None => self.viewport.zoom(closer),
        }
    }

    fn toggle_pause(&mut self, runs: &[Run], now: Nanos) {
        let run = runs.iter().rposition(Run::has_started).unwrap_or(0);
        let at = runs.get(run).map_or(Nanos::ZERO, |run| run.elapsed(now));
        self.pause = match self.pause {
            Some(_) => None,
            None => Some(Pause { run, at }),
        };
    }

    /// What was held still is gone.
    pub(super) const fn resume(&mut self) {
        self.pause = None;
    }

    /// One step back: the inspector, the range, the cursor, the held view, the zoom.
    fn go_back(&mut self) {
        let inspector_closed = std::mem::take(&mut self.inspector_open);
        let dropped =
            inspector_closed || self.range.take().is_some() || self.cursor.take().is_some();
        if !dropped && self.pause.take().is_none() {
            self.viewport.fit();
        }
    }

    fn move_lane_selection(&mut self, by: isize, runs: &[Run]) {
        let lanes = runs.iter().map(|run| run.lanes().len()).sum::<usize>();
        let next = match self.lane {
            Some(lane) => lane.saturating_add_signed(by),
            None => 0,
        };
        self.lane = lanes.checked_sub(1).map(|last| next.min(last));
    }

    /// Whether it is held still.
    pub(super) const fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// Until when the run at a place is shown.
    pub(super) fn visible_until(&self, index: usize, run: &Run, now: Nanos) -> Nanos {
        match self.pause {
            Some(pause) if index > pause.run => Nanos::ZERO,
            Some(pause) if index == pause.run => pause.at,
            _ => run.elapsed(now),
        }
    }

    /// How far behind it is: nothing if it is not held still.
    pub(super) fn time_behind(&self, runs: &[Run], now: Nanos) -> Option<Nanos> {
        let pause = self.pause?;
        let run = runs.get(pause.run)?;
        let later = runs.iter().skip(pause.run + 1).map(|run| run.elapsed(now));
        Some(later.fold(run.elapsed(now).since(pause.at), |sum, one| sum + one))
    }
}
