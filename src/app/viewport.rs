//! Which stretch of time the timeline shows: follow, fit, zoom, pan.

use crate::model::{Nanos, Run};

/// Before a run's length can be guessed, the timeline has room for this much, so that a short run
/// never changes its scale.
const INITIAL_HORIZON: Nanos = Nanos::from_millis(4_800);

/// The finest cell.
const MIN_CELL: Nanos = Nanos(1_000);

/// The coarsest cell: an hour.
const MAX_CELL: Nanos = Nanos(3_600_000_000_000);

/// What a person set for one selection's timeline.
#[derive(Clone, Debug)]
pub struct Viewport {
    /// The width of a cell; nothing to fit the whole run.
    cell: Option<Nanos>,
    /// The left border, when it does not follow.
    from: Nanos,
    follow: bool,
    /// How much time a fitted timeline has room for.
    horizon: Nanos,
    /// The newest moment.
    edge: Nanos,
    /// What a view follows: the newest moment of the run that goes on, as several share the axis
    /// and all begin at zero.
    newest: Nanos,
    /// Whether a run goes on in it.
    goes_on: bool,
    /// Whether a view that follows goes on by halves of itself.
    reduced_motion: bool,
    columns: u16,
}

/// What a person chose of a [`Viewport`]: what undoing brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ViewportSnapshot {
    cell: Option<Nanos>,
    /// Where it begins, unless that follows from the rest.
    from: Option<Nanos>,
}

/// The stretch of time that is drawn: `columns` cells of `cell` each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeWindow {
    /// The left border, a multiple of the cell.
    pub from: Nanos,
    /// The width of a cell.
    pub cell: Nanos,
    /// How many cells.
    pub columns: u16,
}

impl TimeWindow {
    /// The right border.
    pub const fn end(self) -> Nanos {
        Nanos(self.from.0.saturating_add(self.cell.0.saturating_mul(self.columns as u64)))
    }

    /// Whether a moment is in it.
    pub fn contains(self, at: Nanos) -> bool {
        (self.from..self.end()).contains(&at)
    }

    /// The cell that a moment is in, counted from the left; nothing if it is not in view.
    pub fn column(self, at: Nanos) -> Option<u16> {
        self.contains(at).then(|| (at.since(self.from).0 / self.cell.0) as u16)
    }

    /// The stretch of time of the cell that a moment is in.
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
            goes_on: false,
            reduced_motion: false,
            columns: 80,
        }
    }
}

impl Viewport {
    /// A frame is about to be drawn on `columns` cells; the newest moment of the runs shown is
    /// `edge`. While one of them goes on, `newest` is its own, and `expected` how long it may take
    /// in all.
    pub fn prepare_frame(
        &mut self,
        columns: u16,
        edge: Nanos,
        newest: Option<Nanos>,
        expected: Option<Nanos>,
    ) {
        self.columns = columns.max(1);
        self.edge = edge;
        // Afterwards the view stays where it is.
        self.goes_on = newest.is_some();
        self.newest = newest.unwrap_or(self.newest);
        match expected {
            // A picture that is over fits exactly. One that goes on keeps its scale until it runs
            // out of room, and then gets enough for the rest.
            None if edge > Nanos::ZERO => self.horizon = edge,
            Some(expected) if edge > self.horizon => {
                self.horizon = expected.max(edge + Nanos(edge.0 / 4));
            }
            _ => {}
        }
    }

    /// Has a view that follows go on by halves of itself, or cell by cell.
    pub(super) const fn set_reduced_motion(&mut self, reduced_motion: bool) {
        self.reduced_motion = reduced_motion;
    }

