//! One lane's states over time: append-only, with prefix sums, so that a cell of the timeline
//! costs two look-ups however much happened in it.

use super::event::{State, TaskId};
use super::time::Nanos;

/// Entries between two checkpoints.
const CHECKPOINT: usize = 32;

/// A cell with more changes is merged without looking at each.
const FEW: usize = 12;

/// How many states there are.
const STATES: usize = State::ALL.len();

/// Time spent in each state, by the state's place in [`State::ALL`], in nanoseconds.
pub type Sums = [u64; STATES];

/// One worker's row.
#[derive(Clone, Debug)]
pub struct Lane {
    /// When each entry began, never falling; an entry lasts until the next.
    at: Vec<u64>,
    state: Vec<State>,
    /// Time spent in each state up to every [`CHECKPOINT`]th entry.
    sums: Vec<Sums>,
    tasks: Vec<TaskEntries>,
    errors: Vec<u64>,
}

/// A task's first entry on the lane, and the one after its last ([`OPEN`] while it goes on).
#[derive(Clone, Copy, Debug)]
struct TaskEntries {
    task: TaskId,
    first: u32,
    end: u32,
}

/// The end of a task that still goes on.
const OPEN: u32 = u32::MAX;

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

/// What a cell of the timeline shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One state, all the way.
    Whole(State),
    /// One state, but for something too short to have a share: where one task follows another.
    Notched(State),
    /// One change, or several within a sixteenth of the cell, drawn where it was: `left` fills this many eighths of the cell's width.
    Edge {
        /// Before the change.
        left: State,
        /// After it.
        right: State,
        /// 1 to 7.
        eighths: u8,
    },
    /// More changes than can be placed: `top` leads, and fills its share of the cell's height.
    Merged {
        /// The leading state.
        top: State,
        /// The second.
        under: State,
        /// 1 to 7.
        eighths: u8,
    },
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            at: vec![0],
            state: vec![State::Idle],
            sums: vec![[0; STATES]],
            tasks: Vec::new(),
            errors: Vec::new(),
        }
    }
}

impl Lane {
    /// The lane took a task, and computes until it says otherwise.
    pub fn start(&mut self, at: Nanos, task: TaskId) {
        self.finish(at);
        let first = self.at.len() as u32;
        self.tasks.push(TaskEntries { task, first, end: OPEN });
        self.push(at.0.max(self.last_change().0), State::Computing);
    }

    /// The lane is in `state` from `at` on. A time before the last change counts as that change's.
    pub fn enter(&mut self, at: Nanos, state: State) {
        let at = at.0.max(self.last_change().0);
        if state == State::Error {
            self.errors.push(at);
        } else if state == self.state() {
            return;
        }
        self.push(at, state);
    }

    fn push(&mut self, at: u64, state: State) {
        if self.at.len().is_multiple_of(CHECKPOINT) {
            self.sums.push(self.sums_to(Nanos(at)));
        }
        self.at.push(at);
        self.state.push(state);
    }

    /// The lane is done with its task, if it has one.
    pub fn finish(&mut self, at: Nanos) {
        let entries = self.at.len() as u32;
        if let Some(task) = self.tasks.last_mut().filter(|task| task.end == OPEN) {
            task.end = entries;
            self.push(at.0.max(self.last_change().0), State::Idle);
        }
    }

    /// Whether it has a task now.
    pub fn is_working(&self) -> bool {
        self.tasks.last().is_some_and(|task| task.end == OPEN)
    }

    /// The state now: after the last entry.
    pub fn state(&self) -> State {
        self.state.last().copied().unwrap_or_default()
    }

    /// When the last entry began.
    pub fn last_change(&self) -> Nanos {
        Nanos(self.at.last().copied().unwrap_or(0))
    }

    /// How many tasks the lane had taken by then.
    pub fn tasks_until(&self, t: Nanos) -> usize {
        self.tasks.partition_point(|task| self.time(task.first) <= t)
    }

