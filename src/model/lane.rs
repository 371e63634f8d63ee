//! The states of one lane over time: append-only, with prefix sums, so that a cell of the timeline
//! costs two look-ups regardless of its content.

mod cells;
mod contents;
mod stretches;

use super::event::{State, TaskId};
use super::time::Nanos;
pub use cells::Cell;
pub use contents::Contents;
pub use stretches::Stretch;

/// The number of entries between two checkpoints.
const CHECKPOINT: usize = 64;

/// The number of states.
const STATES: usize = State::ALL.len();

/// The time spent in each state in nanoseconds, indexed by the position in [`State::ALL`].
pub type Sums = [u64; STATES];

/// The row of one worker.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The changes in the order of time. A state lasts until the next entry.
    entries: Vec<Entry>,
    /// The time spent in each state up to every [`CHECKPOINT`]th entry.
    sums: Vec<Sums>,
    /// The time spent in each state up to the last entry.
    total: Sums,
    attempts: Vec<FirstEntry>,
    /// Tasks with earlier attempts that ended with the loss of their worker.
    inherited: Vec<Inherited>,
    /// The start times of second and later attempts.
    retries: Vec<u64>,
    /// `true` while the lane has a task.
    working: bool,
    /// `true` while the task waits for its next attempt.
    held: bool,
    errors: Vec<u64>,
}

/// A change: its time, the new state, and whether it ended an attempt. There may be millions of
/// them, so each is packed into 64 bits: 59 for the time, one for the end, four for the state.
#[derive(Clone, Copy, Debug)]
struct Entry(u64);

/// An attempt at a task, with the index of its first entry on the lane. It lasts until the entry
/// that ends it.
#[derive(Clone, Copy, Debug)]
struct FirstEntry {
    task: TaskId,
    entry: u32,
}

/// An attempt at a task that had attempts before the lane took it.
#[derive(Clone, Copy, Debug)]
struct Inherited {
    /// The index of the attempt on this lane.
    place: u32,
    /// The number of earlier attempts.
    earlier: u32,
}

/// The interval of one attempt at a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The task.
    pub task: TaskId,
    /// The number of the attempt at its task, counted from 1.
    pub attempt: u32,
    /// The start of the attempt.
    pub start: Nanos,
    /// The end of the attempt, successful or not, or `None` while it is in progress.
    pub end: Option<Nanos>,
}

impl Entry {
    /// The flag of an entry that ends an attempt.
    const END: u64 = 1 << 4;

    const fn new(at: u64, state: State) -> Self {
        Self(at << 5 | state as u64)
    }

    const fn at(self) -> u64 {
        self.0 >> 5
    }

    fn state(self) -> State {
        State::ALL.get(self.place()).copied().unwrap_or_default()
    }

    /// The state's index in [`State::ALL`].
    const fn place(self) -> usize {
        (self.0 & 0b1111) as usize
    }

    const fn ends_attempt(self) -> bool {
        self.0 & Self::END != 0
    }
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            entries: vec![Entry::new(0, State::Idle)],
            sums: vec![[0; STATES]],
            total: [0; STATES],
            attempts: Vec::new(),
            inherited: Vec::new(),
            retries: Vec::new(),
            working: false,
            held: false,
            errors: Vec::new(),
        }
    }
}

impl Lane {
    /// Starts a task. The lane computes until it enters another state.
    pub fn start(&mut self, at: Nanos, task: TaskId) {
        self.start_again(at, task, 0);
    }

    /// Starts a task after `earlier` attempts at it whose workers were lost.
    pub fn start_again(&mut self, at: Nanos, task: TaskId, earlier: u32) {
        self.finish(at);
        self.working = true;
        if earlier > 0 {
            self.inherited.push(Inherited { place: self.attempts.len() as u32, earlier });
        }
        self.attempt(at, task);
    }

