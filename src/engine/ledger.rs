//! The task tracker of a run: the known tasks, the open ones, and the reason why the run ends.

use std::collections::HashMap;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::task::{Extent, Report};
use crate::model::plan::MOST_TASKS;
use crate::model::{End, Kind, TaskId};

/// The state of a run's tasks, shared by its workers. A worker updates it before it takes its next
/// task, so that a task found not to exist is not started.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The sender of the queue from which workers take tasks. `None` closes the queue and so ends the
    /// workers.
    queue: Option<Sender<TaskId>>,
    /// The number of the last known task.
    end: u32,
    /// The highest task that is proven to exist.
    found: u32,
    /// The upper bound of `end`, whatever tasks reveal.
    most: u32,
    /// The number of the last task that was put into the queue.
    queued: u32,
    /// The queued tasks that were skipped because they did not seem to exist.
    dropped: Vec<TaskId>,
    /// The ID of the first item of the last task that may be followed by more.
    first: Option<u64>,
    /// The number of tasks in the queue and in progress.
    open: u32,
    /// The number of times that `end` has risen.
    rises: u32,
    /// The value of `rises` when each task in progress was started.
    begun: HashMap<TaskId, u32>,
    /// The number of worker processes that died on each task.
    losses: HashMap<TaskId, u32>,
    /// The number of lanes that take tasks.
    lanes: u16,
    /// The reason why the run ends early.
    given_up: Option<End>,
}

impl Ledger {
    /// Creates a tracker without tasks, and the queue that it fills.
    pub(super) fn new() -> (Self, Receiver<TaskId>) {
        let (sender, receiver) = unbounded();
        let ledger = Self {
            queue: Some(sender),
            end: 0,
            found: 0,
            most: MOST_TASKS,
            queued: 0,
            dropped: Vec::new(),
            first: None,
            open: 0,
            rises: 0,
            begun: HashMap::new(),
            losses: HashMap::new(),
            lanes: 0,
            given_up: None,
        };
        (ledger, receiver)
    }

    /// Puts the initial tasks into the queue.
    pub(super) fn begin(&mut self, tasks: u32, report: &Report) {
        self.extend(tasks.min(MOST_TASKS), report);
        self.close_if_done();
    }

    /// Returns whether a task from the queue is to be done.
    pub(super) fn admits(&mut self, task: TaskId) -> bool {
        if task.0 > self.end {
            self.dropped.push(task);
            self.settle();
            return false;
        }
        self.begun.insert(task, self.rises);
        self.given_up.is_none()
    }

    /// Records that a task has ended, and what it revealed about the number of tasks.
    pub(super) fn tried(&mut self, task: TaskId, extent: Extent, report: &Report) {
        self.learn(task, extent, report);
        self.settle();
    }

    /// Ends the run early: no further task is started.
    pub(super) fn give_up(&mut self, end: End) {
        self.given_up.get_or_insert(end);
        self.queue = None;
    }

    /// Records that a worker process died on a task. Returns the number of processes that have.
    pub(super) fn lose(&mut self, task: TaskId) -> u32 {
        let losses = self.losses.entry(task).or_default();
        *losses += 1;
        *losses
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
    pub(super) fn put_back(&self, task: TaskId) {
        if let Some(queue) = &self.queue {
            // The receiver lives at least as long as this.
            _ = queue.send(task);
        }
    }

    /// Returns the end of the run, once its workers have ended.
    pub(super) fn end(&self) -> End {
        self.given_up.clone().unwrap_or(End::Finished)
    }

    fn learn(&mut self, task: TaskId, extent: Extent, report: &Report) {
        // A task that was started before the number last rose may have seen an older state.
        let is_news = self.begun.remove(&task) == Some(self.rises);
        let (tasks, may_shrink) = match extent {
            Extent::Unknown => return,
            Extent::AtLeast(tasks) => (tasks, false),
            Extent::PerhapsMore { first } => {
                let repeats = self.first.replace(first) == Some(first);
                // The next task is only a guess; if it has been queued already, its own result decides.
                let is_last = task.0 == self.queued;
                (task.0 + u32::from(is_last && !repeats), false)
            }
            Extent::Exactly(tasks) => (tasks, is_news),
            Extent::AtMost(tasks) => {
                self.most = self.most.min(tasks);
                (tasks.min(self.end), true)
            }
        };
        if tasks >= task.0 {
            self.found = self.found.max(task.0);
        }
        // If tasks contradict each other, one that is proven to exist is kept.
        let tasks = tasks.min(self.most).max(self.found).min(MOST_TASKS);
        if tasks > self.end {
            self.rises += 1;
            self.extend(tasks, report);
        } else if tasks < self.end && may_shrink {
            self.expect(tasks, report);
        }
    }

    /// Raises the number of tasks, and queues those that were not queued yet or were dropped.
    fn extend(&mut self, tasks: u32, report: &Report) {
        self.expect(tasks, report);
        let back: Vec<TaskId> = self.dropped.extract_if(.., |task| task.0 <= tasks).collect();
        for task in back.into_iter().chain((self.queued + 1..=tasks).map(TaskId)) {
            self.open += 1;
            self.put_back(task);
        }
        self.queued = self.queued.max(tasks);
    }

    /// Sets and reports the number of tasks.
    fn expect(&mut self, tasks: u32, report: &Report) {
        self.end = tasks;
        report.send(Kind::Queued { tasks });
    }

    /// Records that a task is neither in the queue nor in progress any more.
    fn settle(&mut self) {
        self.open -= 1;
        self.close_if_done();
    }

    fn close_if_done(&mut self) {
        if self.open == 0 {
            self.queue = None;
        }
    }
}
