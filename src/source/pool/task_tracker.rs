//! The task tracker of a run: the known tasks, the open ones, and the reason why the run ends.

use std::collections::HashMap;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::lane_reporter::LaneReporter;
use crate::model::plan::MAX_TASKS;
use crate::model::{EventKind, RunOutcome, TaskId, TaskOutcome};

/// The result of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskResult {
    /// The outcome.
    pub outcome: TaskOutcome,
    /// The number of tasks, as far as this task revealed it.
    pub task_count: TaskCount,
}

impl From<TaskOutcome> for TaskResult {
    fn from(outcome: TaskOutcome) -> Self {
        Self { outcome, task_count: TaskCount::Unknown }
    }
}

/// The number of tasks of a workload, as far as one task revealed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskCount {
    /// The task revealed nothing.
    Unknown,
    /// At least this number.
    AtLeast(u32),
    /// Exactly this number.
    Exactly(u32),
    /// Fewer than the number of this task, which does not exist.
    FewerThanThis,
    /// Unknown, but this task was full, so there may be one more after it.
    PerhapsMore {
        /// The ID of the first item that the task returned. If the next task begins with the same one,
        /// the server repeats itself and there is no more.
        first: u64,
    },
    /// At most this number, whatever other tasks reveal.
    AtMost(u32),
}

/// The state of a run's tasks, shared by its workers. A worker updates it before it takes its next
/// task, so that a task found not to exist is not started.
#[derive(Debug, Default)]
pub(super) struct TaskTracker {
    /// The sender of the queue from which workers take tasks. `None` closes the queue and so ends the
    /// workers.
    queue: Option<Sender<TaskId>>,
    /// The number of the last known task.
    task_count: u32,
    /// The highest task that is proven to exist.
    last_confirmed: u32,
    /// The upper bound of `task_count`, whatever tasks reveal.
    max_tasks: u32,
    /// The number of the last task that was put into the queue.
    queued: u32,
    /// The queued tasks that were skipped because they did not seem to exist.
    dropped: Vec<TaskId>,
    /// The ID of the first item of the last task that may be followed by more.
    first: Option<u64>,
    /// The number of tasks in the queue and in progress.
    unfinished: u32,
    /// The number of times that `task_count` has risen.
    growth_count: u32,
    /// The value of `growth_count` when each task in progress was started.
    started_at_growth: HashMap<TaskId, u32>,
    /// The number of worker processes that died on each task.
    crashes: HashMap<TaskId, u32>,
    /// The number of lanes that take tasks.
    lanes: u16,
    /// The reason why the run ends early.
    early_outcome: Option<RunOutcome>,
}

impl TaskTracker {
    /// Creates a tracker without tasks, and the queue that it fills.
    pub(super) fn new() -> (Self, Receiver<TaskId>) {
        let (sender, receiver) = unbounded();
        let task_tracker = Self { queue: Some(sender), max_tasks: MAX_TASKS, ..Self::default() };
        (task_tracker, receiver)
    }

    /// Puts the initial tasks into the queue.
    pub(super) fn start(&mut self, tasks: u32, reporter: &LaneReporter) {
        self.extend_tasks(tasks.min(MAX_TASKS), reporter);
        self.close_if_done();
    }

    /// Returns whether a task from the queue is to be done.
    pub(super) fn admit_task(&mut self, task: TaskId) -> bool {
        if task.0 > self.task_count {
            self.dropped.push(task);
            self.close_task();
            return false;
        }
        self.started_at_growth.insert(task, self.growth_count);
        self.early_outcome.is_none()
    }

    /// Records that a task has ended, and what it revealed about the number of tasks.
    pub(super) fn finish_task(
        &mut self,
        task: TaskId,
        task_count: TaskCount,
        reporter: &LaneReporter,
    ) {
        self.apply_task_count(task, task_count, reporter);
        self.close_task();
    }

    /// Ends the run early: no further task is started.
    pub(super) fn give_up(&mut self, outcome: RunOutcome) {
        self.early_outcome.get_or_insert(outcome);
        self.queue = None;
    }

    /// Records that a task was stopped. That ends the run early, unless the task has turned out not to
    /// exist: then none of its work is missing.
    pub(super) fn stop_task(&mut self, task: TaskId) {
        if task.0 > self.task_count {
            self.close_task();
        } else {
            self.give_up(RunOutcome::Stopped);
        }
    }

