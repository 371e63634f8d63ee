//! The records of a run's tasks, packed because there may be many.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::event::{CommandOutput, Completion, Product, ResponseSummary, TaskOutcome};
use super::failure::Failure;
use super::follower_page::FollowerPage;
use super::identifiers::{LaneId, TaskId};
use super::item_page::ItemPage;
use super::time::Nanos;
use super::workload::{TaskKind, Workload};

/// The status of a task that received no response.
const NO_RESPONSE: u16 = 0;

/// The record of one task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskRecord {
    /// The lane that took the task.
    pub lane: LaneId,
    /// The outcome of the task, once it has ended.
    pub outcome: Option<TaskOutcome>,
}

/// A failed attempt at a task that was followed, or was to be followed, by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// The failure.
    pub failure: Failure,
    /// The planned time of the next attempt.
    pub retry_at: Nanos,
    /// `true` if the worker was lost, so that the task returned to the queue.
    pub was_requeued: bool,
}

/// The tasks of a run, indexed by their numbers.
#[derive(Clone, Debug)]
pub struct Tasks {
    statuses: Vec<TaskStatus>,
    results: Vec<PackedResult>,
    products: Products,
    /// The failures, rare enough not to be packed.
    failures: BTreeMap<TaskId, Failure>,
    failed_attempts: BTreeMap<TaskId, Vec<FailedAttempt>>,
    outputs: BTreeMap<TaskId, CommandOutput>,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum TaskStatus {
    /// The task is not on a lane, possibly because its worker was lost.
    #[default]
    Unstarted,
    /// The task is in progress.
    Running,
    /// The task is on a lane, but waits for its next attempt.
    RetryPending,
    /// The task succeeded, on a new connection or on one that the lane reused.
    Done { connected: bool },
    /// The task failed.
    Failed,
    /// The run was stopped during the task.
    Stopped,
}

/// The lane of a task and the server's response.
#[derive(Clone, Copy, Debug)]
struct PackedResult {
    /// The size of the body, capped at the type's maximum.
    bytes: u32,
    lane: LaneId,
    status: u16,
}

/// The results of tasks. All tasks of a run produce the same kind.
#[derive(Clone, Debug)]
enum Products {
    /// The pages of followers by task number, or `None` for a page that the API does not list.
    Followers(Vec<Option<Arc<FollowerPage>>>),
    /// The pages of a list by task number.
    Items(Vec<Option<Arc<ItemPage>>>),
    /// The results of CPU work by task number.
    Values(Vec<u64>),
    /// Commands or threads, whose end is their only result.
    Successes,
}

impl Tasks {
    /// Creates the empty records of a run.
    pub(super) const fn new(workload: Workload) -> Self {
        Self {
            statuses: Vec::new(),
            results: Vec::new(),
            products: Products::for_workload(workload),
            failures: BTreeMap::new(),
            failed_attempts: BTreeMap::new(),
            outputs: BTreeMap::new(),
        }
    }

    /// Records that a lane started a task.
    pub(super) fn start_task(&mut self, task: TaskId, lane: LaneId) {
        let index = task.0 as usize;
        if self.statuses.len() <= index {
            self.statuses.resize(index + 1, TaskStatus::Unstarted);
            let open = PackedResult { bytes: 0, lane: LaneId(0), status: NO_RESPONSE };
            self.results.resize(index + 1, open);
            self.products.resize(index + 1);
        }
        if let Some((status, result)) =
            self.statuses.get_mut(index).zip(self.results.get_mut(index))
        {
            *status = TaskStatus::Running;
            result.lane = lane;
        }
    }

    /// Records a failed attempt that will be followed by another.
    pub(super) fn fail_attempt(&mut self, task: TaskId, attempt: FailedAttempt) {
        self.failed_attempts.entry(task).or_default().push(attempt);
        self.set_status(task, TaskStatus::RetryPending);
    }

    /// Records the start of another attempt.
    pub(super) fn retry_task(&mut self, task: TaskId) {
        self.set_status(task, TaskStatus::Running);
    }

    /// Returns the failed attempts at a task that were followed, or were to be followed, by
    /// another, in order.
    pub fn failed_attempts(&self, task: TaskId) -> &[FailedAttempt] {
        self.failed_attempts.get(&task).map_or(&[], Vec::as_slice)
    }

    /// Returns `true` if this outcome is possible for a task of this run.
    pub(super) const fn accepts_outcome(&self, outcome: &TaskOutcome) -> bool {
        match outcome {
            TaskOutcome::Done(done) => self.products.accepts(&done.product),
            TaskOutcome::Failed(_) | TaskOutcome::Requeued(_) | TaskOutcome::Stopped => true,
        }
    }

