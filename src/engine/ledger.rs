//! The books of a run: which tasks there are, how many are still to be done, and why it ends.

use std::collections::HashMap;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::task::{Extent, Report};
use crate::model::plan::MOST_TASKS;
use crate::model::{End, Kind, TaskId};

/// What the workers of a run know together. Each keeps it up to date before it takes its next task,
/// so that a task found not to exist is not begun.
#[derive(Debug)]
pub(super) struct Ledger {
    /// Where the workers take tasks from; closed, to let them go, by setting it to nothing.
    queue: Option<Sender<TaskId>>,
    /// Tasks 1 to this number exist, as far as is known.
    end: u32,
    /// The highest task that showed itself to exist.
    found: u32,
    /// No task above this number can be had, whatever is said.
    most: u32,
    /// Tasks 1 to this number were put into the queue.
    queued: u32,
    /// Of these, those that were left undone because they did not seem to exist.
    dropped: Vec<TaskId>,
    /// What the last task that may have more after it began with.
    first: Option<u64>,
    /// Tasks in the queue and in work.
    open: u32,
    /// How often more tasks have come to light.
    rises: u32,
    /// How often they had when each task in work was begun.
    begun: HashMap<TaskId, u32>,
    /// How many worker processes died over a task.
    losses: HashMap<TaskId, u32>,
    /// Lanes that take tasks.
    lanes: u16,
    /// Why the run ends before all is done.
    given_up: Option<End>,
}

impl Ledger {
    /// Books without a task, and the queue that they fill.
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

    /// The run begins with so many tasks.
    pub(super) fn begin(&mut self, tasks: u32, report: &Report) {
        self.extend(tasks.min(MOST_TASKS), report);
        self.close_if_done();
    }

    /// Whether a task from the queue is to be done.
    pub(super) fn admits(&mut self, task: TaskId) -> bool {
        if task.0 > self.end {
            self.dropped.push(task);
            self.settle();
            return false;
        }
        self.begun.insert(task, self.rises);
        self.given_up.is_none()
    }

    /// A task was tried, and told how many there are.
    pub(super) fn tried(&mut self, task: TaskId, extent: Extent, report: &Report) {
        self.learn(task, extent, report);
        self.settle();
    }

    /// The run ends here: no task is begun any more.
    pub(super) fn give_up(&mut self, end: End) {
        self.given_up.get_or_insert(end);
        self.queue = None;
    }

    /// Another worker process died over a task: returns how many did so far.
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

    /// Records that a lane takes no more tasks, unless it is the last one. Returns whether it was
    /// not.
    pub(super) const fn withdraw_lane(&mut self) -> bool {
        let others = !self.has_one_lane();
        self.lanes -= others as u16;
        others
    }

    /// Returns whether no more than one lane takes tasks.
    pub(super) const fn has_one_lane(&self) -> bool {
        self.lanes <= 1
    }

    /// Whether no task is to be had any more.
    pub(super) const fn is_closed(&self) -> bool {
        self.queue.is_none()
    }

    /// Puts a task that a worker left undone back into the queue.
    pub(super) fn put_back(&self, task: TaskId) {
        if let Some(queue) = &self.queue {
            // Whoever has the ledger has the queue's other end, too.
            _ = queue.send(task);
        }
    }

    /// How the run ended, once its workers are gone.
    pub(super) fn end(&self) -> End {
        self.given_up.clone().unwrap_or(End::Finished)
    }

    fn learn(&mut self, task: TaskId, extent: Extent, report: &Report) {
        // What a task saw that was begun before more came to light may be older than that.
        let is_news = self.begun.remove(&task) == Some(self.rises);
        let (tasks, may_shrink) = match extent {
            Extent::Unknown => return,
            Extent::AtLeast(tasks) => (tasks, false),
            Extent::PerhapsMore { first } => {
                let repeats = self.first.replace(first) == Some(first);
                // The next one is only a guess: where it was in the queue already, others know better.
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
        // Where tasks contradict each other, one that showed itself to exist is not taken back.
        let tasks = tasks.min(self.most).max(self.found).min(MOST_TASKS);
        if tasks > self.end {
            self.rises += 1;
            self.extend(tasks, report);
        } else if tasks < self.end && may_shrink {
            self.expect(tasks, report);
        }
    }

    /// Tasks up to this number exist: those that were not queued yet, and those that were dropped,
    /// are put into the queue.
    fn extend(&mut self, tasks: u32, report: &Report) {
        self.expect(tasks, report);
        let back: Vec<TaskId> = self.dropped.extract_if(.., |task| task.0 <= tasks).collect();
        for task in back.into_iter().chain((self.queued + 1..=tasks).map(TaskId)) {
            self.open += 1;
            self.put_back(task);
        }
        self.queued = self.queued.max(tasks);
    }

    /// Tasks up to this number exist, and none above.
    fn expect(&mut self, tasks: u32, report: &Report) {
        self.end = tasks;
        report.send(Kind::Queued { tasks });
    }

    /// A task is neither in the queue nor in work any more.
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
