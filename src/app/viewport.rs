//! The viewport: the period of time that the timeline shows, with follow, fit, zoom and pan.

use crate::model::{Nanos, Run, State};

/// The time shown before a run's duration can be estimated. Shorter runs never change the scale.
const INITIAL_HORIZON: Nanos = Nanos::from_millis(4_800);

/// The minimum duration of a cell.
const MIN_CELL: Nanos = Nanos(1_000);

/// The maximum duration of a cell: one hour.
const MAX_CELL: Nanos = Nanos(3_600_000_000_000);

/// The viewport of one selection's timeline.
#[derive(Clone, Debug)]
pub struct Viewport {
    /// The duration of a cell, or `None` to fit the whole run.
    cell: Option<Nanos>,
    /// The left edge, unless the viewport follows a run.
    from: Nanos,
    follow: bool,
    /// The time that a fitted timeline covers.
    horizon: Nanos,
    /// The latest time of all runs shown.
    edge: Nanos,
    /// The latest time of the active run, which the viewport follows. Runs share the axis and all
    /// start at zero, so this can be earlier than `edge`.
    newest: Nanos,
    /// A run shown is active.
    run_active: bool,
    /// Following moves the viewport by half its width instead of by one cell.
    reduced_motion: bool,
    /// A time that a fitted timeline always covers, or 0.
    mark: Nanos,
    columns: u16,
}

/// The period of time that is drawn: `columns` cells of duration `cell`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// The left edge, a multiple of `cell`.
    pub from: Nanos,
    /// The duration of a cell.
    pub cell: Nanos,
    /// The number of cells.
    pub columns: u16,
}

impl TimeWindow {
    /// The right edge.
    pub const fn end(self) -> Nanos {
        Nanos(self.from.0.saturating_add(self.cell.0.saturating_mul(self.columns as u64)))
    }

    /// Returns `true` if `at` is in the window.
    pub fn contains(self, at: Nanos) -> bool {
        (self.from..self.end()).contains(&at)
    }

    /// The column of the cell that contains `at`, or `None` if it is not in view.
    pub fn column(self, at: Nanos) -> Option<u16> {
        self.contains(at).then(|| (at.since(self.from).0 / self.cell.0) as u16)
    }

    /// The start and end of the cell that contains `at`.
    pub const fn cell_bounds(self, at: Nanos) -> (Nanos, Nanos) {
        let from = at.0 / self.cell.0 * self.cell.0;
        (Nanos(from), Nanos(from.saturating_add(self.cell.0)))
    }
}

impl Default for Viewport {
    fn default() -> Self {
        Self {
            cell: None,
            from: Nanos::ZERO,
            follow: true,
            horizon: INITIAL_HORIZON,
            edge: Nanos::ZERO,
            newest: Nanos::ZERO,
            run_active: false,
            reduced_motion: false,
            mark: Nanos::ZERO,
            columns: 80,
        }
    }
}

impl Viewport {
    /// Prepares a frame of `columns` cells. `edge` is the latest time of the runs shown. While one
    /// of them is active, `newest` is its latest time and `expected` its expected total duration.
    pub fn prepare_frame(
        &mut self,
        columns: u16,
        edge: Nanos,
        newest: Option<Nanos>,
        expected: Option<Nanos>,
    ) {
        self.columns = columns.max(1);
        self.edge = edge;
        // After the run, the viewport stays where it is.
        self.run_active = newest.is_some();
        self.newest = newest.unwrap_or(self.newest);
        match expected {
            // A completed run fits exactly. An active one keeps its scale until it reaches the
            // edge, and then gets enough room for the rest.
            None if edge > Nanos::ZERO => self.horizon = edge,
            Some(expected) if edge > self.horizon => {
                self.horizon = expected.max(edge + Nanos(edge.0 / 4));
            }
            _ => {}
        }
    }

    /// Sets whether following moves by half the width or cell by cell.
    pub(super) const fn set_reduced_motion(&mut self, reduced_motion: bool) {
        self.reduced_motion = reduced_motion;
    }

    /// Sets a time that a fitted timeline always covers, or 0.
    pub(super) const fn set_mark(&mut self, mark: Nanos) {
        self.mark = mark;
    }

