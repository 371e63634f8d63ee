//! Runs as the engine could report them: random, but every event in its place.

use std::collections::VecDeque;
use std::sync::Arc;

use proptest::prelude::*;
use threadline::model::{
    ChangeReason, Completion, ComputeSpec, Event, EventKind, Failure, FailureKind, Follower,
    LaneId, LimitKind, Mode, Nanos, Plan, Product, Quota, ReachedLimit, ResponseSummary,
    RunOutcome, State, Target, TaskId, TaskOutcome, WorkSpec, Workload,
};

/// A run's plan, what happened in it, and what is to come of it.
#[derive(Clone, Debug)]
pub(crate) struct EventHistory {
    pub(crate) plan: Plan,
    pub(crate) history_steps: Vec<HistoryStep>,
}

/// An event, and how things stand after it.
#[derive(Clone, Debug)]
pub(crate) struct HistoryStep {
    pub(crate) event: Event,
    pub(crate) in_flight: u32,
    pub(crate) queued: u32,
    pub(crate) handed_out: usize,
    pub(crate) unqueued: u32,
}

/// Any run of up to 6 workers and 40 tasks: pages or CPU work, from a queue with a bound or without.
pub(crate) fn event_history() -> impl Strategy<Value = EventHistory> {
    let moves = prop::collection::vec((any::<u16>(), 0..2_000_u64, any::<u8>()), 0..200);
    let queue = prop::option::of(1..=8_u32);
    (1..=6_u16, 0..=40_u32, queue, any::<bool>(), moves).prop_map(|told| {
        let (workers, tasks, queue, computes, moves) = told;
        let plan = if computes { cpu_plan(workers, tasks) } else { plan(workers, tasks) };
        let mut generator = HistoryGenerator::new(Plan { queue, ..plan });
        for (lane, pause, what) in moves {
            generator.now += pause;
            generator.step(usize::from(lane % workers), what);
        }
        generator.end()
    })
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

/// What CPU work came to.
pub(crate) fn value(value: u64) -> TaskOutcome {
    TaskOutcome::Done(Completion { response: None, product: Product::Value(value) })
}

/// A page with so many followers, numbered after the page: more than three reach into the next.
pub(crate) fn page(task: TaskId, followers: u8) -> TaskOutcome {
    let follower = |place: u8| Follower {
        id: u64::from(task.0) * 3 + u64::from(place),
        login: format!("user-{}-{place}", task.0).into(),
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

/// Makes a run up, event after event, as a pool would live it.
struct HistoryGenerator {
    plan: Plan,
    now: u64,
    /// What found no room in the queue yet.
    backlog: VecDeque<TaskId>,
    put: u32,
    queue: VecDeque<TaskId>,
    known: u32,
    working: Vec<Option<TaskId>>,
    held: Vec<bool>,
    history_steps: Vec<HistoryStep>,
}

impl HistoryGenerator {
    fn new(plan: Plan) -> Self {
        let workers = usize::from(plan.workers);
        let (working, held) = (vec![None; workers], vec![false; workers]);
        let mut generator = Self {
            plan: plan.clone(),
            now: 0,
            backlog: VecDeque::new(),
            put: 0,
            queue: VecDeque::new(),
            known: 0,
            working,
            held,
            history_steps: Vec::new(),
        };
        generator.add(plan.tasks);
        generator.emit(0, EventKind::RunStarted { plan });
        generator.learn(0);
        generator
    }

    /// Puts tasks into the queue as far as it has room.
    fn fill(&mut self) {
        let Some(most) = self.plan.queue else {
            self.queue.append(&mut self.backlog);
            return;
        };
        while self.queue.len() < most as usize
            && let Some(task) = self.backlog.pop_front()
        {
            self.queue.push_back(task);
            self.put += 1;
            self.emit(0, EventKind::TaskEnqueued { tasks: self.put });
        }
    }

    fn emit(&mut self, lane: usize, kind: EventKind) {
        let event = Event { at: Nanos(self.now), lane: LaneId(lane as u16), kind };
        let requests =
            self.working.iter().zip(&self.held).filter(|(task, held)| task.is_some() && !**held);
        let in_flight = requests.count() as u32;
        let [queued, unqueued] = [&self.queue, &self.backlog].map(|tasks| tasks.len() as u32);
        let handed_out = self.working.iter().flatten().count();
        self.history_steps.push(HistoryStep { event, in_flight, queued, handed_out, unqueued });
    }

    /// Something that can happen on a lane now, chosen by `what`.
    fn step(&mut self, lane: usize, what: u8) {
        match self.working[lane] {
            None => self.take(lane),
            Some(task) if self.held[lane] && what.is_multiple_of(2) => {
                self.held[lane] = false;
                self.emit(lane, EventKind::TaskRetried { task });
            }
            Some(_) if self.held[lane] && !what.is_multiple_of(5) => {}
            Some(task) if what % 16 == 11 && !self.held[lane] => {
                self.held[lane] = true;
                let kind = if what > 99 { FailureKind::RateLimited } else { FailureKind::TimedOut };
                let (failure, retry_at) = (failure(kind), Nanos(self.now + 500));
                self.emit(lane, EventKind::AttemptFailed { task, failure, retry_at });
            }
            Some(task) if self.held[lane] && what % 3 == 1 => self.lose(lane, task),
            Some(task) if self.held[lane] => self.finish(lane, self.outcome(task, what % 2)),
            Some(task) if what % 16 == 6 => self.lose(lane, task),
            Some(_) if what == 5 => {
                self.emit(lane, EventKind::ProcessStarted { pid: 7_000 + lane as u32 });
            }
            Some(_) if what == 7 => self.learn(u32::from(what)),
            Some(task) if what.is_multiple_of(4) => self.finish(lane, self.outcome(task, what / 4)),
            Some(_) if what == 9 => {
                let quota = Quota { limit: 60, remaining: 9, reset: 1_700_000_000 };
                self.emit(lane, EventKind::QuotaReported(quota));
            }
            Some(_) if what == 13 => {
                let until = Nanos(self.now + 60);
                let (kind, until_utc) = (LimitKind::Secondary, 1_700_000_000);
                self.emit(lane, EventKind::RateLimited(ReachedLimit { kind, until, until_utc }));
                self.emit(
                    lane,
                    EventKind::ConcurrencyChanged { in_flight: 2, reason: ChangeReason::RateLimit },
                );
            }
            Some(_) => {
                // A lane with a task is never idle; every other state may follow every other one.
                let state = State::ALL[1 + usize::from(what) % (State::ALL.len() - 1)];
                self.emit(lane, EventKind::StateEntered { state });
            }
        }
    }

    fn take(&mut self, lane: usize) {
        if let Some(task) = self.queue.pop_front() {
            self.working[lane] = Some(task);
            self.emit(lane, EventKind::TaskStarted { task });
            self.fill();
        }
    }

    /// The worker process dies: somebody does the task again.
    fn lose(&mut self, lane: usize, task: TaskId) {
        let back = if self.plan.queue.is_some() { &mut self.backlog } else { &mut self.queue };
        back.push_back(task);
        self.finish(lane, TaskOutcome::Requeued(failure(FailureKind::Worker)));
        self.fill();
    }

    fn finish(&mut self, lane: usize, outcome: TaskOutcome) {
        let task = self.working[lane].take().unwrap();
        self.held[lane] = false;
        self.emit(lane, EventKind::TaskFinished { task, outcome });
    }

    fn outcome(&self, task: TaskId, what: u8) -> TaskOutcome {
        match what % 8 {
            0 => TaskOutcome::Failed(failure(FailureKind::Unreachable)),
            1 => TaskOutcome::Stopped,
            _ if self.plan.workload() == Workload::Cpu => value(u64::from(what) << 40),
            followers => page(task, followers - 2),
        }
    }

    /// More tasks come to light.
    fn learn(&mut self, more: u32) {
        self.add(more);
        self.emit(0, EventKind::TaskCountChanged { tasks: self.known });
        self.fill();
    }

    fn add(&mut self, more: u32) {
        let new = (self.known + 1..=self.known + more).map(TaskId);
        let place = if self.plan.queue.is_some() { &mut self.backlog } else { &mut self.queue };
        place.extend(new);
        self.known += more;
    }

    fn end(mut self) -> EventHistory {
        for lane in 0..self.working.len() {
            if self.working[lane].is_some() {
                self.now += 1;
                self.finish(lane, TaskOutcome::Stopped);
            }
        }
        let outcome = match self.history_steps.len() % 3 {
            0 => RunOutcome::Finished,
            1 => RunOutcome::Stopped,
            _ => RunOutcome::Failed(failure(FailureKind::Server)),
        };
        self.emit(0, EventKind::RunFinished { outcome });
        EventHistory { plan: self.plan, history_steps: self.history_steps }
    }
}
