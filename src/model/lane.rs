//! The states of one lane over time: append-only, with prefix sums, so that a cell of the timeline
//! costs two look-ups regardless of its content.

mod cells;
mod intervals;

use super::identifiers::TaskId;
use super::printable::printable;
use super::state::{State, StateTimes};
use super::time::Nanos;
pub use cells::LaneCell;
pub use intervals::{RangeSummary, StateInterval};

/// The number of entries between two checkpoints.
const CHECKPOINT_INTERVAL: usize = 96;

/// The number of bits for the state.
const STATE_BITS: u32 = 5;

/// The flag of a change that ends an attempt.
const ATTEMPT_END: u64 = 1 << STATE_BITS;

/// The number of bits below the time.
const TIME_SHIFT: u32 = STATE_BITS + 1;

const _: () = assert!(State::ALL.len() <= 1 << STATE_BITS, "every state fits");
const _: () = assert!(Nanos::MAX.0 << TIME_SHIFT >> TIME_SHIFT == Nanos::MAX.0, "every time fits");

/// The row of one worker.
#[derive(Clone, Debug)]
pub struct Lane {
    /// The name of the worker's thread.
    name: String,
    /// The process IDs of the lane's worker processes, in order.
    processes: Vec<u32>,
    /// The start of the lane's life, or `None` while the lane is only planned.
    opened: Option<Nanos>,
    /// The end of the lane's life.
    closed: Option<Nanos>,
    /// The changes in the order of time. A state lasts until the next entry.
    changes: Vec<StateChange>,
    /// The time spent in each state up to every [`CHECKPOINT_INTERVAL`]th entry.
    checkpoints: Vec<StateTimes>,
    /// The time spent in each state up to the last entry.
    total: StateTimes,
    attempts: Vec<AttemptStart>,
    /// Tasks with earlier attempts that ended with the loss of their worker.
    earlier_attempts: Vec<EarlierAttempts>,
    /// The start times of second and later attempts.
    retries: Vec<u64>,
    work: LaneWork,
    errors: Vec<u64>,
}

/// A change in 64 bits, because a lane may have millions of them: its time, the new state, and whether
/// it ended an attempt.
#[derive(Clone, Copy, Debug)]
struct StateChange(u64);

/// The work of a lane on its task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LaneWork {
    /// The lane has no task.
    #[default]
    None,
    /// An attempt at the task is in progress.
    Attempt,
    /// The task waits for its next attempt.
    RetryWait,
}

/// An attempt at a task, with the index of its first entry on the lane. It lasts until the entry
/// that ends it.
#[derive(Clone, Copy, Debug)]
struct AttemptStart {
    task: TaskId,
    first_change: u32,
}

/// An attempt at a task that had attempts before the lane took it.
#[derive(Clone, Copy, Debug)]
struct EarlierAttempts {
    /// The index of the attempt on this lane.
    index: u32,
    /// The number of earlier attempts.
    count: u32,
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

impl StateChange {
    const fn new(at: u64, state: State) -> Self {
        Self(at << TIME_SHIFT | state as u64)
    }

    /// Marks the change as the end of an attempt.
    const fn ending_attempt(self) -> Self {
        Self(self.0 | ATTEMPT_END)
    }

    /// The time of the change.
    const fn at(self) -> u64 {
        self.0 >> TIME_SHIFT
    }

    /// The state after the change.
    fn state(self) -> State {
        let index = (self.0 & (ATTEMPT_END - 1)) as usize;
        State::ALL.get(index).copied().unwrap_or_default()
    }

    /// Returns `true` if the change ends an attempt.
    const fn ends_attempt(self) -> bool {
        self.0 & ATTEMPT_END != 0
    }
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            name: String::new(),
            processes: Vec::new(),
            opened: None,
            closed: None,
            changes: vec![StateChange::new(0, State::Idle)],
            checkpoints: vec![StateTimes::default()],
            total: StateTimes::default(),
            attempts: Vec::new(),
            earlier_attempts: Vec::new(),
            retries: Vec::new(),
            work: LaneWork::None,
            errors: Vec::new(),
        }
    }
}

