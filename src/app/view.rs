//! The view of one selection: viewport, selected lane, cursor, range and pause.

use super::keymap::Action;
use super::message::{Gesture, PointerTarget};
use super::thread_rows::ProgramRows;
use super::viewport::Viewport;
use crate::model::{ComputeSpec, Lane, Nanos, ProgramRecord, Run, Span, State};

/// The view of one selection.
#[derive(Clone, Debug, Default)]
pub(super) struct TimelineView {
    pub(super) viewport: Viewport,
    /// The index of the selected lane, counted across all runs.
    pub(super) lane: Option<usize>,
    /// `true` if the row of the lane's group is selected instead of the lane.
    pub(super) on_group: bool,
    /// The rows of a watched program.
    pub(super) threads: ProgramRows,
    /// The cursor on the time axis.
    pub(super) cursor: Option<Nanos>,
    pub(super) range: Option<TimeRange>,
    pub(super) inspector_open: bool,
    /// The drag in progress, while the mouse button is down.
    pub(super) drag: Option<Drag>,
    pause: Option<Pause>,
    /// The viewport before the one that shows the switches of the GIL.
    before_switches: Option<Viewport>,
}

/// The number of cells before the moment that a view of the GIL's switches begins with.
const CELLS_BEFORE_SWITCHES: u64 = 4;

/// A period of time that the user marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeRange {
    /// The time at which marking started.
    start: Nanos,
    /// The time at which marking ended. `None` while the range ends at the cursor.
    end: Option<Nanos>,
}

/// A drag in progress: the button is down.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drag {
    /// The time at which the button was pressed.
    pub(super) start: Nanos,
    /// The detail pane was open at that time. A pane must not open during a drag, because the
    /// timeline would change its size under the pointer.
    pub(super) had_pane: bool,
    pub(super) moved: bool,
}

/// The time at which a view is paused: the elapsed time of each run. Runs that had not started, or
/// begin later, are not shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pause(Vec<Nanos>);

impl Pause {
    fn until(&self, run: usize) -> Nanos {
        self.0.get(run).copied().unwrap_or_default()
    }
}

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

impl TimelineView {
    /// Resets the view for a new run, and fits the run's expected duration if known.
    pub(super) fn reset_for_run(&mut self, expected: Option<Nanos>) {
        // The times of the previous run have no meaning in the new one.
        let mut threads = std::mem::take(&mut self.threads);
        threads.clear();
        let viewport = self.viewport.clone();
        *self = Self { viewport, lane: self.lane, threads, ..Self::default() };
        self.viewport.fit();
        if let Some(expected) = expected {
            self.viewport.set_horizon(expected);
        }
    }

    /// After a seek in a recording, fits the view again as if the run had just started, unless the
    /// user has zoomed.
    pub(super) fn refit(&mut self, expected: Option<Nanos>) {
        if self.viewport.is_fitted() {
            self.viewport = Viewport::default();
            self.reset_for_run(expected);
        }
    }

    /// Handles an action that changes only the view.
    pub(super) fn handle_action(&mut self, action: Action, runs: &[Run], now: Nanos) {
        if changes_window(action) {
            self.threads.invalidate();
        }
        match action {
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
            Action::Start => self.viewport.go_to_start(),
            Action::Follow => self.viewport.follow_latest(),
            _ => {}
        }
    }

    /// Opens or closes the inspector. Selects the first lane if none is selected.
    pub(super) fn toggle_inspector(&mut self, runs: &[Run]) {
        self.inspector_open = !self.inspector_open && !runs.is_empty();
        if self.inspector_open {
            self.lane = self.lane.or(Some(0));
        }
    }

    /// Shows the switches of the GIL on cells of this duration, or goes back to the view before.
    /// Returns `false` if no visible run has a GIL. A view that does not follow begins with the
    /// cursor or where threads first wait for the GIL.
    pub(super) fn toggle_switches(&mut self, runs: &[Run], now: Nanos, follows: bool) -> bool {
        if let Some(before) = self.before_switches.take() {
            self.viewport = before;
            return true;
        }
        let mut visible = self.visible_runs(runs, now).filter(|(run, _)| run.gil().is_some());
        let Some((run, until)) = visible.next() else { return false };
        let cell = switch_scale(run);
        let contention = || first_contention(run, until);
        let at = self.cursor.map_or_else(contention, |at| at.min(until));
        let margin = Nanos(cell.0.saturating_mul(CELLS_BEFORE_SWITCHES));
        drop(visible);
        self.before_switches = Some(self.viewport.clone());
        self.viewport.show_scale(cell, (!follows).then(|| at.since(margin)));
        true
    }

    /// Follows a run in slow motion on a scale on which its GIL's switches can be seen.
    pub(super) fn follow_switches(&mut self, run: &Run) {
        if run.gil().is_some() {
            self.before_switches = Some(self.viewport.clone());
            self.viewport.show_scale(switch_scale(run), None);
        }
    }

    fn zoom_view(&mut self, closer: bool) {
        match self.cursor {
            Some(at) => self.viewport.zoom_at(closer, at),
            None => self.viewport.zoom(closer),
        }
    }

    fn toggle_pause(&mut self, runs: &[Run], now: Nanos) {
        self.pause = match self.pause {
            Some(_) => None,
            None => Some(Pause(runs.iter().map(|run| run.elapsed(now)).collect())),
        };
    }

    /// Ends the pause.
    pub(super) fn resume(&mut self) {
        self.pause = None;
    }