    /// Ends the current attempt as failed. The lane is throttled until the next attempt.
    pub fn fail(&mut self, at: Nanos) {
        if self.working && !self.held {
            self.end_attempt(at, State::Throttled);
            self.held = true;
        }
    }

    /// Starts the next attempt at the current task.
    pub fn retry(&mut self, at: Nanos) {
        if let Some(last) = self.attempts.last().copied().filter(|_| self.working) {
            self.retries.push(self.not_before(at));
            self.attempt(at, last.task);
        }
    }

    fn attempt(&mut self, at: Nanos, task: TaskId) {
        self.held = false;
        self.attempts.push(FirstEntry { task, entry: self.entries.len() as u32 });
        self.push(Entry::new(self.not_before(at), State::Computing));
    }

    /// Enters a state at `at`. A time before the last change counts as that change's time.
    pub fn enter(&mut self, at: Nanos, state: State) {
        let at = self.not_before(at);
        if state == State::Error {
            self.errors.push(at);
        } else if state == self.state() {
            return;
        }
        self.push(Entry::new(at, state));
    }

    /// Ends the current task, if there is one.
    pub fn finish(&mut self, at: Nanos) {
        if !std::mem::take(&mut self.working) {
            return;
        }
        if self.held {
            self.enter(at, State::Idle);
        } else {
            self.end_attempt(at, State::Idle);
        }
    }

    /// Marks the end of the current attempt. It is always near the attempt's last entry, so a
    /// search from the back finds it quickly.
    fn end_attempt(&mut self, at: Nanos, state: State) {
        let Entry(entry) = Entry::new(self.not_before(at), state);
        self.push(Entry(entry | Entry::END));
    }

    /// Releases spare capacity once the run is complete.
    pub fn close(&mut self) {
        self.entries.shrink_to_fit();
        self.sums.shrink_to_fit();
        self.attempts.shrink_to_fit();
        self.inherited.shrink_to_fit();
        self.retries.shrink_to_fit();
        self.errors.shrink_to_fit();
    }

    fn push(&mut self, entry: Entry) {
        self.total = self.total_to(entry.at());
        if self.entries.len().is_multiple_of(CHECKPOINT) {
            self.sums.push(self.total);
        }
        self.entries.push(entry);
    }

    /// The time in each state in [0, t), if nothing changes after `t`.
    fn total_to(&self, t: u64) -> Sums {
        let mut sums = self.total;
        if let Some(last) = self.entries.last()
            && let Some(sum) = sums.get_mut(last.place())
        {
            *sum += t.saturating_sub(last.at());
        }
        sums
    }

    fn not_before(&self, at: Nanos) -> u64 {
        at.min(Nanos::LATEST).max(self.last_change()).0
    }

    /// Returns `true` if the lane has a task.
    pub const fn is_working(&self) -> bool {
        self.working
    }

    /// The current state.
    pub fn state(&self) -> State {
        self.entries.last().copied().map(Entry::state).unwrap_or_default()
    }

    /// The time of the last change.
    pub fn last_change(&self) -> Nanos {
        Nanos(self.entries.last().copied().map_or(0, Entry::at))
    }

    /// The number of tasks that the lane had taken by `t`.
    pub fn tasks_until(&self, t: Nanos) -> usize {
        self.attempts_until(t) - self.retries.partition_point(|&at| at <= t.0)
    }

    fn attempts_until(&self, t: Nanos) -> usize {
        self.attempts.partition_point(|attempt| self.start_of(*attempt) <= t)
    }