impl Lane {
    /// Creates a lane that is planned, but not open. It reserves its row.
    pub fn planned(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// Begins the lane's life, unless it has begun.
    pub fn open(&mut self, at: Nanos, name: &str) {
        if self.opened.is_none() {
            self.opened = Some(at);
            name.clone_into(&mut self.name);
        }
    }

    /// Gives the lane another name.
    pub fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    /// Ends the lane's life, which is idle from then on.
    pub fn close(&mut self, at: Nanos) {
        self.enter_state(at, State::Idle);
        self.closed.get_or_insert(at);
    }

    /// Returns `true` between the start and the end of the lane's life.
    pub const fn is_open(&self) -> bool {
        self.opened.is_some() && self.closed.is_none()
    }

    /// The start of the lane's life, or `None` while the lane is only planned.
    pub const fn opened(&self) -> Option<Nanos> {
        self.opened
    }

    /// The end of the lane's life, or `None` if it lasts as long as the run.
    pub const fn closed(&self) -> Option<Nanos> {
        self.closed
    }

    /// Adds a worker process to the lane.
    pub fn add_process(&mut self, pid: u32) {
        self.processes.push(pid);
    }

    /// The process IDs of the lane's worker processes, in order. All but the last have died.
    pub fn processes(&self) -> &[u32] {
        &self.processes
    }

    /// The name of the worker's thread. In a watched program, not safe to print.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the label of the row, safe to print: the latest process ID, or else the name.
    pub fn label(&self) -> String {
        self.processes.last().map_or_else(|| printable(&self.name), |pid| format!("pid {pid}"))
    }

    /// Starts a task. The lane computes until it enters another state.
    pub fn start_task(&mut self, at: Nanos, task: TaskId) {
        self.restart_task(at, task, 0);
    }

    /// Starts a task after `earlier` attempts at it whose workers were lost.
    pub fn restart_task(&mut self, at: Nanos, task: TaskId, earlier: u32) {
        self.finish_task(at);
        if earlier > 0 {
            self.earlier_attempts
                .push(EarlierAttempts { index: self.attempts.len() as u32, count: earlier });
        }
        self.start_attempt(at, task);
    }

    /// Ends the current attempt as failed. The lane is in the state `wait` until the next attempt.
    pub fn fail_attempt(&mut self, at: Nanos, wait: State) {
        if self.work == LaneWork::Attempt {
            self.end_attempt(at, wait);
            self.work = LaneWork::RetryWait;
        }
    }

    /// Starts the next attempt at the current task.
    pub fn start_retry(&mut self, at: Nanos) {
        if let Some(last) = self.attempts.last().copied().filter(|_| self.is_working()) {
            self.retries.push(self.clamp_to_last_change(at));
            self.start_attempt(at, last.task);
        }
    }

    fn start_attempt(&mut self, at: Nanos, task: TaskId) {
        self.work = LaneWork::Attempt;
        self.attempts.push(AttemptStart { task, first_change: self.changes.len() as u32 });
        self.push_change(StateChange::new(self.clamp_to_last_change(at), State::Computing));
    }

    /// Enters a state at `at`. A time before the last change counts as that change's time.
    pub fn enter_state(&mut self, at: Nanos, state: State) {
        let at = self.clamp_to_last_change(at);
        if state == State::Error {
            self.errors.push(at);
        } else if state == self.state() {
            return;
        }
        self.push_change(StateChange::new(at, state));
    }

    /// Ends the current task, if there is one.
    pub fn finish_task(&mut self, at: Nanos) {
        match std::mem::take(&mut self.work) {
            LaneWork::None => {}
            LaneWork::RetryWait => self.enter_state(at, State::Idle),
            LaneWork::Attempt => self.end_attempt(at, State::Idle),
        }
    }

    /// Marks the end of the current attempt. It is always near the attempt's last entry, so a
    /// search from the back finds it quickly.
    fn end_attempt(&mut self, at: Nanos, state: State) {
        let change = StateChange::new(self.clamp_to_last_change(at), state);
        self.push_change(change.ending_attempt());
    }

    /// Releases spare capacity once the run is complete.
    pub fn shrink_to_fit(&mut self) {
        self.changes.shrink_to_fit();
        self.checkpoints.shrink_to_fit();
        self.attempts.shrink_to_fit();
        self.earlier_attempts.shrink_to_fit();
        self.retries.shrink_to_fit();
        self.errors.shrink_to_fit();
    }

    fn push_change(&mut self, change: StateChange) {
        self.total = self.total_until(change.at());
        if self.changes.len().is_multiple_of(CHECKPOINT_INTERVAL) {
            self.checkpoints.push(self.total);
        }
        self.changes.push(change);
    }

    /// The time in each state in [0, t), if nothing changes after `t`.
    fn total_until(&self, t: u64) -> StateTimes {
        let mut checkpoints = self.total;
        if let Some(last) = self.changes.last() {
            checkpoints.add(last.state(), t.saturating_sub(last.at()));
        }
        checkpoints
    }

    fn clamp_to_last_change(&self, at: Nanos) -> u64 {
        at.min(Nanos::MAX).max(self.last_change()).0
    }

    /// Returns `true` if the lane has a task.
    pub fn is_working(&self) -> bool {
        self.work != LaneWork::None
    }

    /// The task that the lane works on.
    pub fn task(&self) -> Option<TaskId> {
        self.attempts.last().filter(|_| self.is_working()).map(|attempt| attempt.task)
    }

    /// The number of failed attempts up to `t`.
    pub fn error_count_until(&self, t: Nanos) -> usize {
        self.errors.partition_point(|&at| at <= t.0 && t.0 > 0)
    }

    /// The current state.
    pub fn state(&self) -> State {
        self.changes.last().map(|change| change.state()).unwrap_or_default()
    }

    /// The time of the last change.
    pub fn last_change(&self) -> Nanos {
        Nanos(self.changes.last().copied().map_or(0, StateChange::at))
    }

    /// The number of tasks that the lane had taken by `t`.
    pub fn task_count_until(&self, t: Nanos) -> usize {
        self.attempt_count_until(t) - self.retries.partition_point(|&at| at <= t.0)
    }

    fn attempt_count_until(&self, t: Nanos) -> usize {
        self.attempts.partition_point(|attempt| self.attempt_start(*attempt) <= t)
    }

    /// Returns the lane's attempts in order.
    pub fn spans(&self) -> impl DoubleEndedIterator<Item = Span> + '_ {
        (0..self.attempts.len()).filter_map(|index| self.span(index))
    }

