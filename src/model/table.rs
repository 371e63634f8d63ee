//! All attempts of several runs as rows in order, kept in order while the runs grow: rows are sorted
//! when they come and when the order is changed, never for a frame.

use super::attempt::{Attempt, Fate};
use super::event::LaneId;
use super::run::Run;
use super::time::Nanos;
use super::walk::{Step, Walk};

/// What a row tells, in the order of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Which task.
    Task,
    /// In which mode.
    Mode,
    /// On which lane.
    Lane,
    /// Which attempt at the task.
    Attempt,
    /// How it ended.
    Status,
    /// When it began.
    Start,
    /// Its service time: of a request, from sent to body.
    Service,
    /// The body's size; of a command, how much it wrote.
    Bytes,
    /// Followers on the page.
    Followers,
    /// Whether the connection was a new one.
    Connection,
    /// Why it failed.
    Error,
}

/// A row: an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Where it stands among the others.
    key: u64,
    run: u32,
    lane: LaneId,
    place: u32,
}

/// The rows, in an order.
#[derive(Clone, Debug)]
pub struct Table {
    column: Column,
    inverted: bool,
    /// Those that are over, by the column, whether it is inverted or not.
    over: Vec<Row>,
    /// Those that go on: they stand below the others until they are over.
    open: Vec<Row>,
    walk: Walk,
}

impl Default for Table {
    /// By the time at which they began.
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
    /// Takes in what is new in the runs, each of which is shown until some moment.
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
            // What was there is in order already, which this sort makes use of.
            self.over.sort();
        }
    }

    /// Other runs are to be listed.
    pub fn forget(&mut self) {
        self.over.clear();
        self.open.clear();
        self.walk = Walk::default();
    }

    /// Sorts by another column, smallest first, that many to the right; the first comes after the
    /// last.
    pub fn sort_by(&mut self, by: usize, visible: &[(&Run, Nanos)]) {
        let here = Column::ALL.iter().position(|&column| column == self.column).unwrap_or(0);
        let next = Column::ALL.get((here + by) % Column::ALL.len());
        self.column = next.copied().unwrap_or(Column::Start);
        self.inverted = false;
        // Lane by lane is quicker than in the order that they stand in.
        self.forget();
        self.refresh(visible);
    }

    /// Largest first, or smallest first again.
    pub const fn invert(&mut self) {
        self.inverted = !self.inverted;
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.over.len() + self.open.len()
    }

    /// Whether no attempt has begun.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The column that it is sorted by, and whether the largest stand first.
    pub const fn order(&self) -> (Column, bool) {
        (self.column, self.inverted)
    }

    /// The row at a place, from 0.
    pub fn row(&self, place: usize) -> Option<Row> {
        let all = self.over.len();
        match place.checked_sub(all) {
            Some(open) => self.open.get(open).copied(),
            None if self.inverted => self.over.get(all - 1 - place).copied(),
            None => self.over.get(place).copied(),
        }
    }

    /// Where an attempt stands now that was a row before it was over, or before the order changed.
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
    /// The row's run, by its place among those shown.
    pub const fn run(self) -> usize {
        self.run as usize
    }

    /// The attempt that it is about.
    pub fn attempt<'run>(self, visible: &[(&'run Run, Nanos)]) -> Option<Attempt<'run>> {
        let (run, _) = visible.get(self.run())?;
        run.attempt(self.lane, self.place as usize)
    }
}

impl Column {
    /// Every column, from the left.
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

    /// Where an attempt that is over stands by this column. What has no value stands first.
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
            // Alike stand together.
            Self::Error => attempt.failure().map_or(0, |failure| 1 + failure.kind as u64),
        }
    }
}
