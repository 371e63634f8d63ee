//! The attempts of several runs as sorted rows. Rows are sorted when they are added and when the
//! order changes, never per frame.

use super::attempt::{Attempt, AttemptCursor, AttemptOutcome, AttemptVisit};
use crate::model::run::Run;
use crate::model::time::Nanos;
use crate::model::{LaneId, Workload};

/// The columns of the table, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptColumn {
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
    Results,
    /// The connection: new or reused.
    Connection,
    /// The failure.
    Error,
    /// The time of a thread on a CPU, by the kernel's counters.
    OnCpu,
    /// The time in which a thread had no core, by the kernel's counters.
    NoCore,
    /// The number of times that a thread left a CPU.
    Switches,
    /// The reason for most of the time that a thread waited.
    WaitedFor,
}

/// A row of the table: one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttemptRow {
    /// The sort key.
    sort_key: u64,
    run: u32,
    lane: LaneId,
    index: u32,
}

/// The sorted rows.
#[derive(Clone, Debug)]
pub struct AttemptTable {
    column: AttemptColumn,
    /// The finished attempts by the sort column, in ascending order even if it sorts descending.
    finished: Vec<AttemptRow>,
    /// The attempts in progress. They stay at the bottom until they finish.
    running: Vec<AttemptRow>,
    /// `true` if the rows are the threads of a watched program: those that live are first, in the same
    /// order as the others.
    lists_threads: bool,
    cursor: AttemptCursor,
}

impl Default for AttemptTable {
    /// Sorts by start time.
    fn default() -> Self {
        Self {
            column: AttemptColumn::Start,
            finished: Vec::new(),
            running: Vec::new(),
            lists_threads: false,
            cursor: AttemptCursor::default(),
        }
    }
}

impl AttemptTable {
    /// Adds the attempts that are new in the runs, each of which is visible up to a moment.
    pub fn refresh(&mut self, visible: &[(&Run, Nanos)]) {
        if self.cursor.is_stale(visible) {
            self.clear();
        }
        self.running.clear();
        self.lists_threads = visible.iter().any(|(run, _)| run.program().is_some());
        let before = self.finished.len();
        let Self { column, finished, running, cursor, lists_threads, .. } = self;
        cursor.advance(visible, |AttemptVisit { run, index, attempt, is_over }| {
            let (run, index) = (run as u32, index as u32);
            let row = |sort_key| AttemptRow { sort_key, run, lane: attempt.lane, index };
            if is_over || *lists_threads {
                let rows = if is_over { &mut *finished } else { &mut *running };
                rows.push(row(column.sort_key(&attempt, run)));
            } else {
                running.push(row(attempt.span.start.0));
            }
        });
        self.running.sort_unstable();
        if self.finished.len() > before {
            // The old rows are already in order, which makes this sort fast.
            self.finished.sort();
        }
    }

    /// Clears the rows, so that other runs can be listed.
    pub fn clear(&mut self) {
        self.finished.clear();
        self.running.clear();
        self.cursor = AttemptCursor::default();
    }

    /// Sorts by the next column to the right, or to the left, wrapping around.
    pub fn sort_by_next(&mut self, later: bool, visible: &[(&Run, Nanos)]) {
        let workload = visible.first().map(|(run, _)| run.plan().workload());
        let applies = |column: &AttemptColumn| workload.is_none_or(|one| column.applies_to(one));
        let columns: Vec<AttemptColumn> = AttemptColumn::ALL.into_iter().filter(applies).collect();
        let here = columns.iter().position(|&column| column == self.column).unwrap_or(0);
        let next = if later { here + 1 } else { here + columns.len() - 1 };
        let next = columns.get(next % columns.len());
        self.column = next.copied().unwrap_or(AttemptColumn::Start);
        // Rebuilding the rows lane by lane is faster than following their present order.
        self.clear();
        self.refresh(visible);
    }

    /// The number of rows.
    pub const fn len(&self) -> usize {
        self.finished.len() + self.running.len()
    }

    /// Returns `true` if no attempt has started.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sort column.
    pub const fn column(&self) -> AttemptColumn {
        self.column
    }

    /// Returns the row with this index.
    pub fn row(&self, index: usize) -> Option<AttemptRow> {
        let in_order = |rows: &[AttemptRow], index: usize| {
            let last = rows.len().checked_sub(index + 1)?;
            rows.get(if self.column.is_descending() { last } else { index }).copied()
        };
        if self.lists_threads {
            let alive = self.running.len();
            return match index.checked_sub(alive) {
                None => in_order(&self.running, index),
                Some(index) => in_order(&self.finished, index),
            };
        }
        match index.checked_sub(self.finished.len()) {
            Some(open) => self.running.get(open).copied(),
            None => in_order(&self.finished, index),
        }
    }