    /// The window to draw.
    pub fn window(&self) -> TimeWindow {
        let columns = self.columns;
        let Some(cell) = self.cell else {
            return TimeWindow { from: Nanos::ZERO, cell: self.fitted(), columns };
        };
        let from = if self.follow {
            let shown = cell.0 * u64::from(columns - columns / 16 - 1);
            let step =
                if self.reduced_motion { cell.0 * u64::from((columns / 2).max(1)) } else { cell.0 };
            let first = self.newest.0.saturating_sub(shown);
            // A long step must be taken early, or the latest time would leave the view.
            let steps = if self.reduced_motion { first.div_ceil(step) } else { first / step };
            Nanos(steps.saturating_mul(step))
        } else {
            self.from
        };
        TimeWindow { from, cell, columns }
    }

    /// The duration of a cell at which the whole run fits into the view.
    fn fitted(&self) -> Nanos {
        let whole = self.horizon.0.max(self.mark.0.saturating_add(self.mark.0 / 16));
        round_up(whole.div_ceil(u64::from(self.columns)), &FIT_STEPS)
    }

    /// Returns `true` if the viewport follows the latest time.
    pub const fn is_following(&self) -> bool {
        self.follow
    }

    /// Returns `true` if the whole run is fitted into the view.
    pub const fn is_fitted(&self) -> bool {
        self.cell.is_none()
    }

    /// The time that a fitted timeline covers.
    pub const fn horizon(&self) -> Nanos {
        self.horizon
    }

    /// Fits the whole run into the view and follows it.
    pub fn fit(&mut self) {
        self.cell = None;
        self.follow = true;
    }

    /// Shows cells of about this duration from `from` on, or follows the latest time.
    pub(super) fn show_scale(&mut self, cell: Nanos, from: Option<Nanos>) {
        let cell = round_down(cell.0, &ZOOM_STEPS);
        if let Some(from) = from {
            self.pin_to(cell, from.0);
        } else {
            (self.cell, self.follow) = (Some(cell), true);
        }
    }

    /// Sets the time that a fitted timeline covers.
    pub(super) fn set_horizon(&mut self, horizon: Nanos) {
        self.horizon = horizon;
    }

    /// Goes to the start of the run.
    pub fn go_to_start(&mut self) {
        self.cell = Some(self.window().cell);
        self.from = Nanos::ZERO;
        self.follow = false;
    }

    /// Goes to the latest time and follows it.
    pub fn follow_latest(&mut self) {
        self.follow = true;
        self.newest = self.edge;
    }

    /// Pans by eighths of the view, to later times if positive.
    pub fn pan(&mut self, eighths: i64) {
        let window = self.window();
        let step = window.cell.0.saturating_mul(u64::from((window.columns / 8).max(1)));
        let by = step.saturating_mul(eighths.unsigned_abs());
        let from = if eighths < 0 {
            window.from.0.saturating_sub(by)
        } else {
            // Keep the latest time and half a view before it visible.
            let half = window.cell.0.saturating_mul(u64::from(window.columns / 2));
            let last = self.edge.0.saturating_sub(half).max(window.from.0);
            window.from.0.saturating_add(by).min(last)
        };
        self.pin_to(window.cell, from);
    }

    /// Zooms in or out by a factor of about two (cells last 1, 2 or 5 units) around the middle. A
    /// view that follows a run keeps the latest time in view, and one that begins at the start
    /// keeps the start.
    pub fn zoom(&mut self, closer: bool) {
        let window = self.window();
        let Some(cell) = self.next_cell(closer) else { return };
        if self.follow && (self.run_active || !self.is_fitted()) {
            self.cell = Some(cell);
            return;
        }
        // All runs share the start, so it is the reference for comparing them: keep it in view.
        if window.from == Nanos::ZERO {
            self.pin_to(cell, 0);
            return;
        }
        let half = u64::from(window.columns / 2);
        let middle = window.from.0.saturating_add(window.cell.0 * half).min(self.edge.0);
        self.pin_to(cell, middle.saturating_sub(cell.0 * half));
    }