    /// Records the end of a task, or its return to the queue.
    pub(super) fn finish_task(&mut self, at: Nanos, task: TaskId, outcome: &TaskOutcome) {
        let index = task.0 as usize;
        let entry = self.statuses.get_mut(index).zip(self.results.get_mut(index));
        let Some((status, result)) = entry else { return };
        match outcome {
            TaskOutcome::Done(done) => {
                let response = done.response;
                *status = TaskStatus::Done {
                    connected: response.is_some_and(|response| response.connected),
                };
                result.status = response.map_or(NO_RESPONSE, |response| response.status);
                let bytes = response.map_or(0, |response| response.bytes);
                result.bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
                self.products.insert(index, &done.product);
            }
            TaskOutcome::Failed(failure) => {
                *status = TaskStatus::Failed;
                self.failures.insert(task, failure.clone());
            }
            TaskOutcome::Requeued(failure) => {
                let held = std::mem::take(status) == TaskStatus::RetryPending;
                let attempts = self.failed_attempts.entry(task).or_default();
                if let Some(last) = attempts.last_mut().filter(|_| held) {
                    // The attempt had already failed, and the next one had not begun.
                    last.was_requeued = true;
                } else {
                    let failure = failure.clone();
                    attempts.push(FailedAttempt { failure, retry_at: at, was_requeued: true });
                }
            }
            TaskOutcome::Stopped => *status = TaskStatus::Stopped,
        }
    }

    /// Records the output of a command.
    pub(super) fn record_output(&mut self, task: TaskId, output: CommandOutput) {
        self.outputs.insert(task, output);
    }

    /// Returns the output of a command.
    pub fn output(&self, task: TaskId) -> Option<&CommandOutput> {
        self.outputs.get(&task)
    }

    /// Returns the results of CPU work of all successful tasks, in the order of the tasks.
    pub fn values(&self) -> impl Iterator<Item = u64> + '_ {
        let done = self.statuses.iter().zip(self.products.values());
        done.filter(|(status, _)| matches!(status, TaskStatus::Done { .. }))
            .map(|(_, value)| *value)
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn shrink_to_fit(&mut self) {
        self.statuses.shrink_to_fit();
        self.results.shrink_to_fit();
        self.products.shrink_to_fit();
    }

    /// Returns `true` if a lane has taken the task.
    pub(super) fn is_started(&self, task: TaskId) -> bool {
        self.status(task) != TaskStatus::Unstarted
    }

    /// Returns `true` if the task is in progress on this lane.
    pub(super) fn is_running_on(&self, task: TaskId, lane: LaneId) -> bool {
        let result = self.results.get(task.0 as usize);
        let goes_on = matches!(self.status(task), TaskStatus::Running | TaskStatus::RetryPending);
        goes_on && result.is_some_and(|result| result.lane == lane)
    }

    /// Returns `true` if the task waits for its next attempt.
    pub(super) fn awaits_retry(&self, task: TaskId) -> bool {
        self.status(task) == TaskStatus::RetryPending
    }

    /// Returns `true` if the task succeeded.
    pub(super) fn is_done(&self, task: TaskId) -> bool {
        matches!(self.status(task), TaskStatus::Done { .. })
    }

    /// Returns `true` if the run was stopped during the task.
    pub fn is_stopped(&self, task: TaskId) -> bool {
        self.status(task) == TaskStatus::Stopped
    }

    /// Counts the tasks from `low + 1` to `high` that were started, and those that succeeded.
    pub(super) fn count_between(&self, low: u32, high: u32) -> (u32, u32) {
        let end = (high as usize + 1).min(self.statuses.len());
        let statuses = self.statuses.get(low as usize + 1..end).unwrap_or(&[]);
        let started = statuses.iter().filter(|status| **status != TaskStatus::Unstarted).count();
        let done =
            statuses.iter().filter(|status| matches!(status, TaskStatus::Done { .. })).count();
        (started as u32, done as u32)
    }

    /// Returns the number of failed tasks up to a number.
    pub(super) fn failed_count(&self, last: u32) -> u32 {
        self.failures.range(..=TaskId(last)).count() as u32
    }

    /// Returns the failed task with the lowest number, if that is at most `last`.
    pub(super) fn first_failed(&self, last: u32) -> Option<TaskId> {
        self.failures.range(..=TaskId(last)).next().map(|(task, _)| *task)
    }

    /// Returns the failure of a task.
    pub fn failure(&self, task: TaskId) -> Option<&Failure> {
        self.failures.get(&task)
    }

    /// Returns the page of followers that a task fetched.
    pub fn page(&self, task: TaskId) -> Option<&FollowerPage> {
        self.products.pages().get(task.0 as usize)?.as_deref()
    }

    /// Returns the page of a list that a task fetched.
    pub fn item_page(&self, task: TaskId) -> Option<&ItemPage> {
        self.products.item_pages().get(task.0 as usize)?.as_deref()
    }

    /// Returns the pages of a list in order.
    pub fn item_pages(&self) -> impl Iterator<Item = &ItemPage> {
        self.products.item_pages().iter().filter_map(Option::as_deref)
    }

    /// Returns the number of followers or items on the page that a task fetched, or `None` for a body that
    /// is not JSON.
    pub fn result_count(&self, task: TaskId) -> Option<usize> {
        let followers = self.page(task).map(FollowerPage::len);
        let items = self.item_page(task).filter(|page| page.opaque_bytes().is_none());
        followers.or_else(|| items.map(ItemPage::len))
    }

