//! One lane's states over time: append-only, with prefix sums, so that a cell of the timeline
//! costs two look-ups however much happened in it.

mod cells;
mod contents;
mod stretches;

use super::event::{State, TaskId};
use super::time::Nanos;
pub use cells::Cell;
pub use contents::Contents;
pub use stretches::Stretch;

/// Entries between two checkpoints.
const CHECKPOINT: usize = 64;

/// How many states there are.
const STATES: usize = State::ALL.len();

/// Time spent in each state, by the state's place in [`State::ALL`], in nanoseconds.
pub type Sums = [u64; STATES];

/// One worker's row.
#[derive(Clone, Debug)]
pub struct Lane {
    /// In order of time; an entry lasts until the next.
    entries: Vec<Entry>,
    /// Time spent in each state up to every [`CHECKPOINT`]th entry.
    sums: Vec<Sums>,
    /// The same up to the last.
    total: Sums,
    attempts: Vec<FirstEntry>,
    /// Tasks that other lanes, or this one before, had begun and lost.
    inherited: Vec<Inherited>,
    /// When a task's second or later attempt began.
    retries: Vec<u64>,
    /// Whether the last task goes on.
    working: bool,
    /// Whether it waits for its next attempt.
    held: bool,
    errors: Vec<u64>,
}

/// A change: when, to which state, and whether it ended an attempt. There may be millions of them, so
/// they are packed: 59 bits for the time, one for the end, four for the state.
#[derive(Clone, Copy, Debug)]
struct Entry(u64);

/// A task's attempt, and its first entry on the lane. It goes on up to the entry that ends it.
#[derive(Clone, Copy, Debug)]
struct FirstEntry {
    task: TaskId,
    entry: u32,
}

/// The first attempt on the lane at a task at which there were others before.
#[derive(Clone, Copy, Debug)]
struct Inherited {
    /// The attempt's place among the lane's.
    place: u32,
    /// How many attempts there were.
    earlier: u32,
}

/// A stretch of a lane: one attempt at a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which task.
    pub task: TaskId,
    /// Which attempt at it, counted from 1.
    pub attempt: u32,
    /// When it began.
    pub start: Nanos,
    /// When it was over, well or not; nothing while it goes on.
    pub end: Option<Nanos>,
}

impl Entry {
    /// The entry that marks the end of an attempt.
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

    /// The state's place in [`State::ALL`].
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
    /// The lane took a task, and computes until it says otherwise.
    pub fn start(&mut self, at: Nanos, task: TaskId) {
        self.start_again(at, task, 0);
    }

    /// The same, after so many attempts at the task in which a worker process died over it.
    pub fn start_again(&mut self, at: Nanos, task: TaskId, earlier: u32) {
        self.finish(at);
        self.working = true;
        if earlier > 0 {
            self.inherited.push(Inherited { place: self.attempts.len() as u32, earlier });
        }
        self.attempt(at, task);
    }

    /// The lane's attempt at its task failed: it is held back until it begins the next.
    pub fn fail(&mut self, at: Nanos) {
        if self.working && !self.held {
            self.end_attempt(at, State::Throttled);
            self.held = true;
        }
    }

    /// The lane tries its task again.
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

    /// The lane is in `state` from `at` on. A time before the last change counts as that change's.
    pub fn enter(&mut self, at: Nanos, state: State) {
        let at = self.not_before(at);
        if state == State::Error {
            self.errors.push(at);
        } else if state == self.state() {
            return;
        }
        self.push(Entry::new(at, state));
    }

    /// The lane is done with its task, if it has one.
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

    /// Each attempt has one end, so that it is quickly found from behind.
    fn end_attempt(&mut self, at: Nanos, state: State) {
        let Entry(entry) = Entry::new(self.not_before(at), state);
        self.push(Entry(entry | Entry::END));
    }

    /// Nothing more will come: gives back the room that was kept for it.
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

    /// Time in each state in [0, t), where nothing changes from `t` on.
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

    /// Whether it has a task now.
    pub const fn is_working(&self) -> bool {
        self.working
    }