    /// Goes back one step: closes the inspector, frees the range, the cursor and the lane, in this
    /// order, or ends the pause.
    fn go_back(&mut self) {
        let inspector_closed = std::mem::take(&mut self.inspector_open);
        let dropped = inspector_closed
            || self.range.take().is_some()
            || self.cursor.take().is_some()
            || self.lane.take().is_some();
        if !dropped {
            self.pause = None;
        }
    }

    fn move_lane_selection(&mut self, by: isize, runs: &[Run]) {
        if runs.iter().any(|run| run.program().is_some()) {
            return self.move_thread_selection(by);
        }
        let lanes = runs.iter().map(|run| run.lanes().len()).sum::<usize>();
        let next = match self.lane {
            Some(lane) => lane.saturating_add_signed(by),
            None => 0,
        };
        self.lane = lanes.checked_sub(1).map(|last| next.min(last));
    }

    /// Returns `true` if a lane, a cursor or a range is selected, or the inspector is open.
    pub(super) const fn has_selection(&self) -> bool {
        self.inspector_open || self.range.is_some() || self.cursor.is_some() || self.lane.is_some()
    }

    /// Returns `true` if the view is paused.
    pub(super) const fn is_paused(&self) -> bool {
        self.pause.is_some()
    }

    /// The runs of the selection, each with the time up to which it is shown.
    pub(super) fn visible_runs<'run>(
        &self,
        runs: &'run [Run],
        now: Nanos,
    ) -> impl Iterator<Item = (&'run Run, Nanos)> {
        let runs = runs.iter().enumerate();
        runs.map(move |(index, run)| (run, self.visible_until(index, run, now)))
    }

    /// The time up to which the run at this index is shown.
    fn visible_until(&self, index: usize, run: &Run, now: Nanos) -> Nanos {
        match &self.pause {
            Some(pause) => pause.until(index),
            None => run.elapsed(now),
        }
    }

    /// The time by which a paused view lags behind, or `None` if the view is not paused.
    pub(super) fn time_behind(&self, runs: &[Run], now: Nanos) -> Option<Nanos> {
        let pause = self.pause.as_ref()?;
        let behind = runs.iter().enumerate().map(|(index, run)| {
            let until = pause.until(index);
            (until > Nanos::ZERO, run.elapsed(now).since(until))
        });
        // Runs that are shown go on at the same time; those that are not shown follow one another.
        let (shown, later) =
            behind.fold((Nanos::ZERO, Nanos::ZERO), |(shown, later), (is, time)| {
                if is { (shown.max(time), later) } else { (shown, later + time) }
            });
        Some(shown + later)
    }

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
        self.reveal_thread(lane);
        self.set_cursor(at);
    }

    pub(super) fn set_cursor(&mut self, at: Nanos) {
        self.cursor = Some(at);
        self.viewport.reveal(at);
    }

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

    pub(super) fn handle_mouse(
        &mut self,
        gesture: Gesture,
        PointerTarget { lane, at, .. }: PointerTarget,
    ) {
        match (gesture, at) {
            (Gesture::Press, at) => {
                self.select_pointed_lane(lane);
                if let Some(start) = at {
                    let had_pane = self.inspector_open || self.range().is_some();
                    self.drag = Some(Drag { start, had_pane, moved: false });
                    self.set_cursor(start);
                }
            }
            (Gesture::Drag, Some(at)) => self.drag_to(at),
            (Gesture::Release, _) => self.finish_drag(),
            (Gesture::ScrollUp, Some(at)) => self.viewport.zoom_at(true, at),
            (Gesture::ScrollDown, Some(at)) => self.viewport.zoom_at(false, at),
            (Gesture::Drag | Gesture::ScrollUp | Gesture::ScrollDown, None) => {}
        }
    }

    fn drag_to(&mut self, at: Nanos) {
        let newest = self.viewport.edge();
        let Some(drag) = &mut self.drag else { return };
        let is_first_move = !std::mem::replace(&mut drag.moved, true);
        if is_first_move {
            let start = drag.start.min(newest);
            self.start_range(start);
        }
        // There is nothing to mark after the latest time.
        self.set_cursor(at.min(newest));
    }

    /// Ends the range after a drag. A click without a drag removes a finished range.
    fn finish_drag(&mut self) {
        match self.drag.take() {
            Some(Drag { moved: true, .. }) => self.toggle_range(),
            Some(_) if !self.is_selecting_range() => self.range = None,
            _ => {}
        }
    }
}

/// Returns `true` if an action shows another part of the time.
const fn changes_window(action: Action) -> bool {
    matches!(
        action,
        Action::FitSelection
            | Action::ZoomIn
            | Action::ZoomOut
            | Action::Fit
            | Action::PanLeft
            | Action::PanRight
            | Action::Start
            | Action::Follow
    )
}

/// Returns the duration of a cell at which several cells show one turn of the GIL.
fn switch_scale(run: &Run) -> Nanos {
    let mut found = run.program().into_iter().flat_map(ProgramRecord::interpreters);
    let of_program = found.find_map(|found| found.details.switch_interval);
    let compute = run.plan().work.compute().map(|compute| compute.switch_interval);
    let interval = compute.or(of_program).unwrap_or(ComputeSpec::SWITCH_INTERVAL);
    Nanos(interval.0 / 5 * 2)
}

/// Returns the first moment until which a lane of a run waits for the GIL, or 0.
fn first_contention(run: &Run, until: Nanos) -> Nanos {
    let first_wait = |lane: &Lane| {
        let mut waits = lane.state_intervals(until);
        waits.find(|wait| wait.state == State::LockWait).map(|wait| wait.start)
    };
    run.lanes().iter().filter_map(first_wait).min().unwrap_or_default()
}
