//! What is known of each task of a run, closely packed: there may be very many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::event::{Answer, Done, Failure, LaneId, Outcome, Output, Product, Profile, TaskId};
use super::page::Page;
use super::time::Nanos;

/// In a status's place where no server was asked.
const NO_ANSWER: u16 = 0;

/// What is known of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// The lane that took it.
    pub lane: LaneId,
    /// How it ended, once it has.
    pub outcome: Option<Outcome>,
}

/// A request that failed and was made again, or was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Why.
    pub failure: Failure,
    /// When the next was to begin.
    pub again: Nanos,
}

/// The tasks of a run, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Tasks {
    fates: Vec<Fate>,
    results: Vec<Packed>,
    /// What little is not packed.
    failures: BTreeMap<TaskId, Failure>,
    failed_attempts: BTreeMap<TaskId, Vec<FailedAttempt>>,
    profiles: BTreeMap<TaskId, Profile>,
    values: BTreeMap<TaskId, u64>,
    successes: BTreeSet<TaskId>,
    outputs: BTreeMap<TaskId, Output>,
    losses: BTreeMap<TaskId, Vec<Loss>>,
}

/// A worker process that died over a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// On which lane.
    pub lane: LaneId,
    /// When.
    pub at: Nanos,
    /// Why.
    pub failure: Failure,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// No lane took it yet.
    #[default]
    Open,
    /// It goes on.
    Taken,
    /// It goes on, but waits for its next attempt.
    Held,
    /// It went well, on the lane's own connection or a new one.
    Done { connected: bool },
    /// It failed.
    Failed,
    /// It was stopped.
    Stopped,
}

/// Where a task ran, and what came of it.
#[derive(Clone, Debug)]
struct Packed {
    page: Option<Arc<Page>>,
    /// No body is larger than this can tell.
    bytes: u32,
    lane: LaneId,
    status: u16,
}

impl Tasks {
    /// A lane took a task.
    pub(super) fn start(&mut self, task: TaskId, lane: LaneId) {
        let place = task.0 as usize;
        if self.fates.len() <= place {
            let open = Packed { page: None, bytes: 0, lane: LaneId(0), status: 0 };
            self.fates.resize(place + 1, Fate::Open);
            self.results.resize(place + 1, open);
        }
        if let Some((fate, result)) = self.fates.get_mut(place).zip(self.results.get_mut(place)) {
            *fate = Fate::Taken;
            result.lane = lane;
        }
    }

    /// A task's request failed and is to be made again.
    pub(super) fn fail_attempt(&mut self, task: TaskId, attempt: FailedAttempt) {
        self.failed_attempts.entry(task).or_default().push(attempt);
        self.set(task, Fate::Held);
    }

    /// A task's request is made again.
    pub(super) fn retry(&mut self, task: TaskId) {
        self.set(task, Fate::Taken);
    }

    /// A task's requests that failed and were to be made again, in order.
    pub(super) fn failed_attempts(&self, task: TaskId) -> &[FailedAttempt] {
        self.failed_attempts.get(&task).map_or(&[], Vec::as_slice)
    }