    /// Returns the pages of followers in order.
    pub(super) fn pages(&self) -> impl Iterator<Item = &FollowerPage> {
        self.products.pages().iter().filter_map(Option::as_deref)
    }

    /// Returns all tasks that have been started, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (TaskId, TaskRecord)> + '_ {
        (0..self.statuses.len() as u32)
            .filter_map(|task| Some((TaskId(task), self.get(TaskId(task))?)))
    }

    /// Returns the record of a task that has been started.
    pub fn get(&self, task: TaskId) -> Option<TaskRecord> {
        let index = task.0 as usize;
        let result = self.results.get(index)?;
        let outcome = match self.status(task) {
            TaskStatus::Unstarted => return None,
            TaskStatus::Running | TaskStatus::RetryPending => None,
            TaskStatus::Done { connected } => Some(TaskOutcome::Done(Completion {
                response: (result.status != NO_RESPONSE).then_some(ResponseSummary {
                    status: result.status,
                    bytes: u64::from(result.bytes),
                    connected,
                }),
                product: self.products.get(index)?,
            })),
            TaskStatus::Failed => Some(TaskOutcome::Failed(self.failures.get(&task)?.clone())),
            TaskStatus::Stopped => Some(TaskOutcome::Stopped),
        };
        Some(TaskRecord { lane: result.lane, outcome })
    }

    fn set_status(&mut self, task: TaskId, new: TaskStatus) {
        if let Some(status) = self.statuses.get_mut(task.0 as usize) {
            *status = new;
        }
    }

    fn status(&self, task: TaskId) -> TaskStatus {
        self.statuses.get(task.0 as usize).copied().unwrap_or_default()
    }
}

impl Products {
    /// Creates the empty results for a workload.
    const fn for_workload(workload: Workload) -> Self {
        match workload.kind() {
            TaskKind::Page if workload.has_accounts() => Self::Followers(Vec::new()),
            TaskKind::Page => Self::Items(Vec::new()),
            TaskKind::Computation => Self::Values(Vec::new()),
            TaskKind::Command | TaskKind::Thread => Self::Successes,
        }
    }

    /// Extends the results to task numbers below `tasks`.
    fn resize(&mut self, tasks: usize) {
        match self {
            Self::Followers(pages) => pages.resize(tasks, None),
            Self::Items(pages) => pages.resize(tasks, None),
            Self::Values(values) => values.resize(tasks, 0),
            Self::Successes => {}
        }
    }

    /// Returns `true` if a task of this run can produce this result.
    const fn accepts(&self, product: &Product) -> bool {
        matches!(
            (self, product),
            (Self::Followers(_), Product::Followers(_) | Product::PastLastPage)
                | (Self::Items(_), Product::Items(_))
                | (Self::Values(_), Product::Value(_))
                | (Self::Successes, Product::Success)
        )
    }

    /// Stores the result of a task.
    fn insert(&mut self, index: usize, product: &Product) {
        match (self, product) {
            (Self::Followers(pages), Product::Followers(page)) => {
                if let Some(slot) = pages.get_mut(index) {
                    *slot = Some(Arc::clone(page));
                }
            }
            (Self::Items(pages), Product::Items(page)) => {
                if let Some(slot) = pages.get_mut(index) {
                    *slot = Some(Arc::clone(page));
                }
            }
            (Self::Values(values), Product::Value(value)) => {
                if let Some(slot) = values.get_mut(index) {
                    *slot = *value;
                }
            }
            _ => {}
        }
    }

    /// Returns the result of a successful task.
    fn get(&self, index: usize) -> Option<Product> {
        Some(match self {
            Self::Followers(pages) => match pages.get(index)? {
                Some(page) => Product::Followers(Arc::clone(page)),
                None => Product::PastLastPage,
            },
            Self::Items(pages) => Product::Items(Arc::clone(pages.get(index)?.as_ref()?)),
            Self::Values(values) => Product::Value(*values.get(index)?),
            Self::Successes => Product::Success,
        })
    }

    /// Releases spare capacity once the run is complete.
    fn shrink_to_fit(&mut self) {
        match self {
            Self::Followers(pages) => pages.shrink_to_fit(),
            Self::Items(pages) => pages.shrink_to_fit(),
            Self::Values(values) => values.shrink_to_fit(),
            Self::Successes => {}
        }
    }

    /// The pages of followers, indexed by task number.
    const fn pages(&self) -> &[Option<Arc<FollowerPage>>] {
        match self {
            Self::Followers(pages) => pages.as_slice(),
            _ => &[],
        }
    }

    /// The pages of a list, indexed by task number.
    const fn item_pages(&self) -> &[Option<Arc<ItemPage>>] {
        match self {
            Self::Items(pages) => pages.as_slice(),
            _ => &[],
        }
    }

    /// The results of CPU work, indexed by task number; 0 for missing ones.
    const fn values(&self) -> &[u64] {
        match self {
            Self::Values(values) => values.as_slice(),
            _ => &[],
        }
    }
}
