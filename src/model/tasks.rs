//! What is known of each task of a run, closely packed: there may be very many.

mod products;

use std::collections::BTreeMap;

use super::event::{Answer, Done, Failure, LaneId, Outcome, Output, Profile, TaskId};
use super::page::Page;
use super::plan::Workload;
use super::time::Nanos;
use products::Products;

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

/// An attempt at a task that failed, where another was made, or was to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Why.
    pub failure: Failure,
    /// When the next was to begin.
    pub again: Nanos,
    /// Whether the worker process died over it, so that whoever is next begins anew.
    pub lost: bool,
}

/// The tasks of a run, by their numbers.
#[derive(Clone, Debug)]
pub(super) struct Tasks {
    fates: Vec<Fate>,
    results: Vec<Packed>,
    products: Products,
    /// What little is not packed.
    failures: BTreeMap<TaskId, Failure>,
    failed_attempts: BTreeMap<TaskId, Vec<FailedAttempt>>,
    outputs: BTreeMap<TaskId, Output>,
}

/// How far a task is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Fate {
    /// No lane has taken it, or a worker process died over it.
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

/// Where a task ran, and what a server answered.
#[derive(Clone, Copy, Debug)]
struct Packed {
    /// No body is larger than this can tell.
    bytes: u32,
    lane: LaneId,
    status: u16,
}

impl Tasks {
    /// The tasks of such a run, of which none was begun.
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

    /// A lane took a task.
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

    /// A task's request failed and is to be made again.
    pub(super) fn fail_attempt(&mut self, task: TaskId, attempt: FailedAttempt) {
        self.failed_attempts.entry(task).or_default().push(attempt);
        self.set(task, Fate::Held);
    }

    /// A task's request is made again.
    pub(super) fn retry(&mut self, task: TaskId) {
        self.set(task, Fate::Taken);
    }

    /// A task's attempts that failed and after which others were made, or were to be, in order.
    pub(super) fn failed_attempts(&self, task: TaskId) -> &[FailedAttempt] {
        self.failed_attempts.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Whether a task of this run can end so.
    pub(super) const fn may_end(&self, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Done(done) => self.products.may_hold(&done.product),
            Outcome::Failed(_) | Outcome::Lost(_) | Outcome::Stopped => true,
        }
    }

    /// A task is over, or is to be begun anew.
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
                    // The attempt had failed already, and no other was begun.
                    last.lost = true;
                } else {
                    let failure = failure.clone();
                    attempts.push(FailedAttempt { failure, again: at, lost: true });
                }
            }
            Outcome::Stopped => *fate = Fate::Stopped,
        }
    }

    /// A command's output came.
    pub(super) fn write(&mut self, task: TaskId, output: Output) {
        self.outputs.insert(task, output);
    }

    /// What a command wrote.
    pub(super) fn output(&self, task: TaskId) -> Option<&Output> {
        self.outputs.get(&task)
    }

    /// What CPU work came to, of the tasks that went well, in their order.
    pub(super) fn values(&self) -> impl Iterator<Item = u64> + '_ {
        let done = self.fates.iter().zip(self.products.values());
        done.filter(|(fate, _)| matches!(fate, Fate::Done { .. })).map(|(_, value)| *value)
    }

    /// Nothing more will come: gives back the room that was kept for it.
    pub(super) fn close(&mut self) {
        self.fates.shrink_to_fit();
        self.results.shrink_to_fit();
        self.products.close();
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

    /// Whether it went well.
    pub(super) fn is_done(&self, task: TaskId) -> bool {
        matches!(self.fate(task), Fate::Done { .. })
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

    /// How many tasks failed.
    pub(super) fn failed(&self) -> u32 {
        self.failures.len() as u32
    }

    /// Why a task failed.
    pub(super) fn failure(&self, task: TaskId) -> Option<&Failure> {
        self.failures.get(&task)
    }

    /// The profile that the task brought.
    pub(super) const fn profile(&self) -> Option<&Profile> {
        self.products.profile()
    }

    /// The page of followers that a task brought.
    pub(super) fn page(&self, task: TaskId) -> Option<&Page> {
        self.products.pages().get(task.0 as usize)?.as_deref()
    }

    /// The pages of followers, in their order.
    pub(super) fn pages(&self) -> impl Iterator<Item = &Page> {
        self.products.pages().iter().filter_map(Option::as_deref)
    }

    /// Every task that a lane took, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = (TaskId, TaskRecord)> + '_ {
        (0..self.fates.len() as u32)
            .filter_map(|task| Some((TaskId(task), self.get(TaskId(task))?)))
    }

    /// What is known of a task that a lane took.
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
