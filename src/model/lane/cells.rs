//! The cells of a lane in the timeline: one state, an edge between two, or several merged.

use super::{CHECKPOINT_INTERVAL, Lane, Nanos, State, StateChange, StateTimes};

/// The maximum number of changes in a cell that are examined one by one.
const MAX_CHANGES: usize = 12;

/// The content of a cell in the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LaneCell {
    /// One state for the whole cell.
    Whole(State),
    /// One change, or several within a sixteenth of the cell, drawn at its position: `left` fills
    /// this number of eighths of the cell's width.
    Edge {
        /// The state before the change.
        left: State,
        /// The state after the change.
        right: State,
        /// The width of `left`, 1 to 7.
        eighths: u8,
    },
    /// More changes than fit into a cell.
    Merged {
        /// The state with the most time, not counting idleness and rest.
        main: State,
        /// The share of the cell in all other states than these, in eighths, 1 to 8.
        eighths: u8,
    },
}

/// The interval of a cell with the indices of its entries, on a lane that has lived until `until`.
struct CellRange {
    start: u64,
    end: u64,
    until: u64,
    first: usize,
    last: usize,
}

/// An interval in one state.
#[derive(Clone, Copy)]
struct CellPiece {
    state: State,
    start: u64,
    end: u64,
}

/// The states within a cell.
#[derive(Default)]
struct CellSummary {
    /// The time in each state.
    shares: StateTimes,
    /// The first two intervals that are long enough to be drawn.
    shown: [Option<CellPiece>; 2],
    /// The number of intervals that are long enough to be drawn.
    count: usize,
    /// The total time of the other intervals.
    omitted_time: u64,
    /// `true` if one of those is in a state that must stay visible.
    omits_critical_state: bool,
}

impl Lane {
    /// Returns `count` cells of width `width`, the first of which begins at `from`, of a lane that
    /// has lived until `until`. Cells after that are omitted.
    pub fn cells(
        &self,
        from: Nanos,
        width: Nanos,
        count: usize,
        until: Nanos,
    ) -> impl Iterator<Item = LaneCell> + '_ {
        let width = width.0.max(1);
        let mut start = from.0;
        let mut first = next_index(&self.changes, 0, |change| change.at() < start);
        // A failure at a border belongs to the cell that ends there, with the rest of its task.
        let mut error = next_index(&self.errors, 0, |&at| at <= start && start > 0);
        (0..count).map_while(move |_| {
            if start >= until.0 {
                return None;
            }
            let end = start.saturating_add(width);
            let seen = end.min(until.0);
            let last = next_index(&self.changes, first, |change| change.at() < seen);
            let range = CellRange { start, end, until: until.0, first, last };
            let errors = next_index(&self.errors, error, |&at| at <= seen);
            let failed = errors > error;
            (start, first, error) = (end, last, errors);
            Some(if failed { LaneCell::Whole(State::Error) } else { self.cell(&range) })
        })
    }

    /// Adds the time in each state to the sums of cells of width `width`, the first of which begins at
    /// `from`, up to `until`.
    pub fn add_times_by_cell(
        &self,
        from: Nanos,
        width: Nanos,
        until: Nanos,
        sums: &mut [StateTimes],
    ) {
        let width = width.0.max(1);
        let mut start = from.0;
        let mut first = next_index(&self.changes, 0, |change| change.at() < start);
        for sum in sums {
            let end = start.saturating_add(width);
            let seen = end.min(until.0);
            if start >= seen {
                return;
            }
            let last = next_index(&self.changes, first, |change| change.at() < seen);
            if last - first > CHECKPOINT_INTERVAL {
                let before = self.state_times_before(first, start);
                sum.add_all(&self.state_times_before(last, seen).since(&before));
            } else {
                let range = CellRange { start, end, until: end, first, last };
                self.add_state_times(&range, seen, sum);
            }
            (start, first) = (end, last);
        }
    }

    /// The cell for an interval without failed tasks.
    fn cell(&self, range: &CellRange) -> LaneCell {
        if range.first == range.last && range.end <= range.until {
            return LaneCell::Whole(self.state_before(range.first));
        }
        if range.last - range.first > MAX_CHANGES {
            return merged_cell(&self.shares(range), range.width());
        }
        let summary = self.summarize_cell(range);
        if summary.omitted_time > range.width() / 8 || summary.omits_critical_state {
            return merged_cell(&summary.shares, range.width());
        }
        match (summary.shown, summary.count) {
            ([Some(one), _], 1) => LaneCell::Whole(one.state),
            ([Some(a), Some(b)], 2) => {
                edge_cell(a.state, b.state, a.end - range.start, range.width())
            }
            _ => merged_cell(&summary.shares, range.width()),
        }
    }

    /// Collects the states within a cell. Intervals up to a sixteenth of the cell are not drawn one by
    /// one.
    fn summarize_cell(&self, range: &CellRange) -> CellSummary {
        let fine = range.width() / 16;
        let mut summary = CellSummary::default();
        for piece in self.pieces(range) {
            summary.add(piece, fine);
        }
        summary
    }

    /// Returns the intervals of a cell, one per state. Time after the lane's end is idle.
    fn pieces(&self, range: &CellRange) -> impl Iterator<Item = CellPiece> + '_ {
        let &CellRange { start, end, until, first, last } = range;
        let entries = self.changes.get(first..last).unwrap_or(&[]).iter();
        let begins = std::iter::once((self.state_before(first), start))
            .chain(entries.clone().map(|change| (change.state(), change.at())));
        let ends = entries.map(|change| change.at()).chain([end.min(until)]);
        let alive = begins.zip(ends).map(|((state, start), end)| CellPiece { state, start, end });
        let beyond = CellPiece { state: State::Idle, start: until.min(end), end };
        let mut pieces = alive.chain([beyond]).filter(|piece| piece.end > piece.start).peekable();
        std::iter::from_fn(move || {
            let mut piece = pieces.next()?;
            while let Some(more) = pieces.next_if(|next| next.state == piece.state) {
                piece.end = more.end;
            }
            Some(piece)
        })
    }

    /// The time in each state in a cell.
    fn shares(&self, range: &CellRange) -> StateTimes {
        let seen = range.end.min(range.until);
        let mut shares = if range.last - range.first <= CHECKPOINT_INTERVAL {
            self.state_times_in(range, seen)
        } else {
            let after = self.state_times_before(range.last, seen);
            after.since(&self.state_times_before(range.first, range.start))
        };
        shares.add(State::Idle, range.end.saturating_sub(range.until));
        shares
    }

    /// The time in each state up to `seen`, summed entry by entry.
    fn state_times_in(&self, range: &CellRange, seen: u64) -> StateTimes {
        let mut shares = StateTimes::default();
        self.add_state_times(range, seen, &mut shares);
        shares
    }

    /// Adds the time in each state in a cell up to `seen`.
    fn add_state_times(&self, range: &CellRange, seen: u64, shares: &mut StateTimes) {
        let entries = self.changes.get(range.first..range.last).unwrap_or(&[]);
        let (mut state, mut at) = (self.state_before(range.first), range.start);
        for change in entries {
            shares.add(state, change.at() - at);
            (state, at) = (change.state(), change.at());
        }
        shares.add(state, seen.saturating_sub(at));
    }

    /// The state before an entry.
    fn state_before(&self, change: usize) -> State {
        let before = change.checked_sub(1).and_then(|before| self.changes.get(before));
        before.copied().map(StateChange::state).unwrap_or_default()
    }
}

