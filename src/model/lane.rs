//! One lane's states over time: append-only, with prefix sums, so that a cell of the timeline
//! costs two look-ups however much happened in it.

mod cells;

use super::event::{State, TaskId};
use super::time::Nanos;
pub use cells::Cell;

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
    tasks: Vec<FirstEntry>,
    /// Whether the last task goes on.
    working: bool,
    errors: Vec<u64>,
}

/// A change: when, to which state, and whether it ended a task. There may be millions of them, so
/// they are packed: 60 bits for the time, one for the end, three for the state.
#[derive(Clone, Copy, Debug)]
struct Entry(u64);

/// A task, and its first entry on the lane. It goes on up to the entry that ends it.
#[derive(Clone, Copy, Debug)]
struct FirstEntry {
    task: TaskId,
    entry: u32,
}

/// A task's stretch on its lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Which task.
    pub task: TaskId,
    /// When the lane took it.
    pub start: Nanos,
    /// When the lane was done with it; nothing while it goes on.
    pub end: Option<Nanos>,
}

impl Entry {
    /// The entry that marks the end of a task.
    const END: u64 = 1 << 3;

    const fn new(at: u64, state: State) -> Self {
        Self(at << 4 | state as u64)
    }

    const fn at(self) -> u64 {
        self.0 >> 4
    }

    fn state(self) -> State {
        State::ALL.get(self.place()).copied().unwrap_or_default()
    }

    /// The state's place in [`State::ALL`].
    const fn place(self) -> usize {
        (self.0 & 0b111) as usize
    }

    const fn ends_task(self) -> bool {
        self.0 & Self::END != 0
    }
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            entries: vec![Entry::new(0, State::Idle)],
            sums: vec![[0; STATES]],
            tasks: Vec::new(),
            working: false,
            errors: Vec::new(),
        }
    }
}

impl Lane {
    /// The lane took a task, and computes until it says otherwise.
    pub fn start(&mut self, at: Nanos, task: TaskId) {
        self.finish(at);
        self.tasks.push(FirstEntry { task, entry: self.entries.len() as u32 });
        self.working = true;
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
        if std::mem::take(&mut self.working) {
            let Entry(idle) = Entry::new(self.not_before(at), State::Idle);
            self.push(Entry(idle | Entry::END));
        }
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub fn close(&mut self) {
        self.entries.shrink_to_fit();
        self.sums.shrink_to_fit();
        self.tasks.shrink_to_fit();
        self.errors.shrink_to_fit();
    }

    fn push(&mut self, entry: Entry) {
        if self.entries.len().is_multiple_of(CHECKPOINT) {
            self.sums.push(self.sums_to(Nanos(entry.at())));
        }
        self.entries.push(entry);
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
        self.tasks.partition_point(|task| self.start_of(*task) <= t)
    }

    /// The lane's tasks, in order.
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        (0..self.tasks.len()).filter_map(|place| self.span(place))
    }

    /// The task that the lane works on at `t`, or else the last that began before; nothing before
    /// the first.
    pub fn span_at(&self, t: Nanos) -> Option<Span> {
        self.span(self.tasks_until(t).checked_sub(1)?)
    }

    /// The first task that begins at `t` or later.
    pub fn span_from(&self, t: Nanos) -> Option<Span> {
        self.span(self.tasks.partition_point(|task| self.start_of(*task) < t))
    }

    fn start_of(&self, task: FirstEntry) -> Nanos {
        self.entries.get(task.entry as usize).map_or(Nanos::ZERO, |entry| Nanos(entry.at()))
    }

    /// The lane's task at a place in their order.
    fn span(&self, place: usize) -> Option<Span> {
        let first = *self.tasks.get(place)?;
        let next = self.tasks.get(place + 1);
        let goes_on = next.is_none() && self.working;
        let limit = next.map_or(self.entries.len(), |next| next.entry as usize);
        let of_task = first.entry as usize..if goes_on { first.entry as usize } else { limit };
        // The end is the last entry before the next task, or a little earlier.
        let mut back = self.entries.get(of_task).unwrap_or(&[]).iter().rev();
        let end = back.find(|entry| entry.ends_task()).map(|entry| Nanos(entry.at()));
        Some(Span { task: first.task, start: self.start_of(first), end })
    }

    /// Time per state in [a, b).
    pub fn between(&self, a: Nanos, b: Nanos) -> Sums {
        difference(&self.sums_to(b), &self.sums_to(a))
    }

    /// Time in any state but idle, in [0, t).
    pub fn busy(&self, t: Nanos) -> Nanos {
        let sums = self.sums_to(t);
        Nanos(sums.iter().skip(1).sum())
    }

    /// Time per state in [0, t).
    fn sums_to(&self, t: Nanos) -> Sums {
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