    /// A task is over.
    pub(super) fn finish(&mut self, task: TaskId, outcome: &Outcome) {
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
                match &done.product {
                    Product::Followers(page) => result.page = Some(Arc::clone(page)),
                    Product::Profile(profile) => _ = self.profiles.insert(task, profile.clone()),
                    Product::Value(value) => _ = self.values.insert(task, *value),
                    Product::Success => _ = self.successes.insert(task),
                    Product::NoMore => {}
                }
            }
            Outcome::Failed(failure) => {
                *fate = Fate::Failed;
                self.failures.insert(task, failure.clone());
            }
            Outcome::Lost(_) => *fate = Fate::Open,
            Outcome::Stopped => *fate = Fate::Stopped,
        }
    }

    /// A worker process died over a task, which is to be done by another.
    pub(super) fn lose(&mut self, task: TaskId, loss: Loss) {
        self.losses.entry(task).or_default().push(loss);
    }

    /// The worker processes that died over a task, in order.
    pub(super) fn losses(&self, task: TaskId) -> &[Loss] {
        self.losses.get(&task).map_or(&[], Vec::as_slice)
    }

    /// A command's output came.
    pub(super) fn write(&mut self, task: TaskId, output: Output) {
        self.outputs.insert(task, output);
    }

    /// What a command wrote.
    pub(super) fn output(&self, task: TaskId) -> Option<&Output> {
        self.outputs.get(&task)
    }

    /// What CPU work came to, in the order of the tasks.
    pub(super) fn values(&self) -> impl Iterator<Item = u64> + '_ {
        self.values.values().copied()
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        self.fates.shrink_to_fit();
        self.results.shrink_to_fit();
    }

    /// Whether a lane took it.
    pub(super) fn is_started(&self, task: TaskId) -> bool {
        self.fate(task) != Fate::Open
    }

    /// Whether it goes on, on this lane.
    pub(super) fn is_taken(&self, task: TaskId, lane: LaneId) -> bool {
        let result = self.results.get(task.0 as usize);
        let goes_on = matches!(self.fate(task), Fate::Taken | Fate::Held);
        goes_on && result.is_some_and(|result| result.lane == lane)
    }

    /// Whether it waits for its next attempt.
    pub(super) fn is_held(&self, task: TaskId) -> bool {
        self.fate(task) == Fate::Held
    }

    /// Whether it was stopped.
    pub(super) fn is_stopped(&self, task: TaskId) -> bool {
        self.fate(task) == Fate::Stopped
    }

    /// How many of the tasks above `low`, up to `high`, were started, and how many of these went
    /// well.
    pub(super) fn count(&self, low: u32, high: u32) -> (u32, u32) {
        let end = (high as usize + 1).min(self.fates.len());
        let fates = self.fates.get(low as usize + 1..end).unwrap_or(&[]);
        let started = fates.iter().filter(|fate| **fate != Fate::Open).count();
        let done = fates.iter().filter(|fate| matches!(fate, Fate::Done { .. })).count();
        (started as u32, done as u32)
    }

    /// Why a task failed.
    pub(super) fn failure(&self, task: TaskId) -> Option<&Failure> {
        self.failures.get(&task)
    }

    /// The first profile that a task brought.
    pub(super) fn profile(&self) -> Option<&Profile> {
        self.profiles.values().next()
    }

    /// The pages of followers, in their order.
    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.results.iter().filter_map(|result| result.page.as_deref())
    }

    /// Every task that a lane took, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, TaskRecord)> + '_ {
        (0..self.fates.len() as u32)
            .filter_map(|task| Some((TaskId(task), self.get(TaskId(task))?)))
    }

    /// What is known of a task that a lane took.
    pub(super) fn get(&self, task: TaskId) -> Option<TaskRecord> {
        let result = self.results.get(task.0 as usize)?;
        let outcome = match self.fate(task) {
            Fate::Open => return None,
            Fate::Taken | Fate::Held => None,
            Fate::Done { connected } => Some(Outcome::Done(Done {
                answer: (result.status != NO_ANSWER).then_some(Answer {
                    status: result.status,
                    bytes: u64::from(result.bytes),
                    connected,
                }),
                product: self.product(task, result),
            })),
            Fate::Failed => Some(Outcome::Failed(self.failures.get(&task)?.clone())),
            Fate::Stopped => Some(Outcome::Stopped),
        };
        Some(TaskRecord { lane: result.lane, outcome })
    }

    fn product(&self, task: TaskId, result: &Packed) -> Product {
        if let Some(page) = &result.page {
            return Product::Followers(Arc::clone(page));
        }
        if let Some(profile) = self.profiles.get(&task) {
            return Product::Profile(profile.clone());
        }
        match self.values.get(&task) {
            Some(&value) => Product::Value(value),
            None if self.successes.contains(&task) => Product::Success,
            None => Product::NoMore,
        }
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