impl CellSummary {
    fn add(&mut self, piece: CellPiece, fine: u64) {
        let CellPiece { state, start, end } = piece;
        self.shares.add(state, end - start);
        if end - start <= fine {
            self.omitted_time += end - start;
            self.omits_critical_state |= state.is_critical();
            return;
        }
        // An interruption that is not drawn does not divide a state.
        let last = self.count.checked_sub(1).and_then(|last| self.shown.get_mut(last)?.as_mut());
        if let Some(last) = last.filter(|last| last.state == state) {
            last.end = end;
            return;
        }
        if let Some(slot) = self.shown.get_mut(self.count) {
            *slot = Some(piece);
        }
        self.count += 1;
    }
}

impl CellRange {
    const fn width(&self) -> u64 {
        self.end - self.start
    }
}

/// The index of the first item that is not `before`, searched from index `from` on.
fn next_index<T>(items: &[T], from: usize, before: impl Fn(&T) -> bool) -> usize {
    let rest = items.get(from..).unwrap_or(&[]);
    // Most cells hold few entries, so an exponential search precedes the binary one.
    let mut reach = 1;
    while rest.get(reach).is_some_and(&before) {
        reach *= 2;
    }
    let rest = rest.get(..(reach + 1).min(rest.len())).unwrap_or(rest);
    from + rest.partition_point(before)
}

fn edge_cell(left: State, right: State, at: u64, width: u64) -> LaneCell {
    match eighths(at, width) {
        0 => LaneCell::Whole(right),
        8.. => LaneCell::Whole(left),
        eighths => LaneCell::Edge { left, right, eighths },
    }
}

/// The state with the most time is the main one, unless there is a state that must stay visible. A
/// lane that is idle or rests but for a sixteenth of the cell does so for all of it.
fn merged_cell(shares: &StateTimes, width: u64) -> LaneCell {
    let is_calm = |state: State| state == State::Idle || state.is_rest();
    let busy = || shares.spent().filter(|&(state, _)| !is_calm(state));
    let rank = |&(state, share): &(State, u64)| (state.is_critical(), share, state);
    let time: u64 = busy().map(|(_, share)| share).sum();
    match busy().max_by_key(rank) {
        Some((main, _)) if time > width / 16 || main.is_critical() => {
            LaneCell::Merged { main, eighths: eighths(time, width).max(1) }
        }
        _ => {
            let calm = shares.spent().filter(|&(state, _)| is_calm(state));
            LaneCell::Whole(calm.max_by_key(rank).map_or(State::Idle, |(state, _)| state))
        }
    }
}

/// The ratio of `part` to `whole`, rounded to eighths.
fn eighths(part: u64, whole: u64) -> u8 {
    let whole = u128::from(whole.max(1));
    ((u128::from(part) * 8 + whole / 2) / whole).min(8) as u8
}
