//! The records of a run's tasks, packed because there may be many.

mod products;

use std::collections::BTreeMap;

use super::event::{Answer, Done, Failure, LaneId, Outcome, Output, Profile, TaskId};
use super::page::Page;
use super::plan::Workload;
use super::time::Nanos;
use products::Products;

/// The status of a task that received no response.
const NO_ANSWER: u16 = 0;

/// The record of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// The lane that took the task.
    pub lane: LaneId,
    /// The outcome of the task, once it has ended.
    pub outcome: Option<Outcome>,
}

/// A failed attempt at a task that was followed, or was to be followed, by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The failure.
    pub failure: Failure,
    /// The planned time of the next attempt.
    pub again: Nanos,
    /// `true` if the worker was lost, so that the task returned to the queue.
    pub lost: bool,
}

/// The tasks of a run, indexed by their numbers.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    fates: Vec<Fate>,
    results: Vec<Packed>,
    products: Products,
    /// The failures, rare enough not to be packed.
    failures: BTreeMap<TaskId, Failure>,
    failed_attempts: BTreeMap<TaskId, Vec<FailedAttempt>>,
    outputs: BTreeMap<TaskId, Output>,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// The task is not on a lane, possibly because its worker was lost.
    #[default]
    Open,
    /// The task is in progress.
    Taken,
    /// The task is on a lane, but waits for its next attempt.
    Held,
    /// The task succeeded, on a new connection or on one that the lane reused.
    Done { connected: bool },
    /// The task failed.
    Failed,
    /// The run was stopped during the task.
    Stopped,
}

/// The lane of a task and the server's response.
#[derive(Clone, Copy, Debug)]
struct Packed {
    /// The size of the body, capped at the type's maximum.
    bytes: u32,
    lane: LaneId,
    status: u16,
}

