//! The cursor: a position on the time axis that moves by cells or by the spans of a lane.

use super::App;
use super::keymap::Action;
use super::selected_lane::SelectedLane;
use super::view::TimelineView;
use crate::model::{Nanos, Run, Span};

impl App {
    /// Moves to the next or previous span of the selected lane, or shows that there is none.
    pub(super) fn move_to_next_span(&mut self, action: Action) {
        let before = (self.view.lane, self.view.cursor);
        self.view.handle_action(action, self.session.runs(self.selection), self.now);
        if before == (self.view.lane, self.view.cursor) && before.0.is_some() {
            let which = if action == Action::NextSpan { "last" } else { "first" };
            self.notice = Some(format!("{which} span on this lane"));
        }
    }
}

impl TimelineView {
    /// Returns the cursor, after placing it in the middle of the visible runs if there was none.
    pub(super) fn ensure_cursor(&mut self) -> Nanos {
        let window = self.viewport.window();
        let end = window.end().min(self.viewport.edge()).max(window.from);
        let (middle, _) = window.cell_bounds(Nanos(window.from.0.midpoint(end.0)));
        let at = self.cursor.unwrap_or(middle);
        self.set_cursor(at);
        at
    }

    /// Moves the cursor by one cell and keeps it in view.
    pub(super) fn move_cursor(&mut self, later: bool) {
        let Some(at) = self.cursor else {
            self.ensure_cursor();
            return;
        };
        let cell = self.viewport.window().cell;
        let newest = self.viewport.edge().max(at);
        self.set_cursor(if later { (at + cell).min(newest) } else { at.since(cell) });
    }

    /// Moves to the next span on the selected lane after the cursor, or to the previous one.
    /// Without a cursor, moves to the first or last span in view.
    pub(super) fn move_to_next_span(&mut self, later: bool, runs: &[Run], now: Nanos) {
        self.lane = self.lane.or((!runs.is_empty()).then_some(0));
        let Some(selected) = self.selected_lane(runs, now) else { return };
        let (lane, window) = (selected.lane, self.viewport.window());
        let span = match (later, self.cursor) {
            (true, Some(at)) => lane.span_from(at + Nanos(1)),
            (true, None) => lane.span_from(window.from),
            (false, Some(at)) => at.0.checked_sub(1).and_then(|at| lane.span_at(Nanos(at))),
            (false, None) => lane.span_at(window.end().min(selected.until)),
        };
        if let Some(span) = span.filter(|span| span.start <= selected.until) {
            let end = span.end.unwrap_or(selected.until);
            let fits = end.since(span.start).0 < window.end().since(window.from).0;
            if fits {
                self.viewport.reveal(end);
            }
            self.set_cursor(span.start);
        }
    }

    /// Selects a lane, counted across all runs, and moves the cursor to a time on it.
    pub(super) fn go_to(&mut self, lane: usize, at: Nanos) {
        self.lane = Some(lane);
        self.set_cursor(at);
    }

    pub(super) fn set_cursor(&mut self, at: Nanos) {
        self.cursor = Some(at);
        self.viewport.reveal(at);
    }

    /// The selected lane.
    pub(super) fn selected_lane<'run>(
        &self,
        runs: &'run [Run],
        now: Nanos,
    ) -> Option<SelectedLane<'run>> {
        let mut place = self.lane?;
        for (index, run) in runs.iter().enumerate() {
            if let Some(lane) = run.lanes().get(place) {
                let until = self.visible_until(index, run, now);
                return Some(SelectedLane { run, until, lane, index: place as u16 });
            }
            place -= run.lanes().len();
        }
        None
    }

    /// The selected span of the lane: the span under the cursor or the last one before it. Without
    /// a cursor, the last span in view.
    pub(super) fn span_in(&self, selected: &SelectedLane<'_>) -> Option<Span> {
        selected.lane.span_at(self.focus_time().min(selected.until))
    }

    /// The time of the cursor, or else the right edge of the view.
    pub(super) fn focus_time(&self) -> Nanos {
        self.cursor.unwrap_or_else(|| self.viewport.window().end())
    }
}