    /// The lane's tasks, in order.
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        self.tasks.iter().map(|task| self.span(task))
    }

    /// The task that the lane works on at `t`, or else the last that began before; nothing before
    /// the first.
    pub fn span_at(&self, t: Nanos) -> Option<Span> {
        let next = self.tasks.partition_point(|task| self.time(task.first) <= t);
        self.tasks.get(next.checked_sub(1)?).map(|task| self.span(task))
    }

    /// The first task that begins at `t` or later.
    pub fn span_from(&self, t: Nanos) -> Option<Span> {
        let next = self.tasks.partition_point(|task| self.time(task.first) < t);
        self.tasks.get(next).map(|task| self.span(task))
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

    /// What `count` cells show that are `width` wide, the first beginning at `from`, of a lane that
    /// has lived until `until`; later cells are left out.
    pub fn cells(
        &self,
        from: Nanos,
        width: Nanos,
        count: usize,
        until: Nanos,
    ) -> impl Iterator<Item = Cell> + '_ {
        let width = width.0.max(1);
        let mut start = from.0;
        let mut first = next(&self.at, 0, start);
        // A task that fails at a border failed in the cell that ends there, where the rest of it is.
        let mut error = if start == 0 { 0 } else { next_after(&self.errors, 0, start) };
        (0..count).map_while(move |_| {
            if start >= until.0 {
                return None;
            }
            let end = start.saturating_add(width);
            let seen = end.min(until.0);
            let last = next(&self.at, first, seen);
            let part = Part { start, end, until: until.0, first, last };
            let errors = next_after(&self.errors, error, seen);
            let failed = errors > error;
            (start, first, error) = (end, last, errors);
            Some(if failed { Cell::Whole(State::Error) } else { self.cell(&part) })
        })
    }

    /// What a cell shows in which no task failed.
    fn cell(&self, part: &Part) -> Cell {
        if part.last - part.first > FEW {
            return self.merged(part);
        }
        // Changes closer together than a sixteenth of a cell count as one, as long as no eighth of it
        // is left out in all.
        let fine = part.width() / 16;
        let (mut left_out, mut unmissable) = (0, false);
        for blip in self.stretches(part).filter(|stretch| stretch.length() <= fine) {
            left_out += blip.length();
            unmissable |= blip.state >= State::Throttled;
        }
        if left_out > part.width() / 8 || unmissable {
            return self.merged(part);
        }
        let mut shown = self.stretches(part).filter(|stretch| stretch.length() > fine);
        match (shown.next(), shown.next(), shown.next()) {
            (Some(one), None, _) if left_out > 0 && self.surrounds(part, one.state) => {
                Cell::Notched(one.state)
            }
            (Some(one), None, _) => Cell::Whole(one.state),
            (Some(a), Some(b), None) if a.state != b.state => {
                edge(a.state, b.state, a.end - part.start, part.width())
            }
            _ => self.merged(part),
        }
    }

    /// A cell's stretches of one state each; what lies beyond the lane's life is idle.
    fn stretches(&self, part: &Part) -> impl Iterator<Item = Stretch> + '_ {
        let &Part { start, end, until, first, last } = part;
        let entries = first..last;
        let states = std::iter::once(self.state_of(first.wrapping_sub(1)))
            .chain(entries.clone().map(|entry| self.state_of(entry)));
        let times = entries.map(move |entry| self.at.get(entry).copied().unwrap_or(start));
        let begins = std::iter::once(start).chain(times.clone());
        let ends = times.chain(std::iter::once(end.min(until)));
        let alive = states.zip(begins.zip(ends));
        let alive = alive.map(|(state, (start, end))| Stretch { state, start, end });
        let beyond = Stretch { state: State::Idle, start: until.min(end), end };
        let mut pieces =
            alive.chain([beyond]).filter(|stretch| stretch.end > stretch.start).peekable();
        std::iter::from_fn(move || {
            let mut stretch = pieces.next()?;
            while let Some(more) = pieces.next_if(|next| next.state == stretch.state) {
                stretch.end = more.end;
            }
            Some(stretch)
        })
    }

    /// Whether a cell begins and ends in `state`.
    fn surrounds(&self, part: &Part, state: State) -> bool {
        let is_same = |stretch: Stretch| stretch.state == state;
        self.stretches(part).next().is_some_and(is_same)
            && self.stretches(part).last().is_some_and(is_same)
    }

    /// A cell with more changes than can be placed.
    fn merged(&self, part: &Part) -> Cell {
        let mut shares = self.between(Nanos(part.start), Nanos(part.end.min(part.until)));
        let [idle, ..] = &mut shares;
        *idle = idle.saturating_add(part.end.saturating_sub(part.until));
        merged(&shares, part.width())
    }

    fn state_of(&self, entry: usize) -> State {
        self.state.get(entry).copied().unwrap_or_default()
    }

    fn time(&self, entry: u32) -> Nanos {
        self.at.get(entry as usize).map_or_else(|| self.last_change(), |&at| Nanos(at))
    }

    fn span(&self, entries: &TaskEntries) -> Span {
        let end = (entries.end != OPEN).then(|| self.time(entries.end));
        Span { task: entries.task, start: self.time(entries.first), end }
    }

    /// Time per state in [0, t).
    fn sums_to(&self, t: Nanos) -> Sums {
        let before = self.at.partition_point(|&at| at < t.0);
        let block = before.saturating_sub(1) / CHECKPOINT;
        let first = block * CHECKPOINT;
        let mut sums = self.sums.get(block).copied().unwrap_or_default();
        let starts = self.at.get(first..before).unwrap_or(&[]);
        let ends = starts.iter().skip(1).copied().chain([t.0]);
        let states = self.state.get(first..before).unwrap_or(&[]);
        for ((&start, end), &state) in starts.iter().zip(ends).zip(states) {
            if let Some(sum) = sums.get_mut(state as usize) {
                *sum += end - start;
            }
        }
        sums
    }
}