impl Tasks {
    /// Creates the empty records of a run.
    pub(super) const fn new(workload: Workload) -> Self {
        Self {
            fates: Vec::new(),
            results: Vec::new(),
            products: Products::of(workload),
            failures: BTreeMap::new(),
            failed_attempts: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    /// Records that a lane started a task.
    pub(super) fn start(&mut self, task: TaskId, lane: LaneId) {
        let place = task.0 as usize;
        if self.fates.len() <= place {
            self.fates.resize(place + 1, Fate::Open);
            let open = Packed { bytes: 0, lane: LaneId(0), status: NO_ANSWER };
            self.results.resize(place + 1, open);
            self.products.make_room(place + 1);
        }
        if let Some((fate, result)) = self.fates.get_mut(place).zip(self.results.get_mut(place)) {
            *fate = Fate::Taken;
            result.lane = lane;
        }
    }

    /// Records a failed attempt that will be followed by another.
    pub(super) fn fail_attempt(&mut self, task: TaskId, attempt: FailedAttempt) {
        self.failed_attempts.entry(task).or_default().push(attempt);
        self.set(task, Fate::Held);
    }

    /// Records the start of another attempt.
    pub(super) fn retry(&mut self, task: TaskId) {
        self.set(task, Fate::Taken);
    }

    /// Returns the failed attempts at a task that were followed, or were to be followed, by
    /// another, in order.
    pub(super) fn failed_attempts(&self, task: TaskId) -> &[FailedAttempt] {
        self.failed_attempts.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Returns `true` if this outcome is possible for a task of this run.
    pub(super) const fn may_end(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Done(done) => self.products.may_hold(&done.product),
            Outcome::Failed(_) | Outcome::Lost(_) | Outcome::Stopped => true,
        }
    }

    /// Records the end of a task, or its return to the queue.
    pub(super) fn finish(&mut self, at: Nanos, task: TaskId, outcome: &Outcome) {
        let place = task.0 as usize;
        let entry = self.fates.get_mut(place).zip(self.results.get_mut(place));
        let Some((fate, result)) = entry else { return };
        match outcome {
            Outcome::Done(done) => {
                let answer = done.answer;
                *fate = Fate::Done { connected: answer.is_some_and(|answer| answer.connected) };
                result.status = answer.map_or(NO_ANSWER, |answer| answer.status);
                let bytes = answer.map_or(0, |answer| answer.bytes);
                result.bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                self.products.put(place, &done.product);
            }
            Outcome::Failed(failure) => {
                *fate = Fate::Failed;
                self.failures.insert(task, failure.clone());
            }
            Outcome::Lost(failure) => {
                let held = std::mem::take(fate) == Fate::Held;
                let attempts = self.failed_attempts.entry(task).or_default();
                if let Some(last) = attempts.last_mut().filter(|_| held) {
                    // The attempt had already failed, and the next one had not begun.
                    last.lost = true;
                } else {
                    let failure = failure.clone();
                    attempts.push(FailedAttempt { failure, again: at, lost: true });
                }
            }
            Outcome::Stopped => *fate = Fate::Stopped,
        }
    }

    /// Records the output of a command.
    pub(super) fn write(&mut self, task: TaskId, output: Output) {
        self.outputs.insert(task, output);
    }

    /// Returns the output of a command.
    pub(super) fn output(&self, task: TaskId) -> Option<&Output> {
        self.outputs.get(&task)
    }

    /// Returns the results of CPU work of all successful tasks, in the order of the tasks.
    pub(super) fn values(&self) -> impl Iterator<Item = u64> + '_ {
        let done = self.fates.iter().zip(self.products.values());
        done.filter(|(fate, _)| matches!(fate, Fate::Done { .. })).map(|(_, value)| *value)
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn close(&mut self) {
        self.fates.shrink_to_fit();
        self.results.shrink_to_fit();
        self.products.close();
    }

    /// Returns `true` if a lane has taken the task.
    pub(super) fn is_started(&self, task: TaskId) -> bool {
        self.fate(task) != Fate::Open
    }

    /// Returns `true` if the task is in progress on this lane.
    pub(super) fn is_taken(&self, task: TaskId, lane: LaneId) -> bool {
        let result = self.results.get(task.0 as usize);
        let goes_on = matches!(self.fate(task), Fate::Taken | Fate::Held);
        goes_on && result.is_some_and(|result| result.lane == lane)
    }

    /// Returns `true` if the task waits for its next attempt.
    pub(super) fn is_held(&self, task: TaskId) -> bool {
        self.fate(task) == Fate::Held
    }

    /// Returns `true` if the task succeeded.
    pub(super) fn is_done(&self, task: TaskId) -> bool {
        matches!(self.fate(task), Fate::Done { .. })
    }

    /// Returns `true` if the run was stopped during the task.
    pub(super) fn is_stopped(&self, task: TaskId) -> bool {
        self.fate(task) == Fate::Stopped
    }

    /// Counts the tasks from `low + 1` to `high` that were started, and those that succeeded.
    pub(super) fn count(&self, low: u32, high: u32) -> (u32, u32) {
        let end = (high as usize + 1).min(self.fates.len());
        let fates = self.fates.get(low as usize + 1..end).unwrap_or(&[]);
        let started = fates.iter().filter(|fate| **fate != Fate::Open).count();
        let done = fates.iter().filter(|fate| matches!(fate, Fate::Done { .. })).count();
        (started as u32, done as u32)
    }

    /// The number of failed tasks.
    pub(super) fn failed(&self) -> u32 {
        self.failures.len() as u32
    }

    /// Returns the failure of a task.
    pub(super) fn failure(&self, task: TaskId) -> Option<&Failure> {
        self.failures.get(&task)
    }

    /// The profile that the task fetched.
    pub(super) const fn profile(&self) -> Option<&Profile> {
        self.products.profile()
    }

    /// Returns the page of followers that a task fetched.
    pub(super) fn page(&self, task: TaskId) -> Option<&Page> {
        self.products.pages().get(task.0 as usize)?.as_deref()
    }

    /// Returns the pages of followers in order.
    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.products.pages().iter().filter_map(Option::as_deref)
    }

    /// Returns all tasks that have been started, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, TaskRecord)> + '_ {
        (0..self.fates.len() as u32)
            .filter_map(|task| Some((TaskId(task), self.get(TaskId(task))?)))
    }

    /// Returns the record of a task that has been started.
    pub(super) fn get(&self, task: TaskId) -> Option<TaskRecord> {
        let place = task.0 as usize;
        let result = self.results.get(place)?;
        let outcome = match self.fate(task) {
            Fate::Open => return None,
            Fate::Taken | Fate::Held => None,
            Fate::Done { connected } => Some(Outcome::Done(Done {
                answer: (result.status != NO_ANSWER).then_some(Answer {
                    status: result.status,
                    bytes: u64::from(result.bytes),
                    connected,
                }),
                product: self.products.get(place)?,
            })),
            Fate::Failed => Some(Outcome::Failed(self.failures.get(&task)?.clone())),
            Fate::Stopped => Some(Outcome::Stopped),
        };
        Some(TaskRecord { lane: result.lane, outcome })
    }

    fn set(&mut self, task: TaskId, new: Fate) {
        if let Some(fate) = self.fates.get_mut(task.0 as usize) {
            *fate = new;
        }
    }

    fn fate(&self, task: TaskId) -> Fate {
        self.fates.get(task.0 as usize).copied().unwrap_or_default()
    }
}
