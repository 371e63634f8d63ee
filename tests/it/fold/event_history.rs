//! Random event histories that an engine could report, with the expected counts after each event.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;
use threadline::model::{
    ChangeReason, Completion, ComputeSpec, Event, EventKind, Failure, FailureKind, Follower,
    LaneId, LimitKind, Mode, Nanos, Plan, Product, Quota, ReachedLimit, ResponseSummary,
    RunOutcome, State, Target, TaskId, TaskOutcome, WorkSpec, Workload,
};

/// The plan and the events of a run.
#[derive(Clone, Debug)]
pub(crate) struct EventHistory {
    pub(crate) plan: Plan,
    pub(crate) steps: Vec<HistoryStep>,
}

/// An event, and the expected counts after it.
#[derive(Clone, Debug)]
pub(crate) struct HistoryStep {
    pub(crate) event: Event,
    pub(crate) in_flight: u32,
    pub(crate) queued: u32,
    pub(crate) tasks_in_work: usize,
}

/// Runs of up to 6 workers and 40 tasks, with pages or CPU work.
pub(crate) fn event_history() -> impl Strategy<Value = EventHistory> {
    let choices = prop::collection::vec((any::<u16>(), 0..2_000_u64, any::<u8>()), 0..200);
    (1..=6_u16, 0..=40_u32, any::<bool>(), choices).prop_map(
        |(workers, tasks, computes, choices)| {
            let plan = if computes { cpu_plan(workers, tasks) } else { plan(workers, tasks) };
            let mut generator = HistoryGenerator::new(plan);
            for (lane, pause, choice) in choices {
                generator.now += pause;
                generator.step(usize::from(lane % workers), choice);
            }
            generator.into_history()
        },
    )
}

pub(crate) fn plan(workers: u16, tasks: u32) -> Plan {
    let target = Target {
        user: "octocat".to_owned(),
        api: "nowhere".to_owned(),
        per_page: 30,
        costs_quota: false,
    };
    Plan::new(WorkSpec::Followers(target), Mode::Threads, workers, tasks)
}

/// CPU work in worker processes.
pub(crate) fn cpu_plan(workers: u16, tasks: u32) -> Plan {
    Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Processes, workers, tasks)
}

/// The outcome of a CPU task with this value.
pub(crate) fn value_outcome(value: u64) -> TaskOutcome {
    TaskOutcome::Done(Completion { response: None, product: Product::Value(value) })
}

/// The outcome of a page with this number of followers. Their IDs begin at three times the page, so
/// a page with more than three overlaps the next.
pub(crate) fn page_outcome(task: TaskId, followers: u8) -> TaskOutcome {
    let follower = |index: u8| Follower {
        id: u64::from(task.0) * 3 + u64::from(index),
        login: format!("user-{}-{index}", task.0).into(),
        html_url: "https://github.com/user".into(),
    };
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary {
            status: 200,
            bytes: 1_000 + u64::from(followers),
            connected: followers.is_multiple_of(2),
        }),
        product: Product::Followers(Arc::new((0..followers).map(follower).collect())),
    })
}

pub(crate) fn failure(kind: FailureKind) -> Failure {
    Failure::new(kind, "it went wrong: try again")
}

/// Generates the events of a run as the worker pool would send them.
struct HistoryGenerator {
    plan: Plan,
    now: u64,
    queue: VecDeque<TaskId>,
    task_count: u32,
    lane_tasks: Vec<Option<TaskId>>,
    awaiting_retry: Vec<bool>,
    steps: Vec<HistoryStep>,
}

impl HistoryGenerator {
    fn new(plan: Plan) -> Self {
        let workers = usize::from(plan.workers);
        let (lane_tasks, awaiting_retry) = (vec![None; workers], vec![false; workers]);
        let mut generator = Self {
            plan: plan.clone(),
            now: 0,
            queue: VecDeque::new(),
            task_count: 0,
            lane_tasks,
            awaiting_retry,
            steps: Vec::new(),
        };
        generator.append_tasks(plan.tasks);
        generator.emit(0, EventKind::RunStarted { plan });
        generator.discover_tasks(0);
        generator
    }

    fn emit(&mut self, lane: usize, kind: EventKind) {
        let event = Event { at: Nanos(self.now), lane: LaneId(lane as u16), kind };
        let requests = self
            .lane_tasks
            .iter()
            .zip(&self.awaiting_retry)
            .filter(|(task, awaiting_retry)| task.is_some() && !**awaiting_retry);
        let in_flight = requests.count() as u32;
        let queued = self.queue.len() as u32;
        let tasks_in_work = self.lane_tasks.iter().flatten().count();
        self.steps.push(HistoryStep { event, in_flight, queued, tasks_in_work });
    }