/// A cell's stretch of time and of entries, on a lane that has lived until `until`.
struct Part {
    start: u64,
    end: u64,
    until: u64,
    first: usize,
    last: usize,
}

impl Part {
    const fn width(&self) -> u64 {
        self.end - self.start
    }
}

/// A time in one state.
struct Stretch {
    state: State,
    start: u64,
    end: u64,
}

impl Stretch {
    const fn length(&self) -> u64 {
        self.end - self.start
    }
}

/// The place of the first of these rising times that is `t` or later, looked for from place `from`
/// on.
fn next(times: &[u64], from: usize, t: u64) -> usize {
    let rest = times.get(from..).unwrap_or(&[]);
    // Most cells hold few entries: gallop before searching by halves.
    let mut reach = 1;
    while rest.get(reach).is_some_and(|&at| at < t) {
        reach *= 2;
    }
    let rest = rest.get(..(reach + 1).min(rest.len())).unwrap_or(rest);
    from + rest.partition_point(|&at| at < t)
}

/// The place of the first of these rising times that is later than `t`, looked for from place `from`
/// on.
fn next_after(times: &[u64], from: usize, t: u64) -> usize {
    t.checked_add(1).map_or(times.len(), |later| next(times, from, later))
}

fn difference(after: &Sums, before: &Sums) -> Sums {
    let mut sums = *after;
    for (sum, before) in sums.iter_mut().zip(before) {
        *sum = sum.saturating_sub(*before);
    }
    sums
}

fn edge(left: State, right: State, at: u64, width: u64) -> Cell {
    match (eighths(at, width), left == right) {
        (_, true) | (8.., _) => Cell::Whole(left),
        (0, _) => Cell::Whole(right),
        (eighths, _) => Cell::Edge { left, right, eighths },
    }
}

/// The state with the most time leads, but one that a person must not miss leads always.
fn merged(shares: &Sums, width: u64) -> Cell {
    let mut ranked = State::ALL;
    ranked.sort_by_key(|&state| {
        let share = shares.get(state as usize).copied().unwrap_or(0);
        std::cmp::Reverse((state >= State::Throttled && share > 0, share, state))
    });
    let [top, under, ..] = ranked;
    let share = |state: State| shares.get(state as usize).copied().unwrap_or(0);
    if share(under) == 0 {
        return Cell::Whole(top);
    }
    let eighths = eighths(share(top), width).clamp(1, 7);
    Cell::Merged { top, under, eighths }
}

/// `part` of `whole`, rounded to eighths.
fn eighths(part: u64, whole: u64) -> u8 {
    let whole = u128::from(whole.max(1));
    ((u128::from(part) * 8 + whole / 2) / whole).min(8) as u8
}
