//! The cursor: a moment on the time axis, which moves by cells, and from span to span of a lane.

use super::App;
use super::keymap::Action;
use super::selected_lane::SelectedLane;
use super::view::TimelineView;
use crate::model::{Nanos, Run, Span};

impl App {
    /// Goes to the next span of the lane chosen, or the one before; says where there is none.
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
    /// The cursor, or where one appears: in the middle of what there is to see.
    pub(super) fn ensure_cursor(&mut self) -> Nanos {
        let window = self.viewport.window();
        let end = window.end().min(self.viewport.edge()).max(window.from);
        let (middle, _) = window.cell_bounds(Nanos(window.from.0.midpoint(end.0)));
        let at = self.cursor.unwrap_or(middle);
        self.set_cursor(at);
        at
    }

    /// Moves the cursor by a cell; the view goes with it.
    pub(super) fn move_cursor(&mut self, later: bool) {
        let Some(at) = self.cursor else {
            self.ensure_cursor();
            return;
        };
        let cell = self.viewport.window().cell;
        let newest = self.viewport.edge().max(at);
        self.set_cursor(if later { (at + cell).min(newest) } else { at.since(cell) });
    }

    /// Goes to the span that begins next on the lane chosen, or that began last before the cursor.
    /// Without a cursor, that is the first in view, or the last.
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
            let whole = end.since(span.start).0 < window.end().since(window.from).0;
            if whole {
                self.viewport.reveal(end);
            }
            self.set_cursor(span.start);
        }
    }

    /// Goes to a moment on a lane, which is counted through all runs.
    pub(super) fn go_to(&mut self, lane: usize, at: Nanos) {
        let before = self.snapshot();
        self.lane = Some(lane);
        self.set_cursor(at);
        self.record_change(before, None);
    }

    pub(super) fn set_cursor(&mut self, at: Nanos) {
        self.cursor = Some(at);
        self.viewport.reveal(at);
    }

    /// The lane chosen.
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

    /// What is looked at on it: what goes on under the cursor, or else the last before; without a
    /// cursor, the last in view.
    pub(super) fn span_in(&self, selected: &SelectedLane<'_>) -> Option<Span> {
        selected.lane.span_at(self.focus_time().min(selected.until))
    }

    /// The cursor, or else where the view ends.
    pub(super) fn focus_time(&self) -> Nanos {
        self.cursor.unwrap_or_else(|| self.viewport.window().end())
    }
}