    /// Emits an event that is valid for the lane now, selected by `choice`.
    fn step(&mut self, lane: usize, choice: u8) {
        match self.lane_tasks[lane] {
            None => self.take_task(lane),
            Some(task) if self.awaiting_retry[lane] && choice.is_multiple_of(2) => {
                self.awaiting_retry[lane] = false;
                self.emit(lane, EventKind::TaskRetried { task });
            }
            Some(_) if self.awaiting_retry[lane] && !choice.is_multiple_of(5) => {}
            Some(task) if choice % 16 == 11 && !self.awaiting_retry[lane] => {
                self.awaiting_retry[lane] = true;
                let kind =
                    if choice > 99 { FailureKind::RateLimited } else { FailureKind::TimedOut };
                let (failure, retry_at) = (failure(kind), Nanos(self.now + 500));
                self.emit(lane, EventKind::AttemptFailed { task, failure, retry_at });
            }
            Some(task) if self.awaiting_retry[lane] && choice % 3 == 1 => {
                self.requeue_task(lane, task);
            }
            Some(task) if self.awaiting_retry[lane] => {
                self.finish_task(lane, self.outcome(task, choice % 2));
            }
            Some(task) if choice % 16 == 6 => self.requeue_task(lane, task),
            Some(_) if choice == 5 => {
                self.emit(lane, EventKind::ProcessStarted { pid: 7_000 + lane as u32 });
            }
            Some(_) if choice == 7 => self.discover_tasks(u32::from(choice)),
            Some(task) if choice.is_multiple_of(4) => {
                self.finish_task(lane, self.outcome(task, choice / 4));
            }
            Some(_) if choice == 9 => {
                let quota = Quota { limit: 60, remaining: 9, reset: 1_700_000_000 };
                self.emit(lane, EventKind::QuotaReported(quota));
            }
            Some(_) if choice == 13 => {
                let until = Nanos(self.now + 60);
                let (kind, until_utc) = (LimitKind::Secondary, 1_700_000_000);
                self.emit(lane, EventKind::RateLimited(ReachedLimit { kind, until, until_utc }));
                self.emit(
                    lane,
                    EventKind::ConcurrencyChanged { in_flight: 2, reason: ChangeReason::RateLimit },
                );
            }
            Some(_) => {
                // A lane with a task is busy; any such state may follow any state.
                let mut busy = State::ALL.into_iter().filter(|state| state.is_busy()).cycle();
                let state = busy.nth(choice.into()).unwrap();
                self.emit(lane, EventKind::StateEntered { state });
            }
        }
    }

    fn take_task(&mut self, lane: usize) {
        if let Some(task) = self.queue.pop_front() {
            self.lane_tasks[lane] = Some(task);
            self.emit(lane, EventKind::TaskStarted { task });
        }
    }

    /// Emits the death of the worker process, and requeues its task.
    fn requeue_task(&mut self, lane: usize, task: TaskId) {
        self.queue.push_back(task);
        self.finish_task(lane, TaskOutcome::Requeued(failure(FailureKind::Worker)));
    }

    fn finish_task(&mut self, lane: usize, outcome: TaskOutcome) {
        let task = self.lane_tasks[lane].take().unwrap();
        self.awaiting_retry[lane] = false;
        self.emit(lane, EventKind::TaskFinished { task, outcome });
    }

    fn outcome(&self, task: TaskId, choice: u8) -> TaskOutcome {
        match choice % 8 {
            0 => TaskOutcome::Failed(failure(FailureKind::Unreachable)),
            1 => TaskOutcome::Stopped,
            _ if self.plan.workload() == Workload::Cpu => value_outcome(u64::from(choice) << 40),
            followers => page_outcome(task, followers - 2),
        }
    }

    /// Adds tasks, and emits the new count.
    fn discover_tasks(&mut self, count: u32) {
        self.append_tasks(count);
        self.emit(0, EventKind::TaskCountChanged { tasks: self.task_count });
    }

    fn append_tasks(&mut self, count: u32) {
        let new = (self.task_count + 1..=self.task_count + count).map(TaskId);
        self.queue.extend(new);
        self.task_count += count;
    }

    fn into_history(mut self) -> EventHistory {
        for lane in 0..self.lane_tasks.len() {
            if self.lane_tasks[lane].is_some() {
                self.now += 1;
                self.finish_task(lane, TaskOutcome::Stopped);
            }
        }
        let outcome = match self.steps.len() % 3 {
            0 => RunOutcome::Finished,
            1 => RunOutcome::Stopped,
            _ => RunOutcome::Failed(failure(FailureKind::Server)),
        };
        self.emit(0, EventKind::RunFinished { outcome, machine_load: None });
        EventHistory { plan: self.plan, steps: self.steps }
    }
}