    /// Returns the lane's attempts in order.
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        (0..self.attempts.len()).filter_map(|place| self.span(place))
    }

    /// Returns the attempt in progress at `t`, or else the last one before it. Returns `None`
    /// before the first.
    pub fn span_at(&self, t: Nanos) -> Option<Span> {
        self.span(self.attempts_until(t).checked_sub(1)?)
    }

    /// Returns the first attempt that starts at `t` or later.
    pub fn span_from(&self, t: Nanos) -> Option<Span> {
        self.span(self.attempts.partition_point(|attempt| self.start_of(*attempt) < t))
    }

    fn start_of(&self, attempt: FirstEntry) -> Nanos {
        self.entries.get(attempt.entry as usize).map_or(Nanos::ZERO, |entry| Nanos(entry.at()))
    }

    /// The number of attempts so far.
    pub const fn attempts(&self) -> usize {
        self.attempts.len()
    }

    /// Returns the lane's attempt with this index, counted from 0.
    pub fn span(&self, place: usize) -> Option<Span> {
        let first = *self.attempts.get(place)?;
        let next = self.attempts.get(place + 1);
        let limit = next.map_or(self.entries.len(), |next| next.entry as usize);
        let own = self.entries.get(first.entry as usize..limit).unwrap_or(&[]);
        let end = own.iter().rfind(|entry| entry.ends_attempt()).map(|entry| Nanos(entry.at()));
        let attempt = self.attempt_at(place, first.task);
        Some(Span { task: first.task, attempt, start: self.start_of(first), end })
    }

    /// The number of the attempt at its task, counted from 1.
    fn attempt_at(&self, place: usize, task: TaskId) -> u32 {
        let own = self.inherited.partition_point(|inherited| inherited.place as usize <= place);
        let last = own.checked_sub(1).and_then(|last| self.inherited.get(last));
        let (begun, earlier) = last.map_or((0, 0), |last| (last.place as usize, last.earlier));
        let before = self.attempts.get(begun..place).unwrap_or(&[]).iter().rev();
        let same = before.take_while(|attempt| attempt.task == task).count();
        let is_inherited = self.attempts.get(begun).is_some_and(|attempt| attempt.task == task);
        1 + same as u32 + if is_inherited { earlier } else { 0 }
    }

    /// The time in each state in [a, b).
    pub fn between(&self, a: Nanos, b: Nanos) -> Sums {
        difference(&self.sums_to(b), &self.sums_to(a))
    }

    /// The time in one state in [0, t).
    pub fn time_in(&self, state: State, t: Nanos) -> Nanos {
        Nanos(self.sums_to(t).get(state as usize).copied().unwrap_or(0))
    }

    /// The time in all states but idle in [0, t).
    pub fn busy(&self, t: Nanos) -> Nanos {
        let sums = self.sums_to(t);
        Nanos(sums.iter().skip(1).sum())
    }

    /// The share of [0, t) in all states but idle, as a rounded percentage.
    pub fn busy_percent(&self, t: Nanos) -> u32 {
        (self.busy(t).0 as f64 * 100.0 / t.0.max(1) as f64).round() as u32
    }

    /// The time in each state in [0, t).
    fn sums_to(&self, t: Nanos) -> Sums {
        if t >= self.last_change() {
            return self.total_to(t.0);
        }
        let before = self.entries.partition_point(|entry| entry.at() < t.0);
        self.sums_up_to(before, t.0)
    }

    /// The time in each state in [0, t), given the number of entries before `t`.
    fn sums_up_to(&self, before: usize, t: u64) -> Sums {
        let block = before.saturating_sub(1) / CHECKPOINT;
        let first = block * CHECKPOINT;
        let mut sums = self.sums.get(block).copied().unwrap_or_default();
        let entries = self.entries.get(first..before).unwrap_or(&[]);
        let ends = entries.iter().skip(1).map(|entry| entry.at()).chain([t]);
        for (entry, end) in entries.iter().zip(ends) {
            if let Some(sum) = sums.get_mut(entry.place()) {
                *sum += end - entry.at();
            }
        }
        sums
    }
}

fn difference(after: &Sums, before: &Sums) -> Sums {
    let mut sums = *after;
    for (sum, before) in sums.iter_mut().zip(before) {
        *sum = sum.saturating_sub(*before);
    }
    sums
}