    /// Returns the attempt in progress at `t`, or else the last one before it. Returns `None`
    /// before the first.
    pub fn span_at(&self, t: Nanos) -> Option<Span> {
        self.span(self.attempt_count_until(t).checked_sub(1)?)
    }

    /// Returns the first attempt that starts at `t` or later.
    pub fn span_from(&self, t: Nanos) -> Option<Span> {
        self.span(self.attempts.partition_point(|attempt| self.attempt_start(*attempt) < t))
    }

    fn attempt_start(&self, attempt: AttemptStart) -> Nanos {
        self.changes
            .get(attempt.first_change as usize)
            .map_or(Nanos::ZERO, |change| Nanos(change.at()))
    }

    /// The number of attempts so far.
    pub const fn attempt_count(&self) -> usize {
        self.attempts.len()
    }

    /// Returns the lane's attempt with this index, counted from 0.
    pub fn span(&self, index: usize) -> Option<Span> {
        let first = *self.attempts.get(index)?;
        let next = self.attempts.get(index + 1);
        let limit = next.map_or(self.changes.len(), |next| next.first_change as usize);
        let own = self.changes.get(first.first_change as usize..limit).unwrap_or(&[]);
        let end = own.iter().rfind(|change| change.ends_attempt()).map(|change| Nanos(change.at()));
        let attempt = self.attempt_number(index, first.task);
        Some(Span { task: first.task, attempt, start: self.attempt_start(first), end })
    }

    /// The number of the attempt at its task, counted from 1.
    fn attempt_number(&self, index: usize, task: TaskId) -> u32 {
        let own = self.earlier_attempts.partition_point(|earlier| earlier.index as usize <= index);
        let last = own.checked_sub(1).and_then(|last| self.earlier_attempts.get(last));
        let (first, earlier) = last.map_or((0, 0), |last| (last.index as usize, last.count));
        let before = self.attempts.get(first..index).unwrap_or(&[]).iter().rev();
        let same = before.take_while(|attempt| attempt.task == task).count();
        let is_inherited = self.attempts.get(first).is_some_and(|attempt| attempt.task == task);
        1 + same as u32 + if is_inherited { earlier } else { 0 }
    }

    /// The time in each state in [a, b).
    pub fn state_times_between(&self, a: Nanos, b: Nanos) -> StateTimes {
        let until = self.state_times_until(b);
        // Most sums begin with the lane.
        if a == Nanos::ZERO { until } else { until.since(&self.state_times_until(a)) }
    }

    /// The time in one state in [0, t).
    pub fn time_in(&self, state: State, t: Nanos) -> Nanos {
        Nanos(self.state_times_until(t)[state])
    }

    /// The time in each state in [0, t).
    fn state_times_until(&self, t: Nanos) -> StateTimes {
        if t >= self.last_change() {
            return self.total_until(t.0);
        }
        let before = self.changes.partition_point(|change| change.at() < t.0);
        self.state_times_before(before, t.0)
    }

    /// The time in each state in [0, t), given the number of entries before `t`.
    fn state_times_before(&self, before: usize, t: u64) -> StateTimes {
        let block = before.saturating_sub(1) / CHECKPOINT_INTERVAL;
        let first = block * CHECKPOINT_INTERVAL;
        let mut checkpoints = self.checkpoints.get(block).copied().unwrap_or_default();
        let entries = self.changes.get(first..before).unwrap_or(&[]);
        let ends = entries.iter().skip(1).map(|change| change.at()).chain([t]);
        for (change, end) in entries.iter().zip(ends) {
            checkpoints.add(change.state(), end - change.at());
        }
        checkpoints
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_and_time_is_unpacked_as_it_was_packed() {
        assert_eq!(size_of::<StateChange>(), 8);
        for state in State::ALL {
            for at in [0, 1, 1 << 40, Nanos::MAX.0] {
                let change = StateChange::new(at, state);
                assert_eq!((change.at(), change.state()), (at, state));
                assert!(!change.ends_attempt());
                let end = change.ending_attempt();
                assert_eq!((end.at(), end.state(), end.ends_attempt()), (at, state, true));
            }
        }
    }
}