    /// The state now: after the last entry.
    pub fn state(&self) -> State {
        self.entries.last().copied().map(Entry::state).unwrap_or_default()
    }

    /// When the last entry began.
    pub fn last_change(&self) -> Nanos {
        Nanos(self.entries.last().copied().map_or(0, Entry::at))
    }

    /// How many tasks the lane had taken by then.
    pub fn tasks_until(&self, t: Nanos) -> usize {
        self.attempts_until(t) - self.retries.partition_point(|&at| at <= t.0)
    }

    fn attempts_until(&self, t: Nanos) -> usize {
        self.attempts.partition_point(|attempt| self.start_of(*attempt) <= t)
    }

    /// The lane's attempts at its tasks, in order.
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        (0..self.attempts.len()).filter_map(|place| self.span(place))
    }

    /// What the lane tries at `t`, or else the last that began before; nothing before the first.
    pub fn span_at(&self, t: Nanos) -> Option<Span> {
        self.span(self.attempts_until(t).checked_sub(1)?)
    }

    /// The first attempt that begins at `t` or later.
    pub fn span_from(&self, t: Nanos) -> Option<Span> {
        self.span(self.attempts.partition_point(|attempt| self.start_of(*attempt) < t))
    }

    fn start_of(&self, attempt: FirstEntry) -> Nanos {
        self.entries.get(attempt.entry as usize).map_or(Nanos::ZERO, |entry| Nanos(entry.at()))
    }

    /// How many attempts it has begun.
    pub const fn attempts(&self) -> usize {
        self.attempts.len()
    }

    /// The lane's attempt at a place in their order, counted from 0.
    pub fn span(&self, place: usize) -> Option<Span> {
        let first = *self.attempts.get(place)?;
        let next = self.attempts.get(place + 1);
        let limit = next.map_or(self.entries.len(), |next| next.entry as usize);
        let own = self.entries.get(first.entry as usize..limit).unwrap_or(&[]);
        let end = own.iter().rfind(|entry| entry.ends_attempt()).map(|entry| Nanos(entry.at()));
        let attempt = self.attempt_at(place, first.task);
        Some(Span { task: first.task, attempt, start: self.start_of(first), end })
    }

    /// Which attempt at the task the lane's is.
    fn attempt_at(&self, place: usize, task: TaskId) -> u32 {
        let own = self.inherited.partition_point(|inherited| inherited.place as usize <= place);
        let last = own.checked_sub(1).and_then(|last| self.inherited.get(last));
        let (begun, earlier) = last.map_or((0, 0), |last| (last.place as usize, last.earlier));
        let before = self.attempts.get(begun..place).unwrap_or(&[]).iter().rev();
        let same = before.take_while(|attempt| attempt.task == task).count();
        let is_inherited = self.attempts.get(begun).is_some_and(|attempt| attempt.task == task);
        1 + same as u32 + if is_inherited { earlier } else { 0 }
    }

    /// Time per state in [a, b).
    pub fn between(&self, a: Nanos, b: Nanos) -> Sums {
        difference(&self.sums_to(b), &self.sums_to(a))
    }

    /// Time in one state, in [0, t).
    pub fn time_in(&self, state: State, t: Nanos) -> Nanos {
        Nanos(self.sums_to(t).get(state as usize).copied().unwrap_or(0))
    }

    /// Time in any state but idle, in [0, t).
    pub fn busy(&self, t: Nanos) -> Nanos {
        let sums = self.sums_to(t);
        Nanos(sums.iter().skip(1).sum())
    }

    /// The share of [0, t) in any state but idle, in percent, to the next whole one.
    pub fn busy_percent(&self, t: Nanos) -> u32 {
        (self.busy(t).0 as f64 * 100.0 / t.0.max(1) as f64).round() as u32
    }

    /// Time per state in [0, t).
    fn sums_to(&self, t: Nanos) -> Sums {
        if t >= self.last_change() {
            return self.total_to(t.0);
        }
        let before = self.entries.partition_point(|entry| entry.at() < t.0);
        self.sums_up_to(before, t.0)
    }

    /// The same, where the number of entries before `t` is known.
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
