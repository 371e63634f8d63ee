//! The attempts of several runs as sorted rows. Rows are sorted when they are added and when the
//! order changes, never per frame.

use super::attempt::{Attempt, Fate};
use super::event::LaneId;
use super::run::Run;
use super::time::Nanos;
use super::walk::{Step, Walk};

/// The columns of the table, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// The task.
    Task,
    /// The mode.
    Mode,
    /// The lane.
    Lane,
    /// The number of the attempt at its task.
    Attempt,
    /// The outcome.
    Status,
    /// The start time.
    Start,
    /// The service time: for a request, from sending it to the last byte of the body.
    Service,
    /// The size of the response body or of a command's output.
    Bytes,
    /// The number of followers on the page.
    Followers,
    /// The connection: new or reused.
    Connection,
    /// The failure.
    Error,
}

/// A row of the table: one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The sort key.
    key: u64,
    run: u32,
    lane: LaneId,
    place: u32,
}

/// The sorted rows.
#[derive(Clone, Debug)]
pub struct Table {
    column: Column,
    inverted: bool,
    /// The finished attempts by the sort column, in ascending order even if `inverted`.
    over: Vec<Row>,
    /// The attempts in progress. They stay at the bottom until they finish.
    open: Vec<Row>,
    walk: Walk,
}

impl Default for Table {
    /// Sorts by start time.
    fn default() -> Self {
        Self {
            column: Column::Start,
            inverted: false,
            over: Vec::new(),
            open: Vec::new(),
            walk: Walk::default(),
        }
    }
}

impl Table {
    /// Adds the attempts that are new in the runs, each of which is visible up to a moment.
    pub fn refresh(&mut self, visible: &[(&Run, Nanos)]) {
        if self.walk.is_lost(visible) {
            self.forget();
        }
        self.open.clear();
        let before = self.over.len();
        let Self { column, over, open, walk, .. } = self;
        walk.go_on(visible, |Step { run, place, attempt, over: is_over }| {
            let (run, place) = (run as u32, place as u32);
            let row = |key| Row { key, run, lane: attempt.lane, place };
            if is_over {
                over.push(row(column.key(&attempt, run)));
            } else {
                open.push(row(attempt.span.start.0));
            }
        });
        self.open.sort_unstable();
        if self.over.len() > before {
            // The old rows are already in order, which makes this sort fast.
            self.over.sort();
        }
    }

    /// Clears the rows, so that other runs can be listed.
    pub fn forget(&mut self) {
        self.over.clear();
        self.open.clear();
        self.walk = Walk::default();
    }

    /// Sorts in ascending order by the column `by` positions to the right, wrapping around.
    pub fn sort_by(&mut self, by: usize, visible: &[(&Run, Nanos)]) {
        let here = Column::ALL.iter().position(|&column| column == self.column).unwrap_or(0);
        let next = Column::ALL.get((here + by) % Column::ALL.len());
        self.column = next.copied().unwrap_or(Column::Start);
        self.inverted = false;
        // Rebuilding the rows lane by lane is faster than following their present order.
        self.forget();
        self.refresh(visible);
    }

    /// Reverses the sort order.
    pub const fn invert(&mut self) {
        self.inverted = !self.inverted;
    }

    /// The number of rows.
    pub const fn len(&self) -> usize {
        self.over.len() + self.open.len()
    }

    /// Returns `true` if no attempt has started.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sort column, and `true` if the order is descending.
    pub const fn order(&self) -> (Column, bool) {
        (self.column, self.inverted)
    }

    /// Returns the row with this index.
    pub fn row(&self, place: usize) -> Option<Row> {
        let all = self.over.len();
        match place.checked_sub(all) {
            Some(open) => self.open.get(open).copied(),
            None if self.inverted => self.over.get(all - 1 - place).copied(),
            None => self.over.get(place).copied(),
        }
    }

    /// Returns the current index of a row that was taken before its attempt finished or before the
    /// order changed.
    pub fn place_of(&self, row: Row, visible: &[(&Run, Nanos)]) -> Option<usize> {
        let attempt = row.attempt(visible)?;
        let by_column = Row { key: self.column.key(&attempt, row.run), ..row };
        let all = self.over.len();
        if let Ok(place) = self.over.binary_search(&by_column) {
            return Some(if self.inverted { all - 1 - place } else { place });
        }
        let by_start = Row { key: attempt.span.start.0, ..row };
        self.open.binary_search(&by_start).ok().map(|place| all + place)
    }
}

impl Row {
    /// The index of the row's run among the visible ones.
    pub const fn run(self) -> usize {
        self.run as usize
    }

    /// Returns the attempt of this row.
    pub fn attempt<'run>(self, visible: &[(&'run Run, Nanos)]) -> Option<Attempt<'run>> {
        let (run, _) = visible.get(self.run())?;
        run.attempt(self.lane, self.place as usize)
    }
}

impl Column {
    /// All columns, from left to right.
    pub const ALL: [Self; 11] = [
        Self::Task,
        Self::Mode,
        Self::Lane,
        Self::Attempt,
        Self::Status,
        Self::Start,
        Self::Service,
        Self::Bytes,
        Self::Followers,
        Self::Connection,
        Self::Error,
    ];

    /// Returns the sort key of a finished attempt. Missing values sort first.
    fn key(self, attempt: &Attempt<'_>, run: u32) -> u64 {
        let span = attempt.span;
        let answer = || match attempt.fate() {
            Fate::Done(answer) => answer,
            _ => None,
        };
        match self {
            Self::Task => span.task.0.into(),
            Self::Mode => run.into(),
            Self::Lane => u64::from(run) << u16::BITS | u64::from(attempt.lane.0),
            Self::Attempt => span.attempt.into(),
            Self::Status => match attempt.fate() {
                Fate::Open => 0,
                Fate::Done(answer) => 1 + answer.map_or(0, |answer| u64::from(answer.status)),
                Fate::Stopped => 1 << u16::BITS | 1,
                Fate::Failed(failure) => 2 << u16::BITS | u64::from(failure.status.unwrap_or(0)),
            },
            Self::Start => span.start.0,
            Self::Service => attempt.service().map_or(0, |time| time.0),
            Self::Bytes => attempt.bytes().map_or(0, |bytes| bytes.saturating_add(1)),
            Self::Followers => attempt.followers().map_or(0, |count| 1 + count as u64),
            Self::Connection => answer().map_or(0, |answer| 1 + u64::from(answer.connected)),
            // Equal kinds of failure are grouped.
            Self::Error => attempt.failure().map_or(0, |failure| 1 + failure.kind as u64),
        }
    }
}