    /// Returns the current index of a row that was taken before its attempt finished or before the
    /// order changed.
    pub fn index_of(&self, row: AttemptRow, visible: &[(&Run, Nanos)]) -> Option<usize> {
        let attempt = row.attempt(visible)?;
        let by_column = AttemptRow { sort_key: self.column.sort_key(&attempt, row.run), ..row };
        let all = self.finished.len();
        let place_in = |rows: &[AttemptRow]| {
            let index = rows.binary_search(&by_column).ok()?;
            Some(if self.column.is_descending() { rows.len() - 1 - index } else { index })
        };
        if self.lists_threads {
            let ended = || place_in(&self.finished).map(|index| self.running.len() + index);
            return place_in(&self.running).or_else(ended);
        }
        if let Some(index) = place_in(&self.finished) {
            return Some(index);
        }
        let by_start = AttemptRow { sort_key: attempt.span.start.0, ..row };
        self.running.binary_search(&by_start).ok().map(|index| all + index)
    }
}

impl AttemptRow {
    /// The index of the row's run among the visible ones.
    pub const fn run(self) -> usize {
        self.run as usize
    }

    /// Returns the attempt of this row.
    pub fn attempt<'run>(self, visible: &[(&'run Run, Nanos)]) -> Option<Attempt<'run>> {
        let (run, _) = visible.get(self.run())?;
        run.attempt(self.lane, self.index as usize)
    }
}

impl AttemptColumn {
    /// All columns, from left to right.
    pub const ALL: [Self; 15] = [
        Self::Task,
        Self::Mode,
        Self::Lane,
        Self::Attempt,
        Self::Status,
        Self::Start,
        Self::Service,
        Self::Bytes,
        Self::Results,
        Self::Connection,
        Self::Error,
        Self::OnCpu,
        Self::NoCore,
        Self::Switches,
        Self::WaitedFor,
    ];

    /// Returns `true` if attempts at the tasks of a workload have the column.
    pub const fn applies_to(self, workload: Workload) -> bool {
        match self {
            Self::Task | Self::Lane | Self::Status | Self::Start | Self::Service => true,
            Self::OnCpu | Self::NoCore | Self::Switches | Self::WaitedFor => workload.is_program(),
            _ => !workload.is_program(),
        }
    }

    /// Returns `true` if the column sorts the largest value first: the slowest attempt, the last
    /// retry, the failure.
    pub const fn is_descending(self) -> bool {
        !matches!(self, Self::Task | Self::Mode | Self::Lane | Self::Start)
    }

    /// Returns the sort key of a finished attempt. Missing values sort first.
    fn sort_key(self, attempt: &Attempt<'_>, run: u32) -> u64 {
        let span = attempt.span;
        let response = || attempt.outcome().response();
        match self {
            Self::Task => span.task.0.into(),
            Self::Mode => run.into(),
            Self::Lane => u64::from(run) << u16::BITS | u64::from(attempt.lane.0),
            Self::Attempt => span.attempt.into(),
            Self::Status => match attempt.outcome() {
                AttemptOutcome::Running => 0,
                AttemptOutcome::Done(response) => {
                    1 + response.map_or(0, |response| u64::from(response.status))
                }
                AttemptOutcome::Stopped => 1 << u16::BITS | 1,
                AttemptOutcome::Failed { failure, .. } => {
                    2 << u16::BITS | u64::from(failure.status.unwrap_or(0))
                }
            },
            Self::Start => span.start.0,
            Self::Service => attempt.service_time().map_or(0, |time| time.0),
            Self::Bytes => attempt.bytes().map_or(0, |bytes| bytes.saturating_add(1)),
            Self::Results => attempt.result_count().map_or(0, |count| 1 + count as u64),
            Self::Connection => response().map_or(0, |response| 1 + u64::from(response.connected)),
            // Equal kinds of failure are grouped.
            Self::Error => attempt.failure().map_or(0, |failure| 1 + failure.kind as u64),
            Self::OnCpu | Self::NoCore | Self::Switches | Self::WaitedFor => {
                let thread = attempt.run.program().and_then(|record| record.thread(span.task));
                thread.map_or(0, |thread| match self {
                    Self::OnCpu => thread.counters.on_cpu.0,
                    Self::NoCore => thread.counters.no_core.0,
                    Self::Switches => thread.counters.switches,
                    // The time that it waited for anything, up to the latest count.
                    _ => {
                        let life = thread.counted.unwrap_or(thread.born).since(thread.born);
                        let ran = thread.counters.on_cpu + thread.counters.no_core;
                        life.since(ran).0
                    }
                })
            }
        }
    }
}