    /// Records that a worker process died on a task. Returns the number of processes that have.
    pub(super) fn record_crash(&mut self, task: TaskId) -> u32 {
        let crashes = self.crashes.entry(task).or_default();
        *crashes += 1;
        *crashes
    }

    /// Sets the number of lanes that take tasks.
    pub(super) const fn set_lanes(&mut self, lanes: u16) {
        self.lanes = lanes;
    }

    /// Records that one more lane takes tasks.
    pub(super) const fn add_lane(&mut self) {
        self.lanes += 1;
    }

    /// Records that a lane takes no more tasks, unless it is the last one. Returns `false` if it is.
    pub(super) const fn withdraw_lane(&mut self) -> bool {
        let others = !self.has_one_lane();
        self.lanes -= others as u16;
        others
    }

    /// Returns whether no more than one lane takes tasks.
    pub(super) const fn has_one_lane(&self) -> bool {
        self.lanes <= 1
    }

    /// Returns whether the queue is closed.
    pub(super) const fn is_closed(&self) -> bool {
        self.queue.is_none()
    }

    /// Puts a task into the queue, such as one that a worker left undone.
    pub(super) fn requeue_task(&self, task: TaskId) {
        if let Some(queue) = &self.queue {
            // The receiver lives at least as long as this.
            _ = queue.send(task);
        }
    }

    /// Returns the end of the run, once its workers have ended.
    pub(super) fn outcome(&self) -> RunOutcome {
        self.early_outcome.clone().unwrap_or(RunOutcome::Finished)
    }

    fn apply_task_count(&mut self, task: TaskId, task_count: TaskCount, reporter: &LaneReporter) {
        // A task that was started before the number last rose may have seen an older state.
        let is_news = self.started_at_growth.remove(&task) == Some(self.growth_count);
        let (tasks, may_shrink) = match task_count {
            TaskCount::Unknown => return,
            TaskCount::AtLeast(tasks) => (tasks, false),
            TaskCount::PerhapsMore { first } => {
                let repeats = self.first.replace(first) == Some(first);
                // The next task is only a guess; if it has been queued already, its own result decides.
                let is_last = task.0 == self.queued;
                (task.0 + u32::from(is_last && !repeats), false)
            }
            TaskCount::Exactly(tasks) => (tasks, is_news),
            // Of two tasks past the end, the later one must not raise the number again.
            TaskCount::FewerThanThis => ((task.0 - 1).min(self.task_count), is_news),
            TaskCount::AtMost(tasks) => {
                self.max_tasks = self.max_tasks.min(tasks);
                (tasks.min(self.task_count), true)
            }
        };
        if tasks >= task.0 {
            self.last_confirmed = self.last_confirmed.max(task.0);
        }
        // If tasks contradict each other, one that is proven to exist is kept.
        let tasks = tasks.min(self.max_tasks).max(self.last_confirmed).min(MAX_TASKS);
        if tasks > self.task_count {
            self.growth_count += 1;
            self.extend_tasks(tasks, reporter);
        } else if tasks < self.task_count && may_shrink {
            self.set_task_count(tasks, reporter);
        }
    }

    /// Raises the number of tasks, and queues those that were not queued yet or were dropped.
    fn extend_tasks(&mut self, tasks: u32, reporter: &LaneReporter) {
        self.set_task_count(tasks, reporter);
        let back: Vec<TaskId> = self.dropped.extract_if(.., |task| task.0 <= tasks).collect();
        for task in back.into_iter().chain((self.queued + 1..=tasks).map(TaskId)) {
            self.unfinished += 1;
            self.requeue_task(task);
        }
        self.queued = self.queued.max(tasks);
    }

    /// Sets and reports the number of tasks.
    fn set_task_count(&mut self, tasks: u32, reporter: &LaneReporter) {
        self.task_count = tasks;
        reporter.send(EventKind::TaskCountChanged { tasks });
    }

    /// Records that a task is neither in the queue nor in progress any more.
    fn close_task(&mut self) {
        self.unfinished -= 1;
        self.close_if_done();
    }

    fn close_if_done(&mut self) {
        if self.unfinished == 0 {
            self.queue = None;
        }
    }
}