    /// What to draw.
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
            // A long step goes ahead, or the newest moment would be out of view meanwhile.
            let steps = if self.reduced_motion { first.div_ceil(step) } else { first / step };
            Nanos(steps.saturating_mul(step))
        } else {
            self.from
        };
        TimeWindow { from, cell, columns }
    }

    /// The width of a cell at which the whole run fits into the view.
    fn fitted(&self) -> Nanos {
        round_up(self.horizon.0.div_ceil(u64::from(self.columns)), &FIT_STEPS)
    }

    /// Whether the newest moment stays in view.
    pub const fn is_following(&self) -> bool {
        self.follow
    }

    /// Whether the whole run is fitted into the view.
    pub const fn is_fitted(&self) -> bool {
        self.cell.is_none()
    }

    /// How much time a fitted timeline has room for.
    pub const fn horizon(&self) -> Nanos {
        self.horizon
    }

    /// Fits the whole run again, and follows it.
    pub fn fit(&mut self) {
        self.cell = None;
        self.follow = true;
    }

    /// Gives a fitted timeline room for this much.
    pub(super) fn set_horizon(&mut self, horizon: Nanos) {
        self.horizon = horizon;
    }

    /// Goes to the run's start.
    pub fn go_to_start(&mut self) {
        self.cell = Some(self.window().cell);
        self.from = Nanos::ZERO;
        self.follow = false;
    }

    /// Goes to the newest moment and stays there.
    pub fn follow_latest(&mut self) {
        self.follow = true;
        self.newest = self.edge;
    }

    /// Pans by eighths of the view, to later moments if positive.
    pub fn pan(&mut self, eighths: i64) {
        let window = self.window();
        let step = window.cell.0.saturating_mul(u64::from((window.columns / 8).max(1)));
        let by = step.saturating_mul(eighths.unsigned_abs());
        let from = if eighths < 0 {
            window.from.0.saturating_sub(by)
        } else {
            // The newest moment stays in view, and half a view of what was before it.
            let half = window.cell.0.saturating_mul(u64::from(window.columns / 2));
            let last = self.edge.0.saturating_sub(half).max(window.from.0);
            window.from.0.saturating_add(by).min(last)
        };
        self.pin_to(window.cell, from);
    }

    /// Shows half as much, or twice as much (about: cells are 1, 2 or 5 of a unit wide). What is in
    /// the middle stays there; a view that follows keeps the newest moment, and one that begins with
    /// the run keeps the start.
    pub fn zoom(&mut self, closer: bool) {
        let window = self.window();
        let Some(cell) = self.next_cell(closer) else { return };
        if self.follow && (self.goes_on || !self.is_fitted()) {
            self.cell = Some(cell);
            return;
        }
        // The runs' common start is where they differ: a view that begins there keeps it.
        if window.from == Nanos::ZERO {
            self.pin_to(cell, 0);
            return;
        }
        let half = u64::from(window.columns / 2);
        let middle = window.from.0.saturating_add(window.cell.0 * half).min(self.edge.0);
        self.pin_to(cell, middle.saturating_sub(cell.0 * half));
    }

    /// The same, but what stays where it is is the moment `at`, if that is in view.
    pub fn zoom_at(&mut self, closer: bool, at: Nanos) {
        let window = self.window();
        let Some(column) = window.column(at) else { return self.zoom(closer) };
        let Some(cell) = self.next_cell(closer) else { return };
        let before = cell.0.saturating_mul(column.into());
        self.pin_to(cell, (at.0 / cell.0 * cell.0).saturating_sub(before));
    }

    /// The width of a cell after a zoom; nothing where there is no more to see.
    fn next_cell(&self, closer: bool) -> Option<Nanos> {
        let now = self.window().cell;
        let next = if closer {
            round_down(now.0 - 1, &ZOOM_STEPS)
        } else if now.0 >= self.fitted().0.saturating_mul(2) {
            // The whole run is in less than half of the view.
            return None;
        } else {
            round_up(now.0 + 1, &ZOOM_STEPS)
        };
        Some(next.clamp(MIN_CELL, MAX_CELL))
    }

    /// Pans by as little as brings the moment `at` into view. A zoomed view stays there, even if it
    /// has followed so far.
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

    /// Shows the stretch from `a` to `b` as closely as it fits, with a cell to spare at both sides;
    /// returns whether that changes anything.
    pub fn show_range(&mut self, a: Nanos, b: Nanos) -> bool {
        let before = self.window();
        let room = u64::from(self.columns.saturating_sub(3).max(1));
        let cell = round_up(b.since(a).0.div_ceil(room), &FIT_STEPS);
        self.pin_to(cell, a.0.saturating_sub(cell.0));
        self.window() != before
    }

    /// The newest moment, as of the last frame.
    pub(super) const fn edge(&self) -> Nanos {
        self.edge
    }

    /// What a person chose of it.
    pub(super) fn snapshot(&self) -> ViewportSnapshot {
        let moves = self.cell.is_none() || self.follow;
        ViewportSnapshot { cell: self.cell, from: (!moves).then_some(self.from) }
    }

    /// Goes back to what a person chose before.
    pub(super) fn restore(&mut self, snapshot: ViewportSnapshot) {
        self.cell = snapshot.cell;
        self.follow = snapshot.from.is_none();
        self.from = snapshot.from.unwrap_or(self.from);
    }

    fn pin_to(&mut self, cell: Nanos, from: u64) {
        self.cell = Some(cell);
        self.from = Nanos(from / cell.0 * cell.0);
        self.follow = false;
    }
}

/// How long a run may take in all, going by its pages so far; before the first, nothing but the time
/// for which limits held it back. That says nothing about its pace.
pub(super) fn expected_duration(run: &Run, now: Nanos) -> Nanos {
    let elapsed = run.elapsed(now);
    let held = if run.limits().is_empty() { Nanos::ZERO } else { throttled_time(run, elapsed) };
    let whole = elapsed.since(held).0.saturating_mul(u64::from(run.known_tasks()));
    held + Nanos(whole.checked_div(u64::from(run.done_tasks())).unwrap_or(0))
}

/// For how long a run was held back as a whole: as its lane that was throttled least, of those that
/// were.
fn throttled_time(run: &Run, elapsed: Nanos) -> Nanos {
    let throttled = run.lanes().iter().map(|lane| {
        let [.., throttled, _error] = lane.state_times_between(Nanos::ZERO, elapsed);
        throttled
    });
    Nanos(throttled.filter(|&time| time > 0).min().unwrap_or(0))
}

/// Cell widths that a zoom goes through, in tenths of a power of ten.
const ZOOM_STEPS: [u64; 3] = [10, 20, 50];

/// Cell widths for a fitted run: finer, so that it fills the view.
const FIT_STEPS: [u64; 10] = [10, 12, 15, 20, 25, 30, 40, 50, 60, 80];

/// The smallest width of the ladder that is not below `width`.
fn round_up(width: u64, steps: &[u64]) -> Nanos {
    ladder(steps).find(|&rung| rung.0 >= width).unwrap_or(MAX_CELL).clamp(MIN_CELL, MAX_CELL)
}

/// The largest width of the ladder that is not above `width`.
fn round_down(width: u64, steps: &[u64]) -> Nanos {
    ladder(steps).take_while(|rung| rung.0 <= width).last().unwrap_or(MIN_CELL)
}

fn ladder(steps: &[u64]) -> impl Iterator<Item = Nanos> + '_ {
    (2..13).flat_map(move |power| steps.iter().map(move |step| Nanos(step * 10_u64.pow(power))))
}