    /// Zooms in or out around `at`, if it is in view.
    pub fn zoom_at(&mut self, closer: bool, at: Nanos) {
        let window = self.window();
        let Some(column) = window.column(at) else { return self.zoom(closer) };
        let Some(cell) = self.next_cell(closer) else { return };
        let before = cell.0.saturating_mul(column.into());
        self.pin_to(cell, (at.0 / cell.0 * cell.0).saturating_sub(before));
    }

    /// The duration of a cell after a zoom, or `None` if zooming out would show nothing more.
    fn next_cell(&self, closer: bool) -> Option<Nanos> {
        let now = self.window().cell;
        let next = if closer {
            round_down(now.0 - 1, &ZOOM_STEPS)
        } else if now.0 >= self.fitted().0.saturating_mul(2) {
            // The whole run fills less than half of the view.
            return None;
        } else {
            round_up(now.0 + 1, &ZOOM_STEPS)
        };
        Some(next.clamp(MIN_CELL, MAX_CELL))
    }

    /// Pans just far enough to bring `at` into view. A zoomed view stops following.
    pub fn reveal(&mut self, at: Nanos) {
        let window = self.window();
        let after = window.cell.0.saturating_mul(u64::from(window.columns.saturating_sub(1)));
        match at {
            _ if at < window.from => self.pin_to(window.cell, at.0),
            _ if at >= window.end() => {
                let (cell, _) = window.cell_bounds(at);
                self.pin_to(window.cell, cell.0.saturating_sub(after));
            }
            _ if self.cell.is_some() => self.pin_to(window.cell, window.from.0),
            _ => {}
        }
    }

    /// Zooms to the period from `a` to `b`, with one spare cell on each side.
    pub fn show_range(&mut self, a: Nanos, b: Nanos) {
        let room = u64::from(self.columns.saturating_sub(3).max(1));
        let cell = round_up(b.since(a).0.div_ceil(room), &FIT_STEPS);
        self.pin_to(cell, a.0.saturating_sub(cell.0));
    }

    /// The latest time of all runs shown, as of the last frame.
    pub(super) const fn edge(&self) -> Nanos {
        self.edge
    }

    fn pin_to(&mut self, cell: Nanos, from: u64) {
        self.cell = Some(cell);
        self.from = Nanos(from / cell.0 * cell.0);
        self.follow = false;
    }
}

/// The expected total duration of a run, extrapolated from its completed tasks. Time spent waiting
/// for rate limits is added unscaled, because it does not reflect the pace of the run.
pub(super) fn expected_duration(run: &Run, now: Nanos) -> Nanos {
    let elapsed = run.elapsed(now);
    let throttled =
        if run.limits().reached().is_empty() { Nanos::ZERO } else { throttled_time(run, elapsed) };
    let whole = elapsed.since(throttled).0.saturating_mul(u64::from(run.progress().known_tasks()));
    throttled + Nanos(whole.checked_div(u64::from(run.progress().done_tasks())).unwrap_or(0))
}

/// The time for which rate limits held back the run as a whole: the minimum over the throttled
/// lanes.
fn throttled_time(run: &Run, elapsed: Nanos) -> Nanos {
    let throttled = run.lanes().iter().map(|lane| lane.time_in(State::Throttled, elapsed));
    throttled.filter(|&time| time > Nanos::ZERO).min().unwrap_or_default()
}

/// Cell durations used by zooming, in tenths of a power of ten.
const ZOOM_STEPS: [u64; 3] = [10, 20, 50];

/// Cell durations for a fitted run: finer steps, so that the run fills the view.
const FIT_STEPS: [u64; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];

/// The smallest step that is not less than `width`.
fn round_up(width: u64, steps: &[u64]) -> Nanos {
    ladder(steps).find(|&rung| rung.0 >= width).unwrap_or(MAX_CELL).clamp(MIN_CELL, MAX_CELL)
}

/// The largest step that is not greater than `width`.
fn round_down(width: u64, steps: &[u64]) -> Nanos {
    ladder(steps).take_while(|rung| rung.0 <= width).last().unwrap_or(MIN_CELL)
}

fn ladder(steps: &[u64]) -> impl Iterator<Item = Nanos> + '_ {
    (2..13).flat_map(move |power| steps.iter().map(move |step| Nanos(step * 10_u64.pow(power))))
}
