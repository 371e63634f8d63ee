//! What happens in fabricated runs of CPU work and of commands, to the microsecond: on two cores, with
//! one GIL or without, in threads or processes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, Mode, Nanos, Plan, Product,
    RunOutcome, State, TaskId, TaskOutcome, WorkSpec, Workload,
};

use super::scenario::Scenario;

/// How many cores the machine has that is not there.
pub(crate) const CORES: u16 = 2;

/// The first worker process's number.
const PID: u32 = 4_001;

/// How long a worker process takes to start, and a task on its way to it or back, in microseconds.
const START: u64 = 18_000;
const HAND_OVER: u64 = 400;

/// How much later each worker starts than the one before, in microseconds.
const STAGGER: u64 = 200;

/// The commands that there are: what, how long it takes in milliseconds, and whether it ends well.
pub(crate) const COMMANDS: [(&str, u64, bool); 6] = [
    ("cargo test model", 820, true),
    ("cargo test engine", 1_240, true),
    ("cargo clippy", 640, true),
    ("cargo doc", 910, false),
    ("cargo fmt --check", 180, true),
    ("cargo build --release", 1_560, true),
];

/// A part of a task.
#[derive(Clone, Copy)]
struct TaskPart {
    state: State,
    /// In microseconds.
    takes: u64,
    /// Whether it needs the GIL, where there is one.
    gil: bool,
}

/// What happens in a run of `plan`, in order.
pub(super) fn events(job: &Scenario, plan: &Plan) -> VecDeque<Event> {
    let mut lab =
        ComputeScript { job, plan, events: Vec::new(), next: 1, returned: None, pid: PID };
    lab.emit(0, 0, EventKind::RunStarted { plan: plan.clone() });
    lab.emit(0, 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    for tasks in 1..=plan.queue.unwrap_or(0).min(plan.tasks) {
        lab.emit(0, 0, EventKind::TaskEnqueued { tasks });
    }
    if plan.mode == Mode::Gil {
        lab.under_the_gil();
    } else {
        lab.side_by_side();
    }
    let end = lab.events.iter().map(|event| event.at.0 / 1_000).max().unwrap_or(0);
    lab.emit(0, end, EventKind::RunFinished { outcome: RunOutcome::Finished });
    lab.events.sort_by_key(|event| event.at);
    lab.events.into()
}

/// The events of one run while they are made up; times in microseconds.
struct ComputeScript<'job> {
    job: &'job Scenario,
    plan: &'job Plan,
    events: Vec<Event>,
    /// The task that is handed out next.
    next: u32,
    /// The task that a worker process died over, and when: it goes before the others from then on.
    returned: Option<(u32, u64)>,
    pid: u32,
}

impl ComputeScript<'_> {
    fn emit(&mut self, lane: usize, at: u64, kind: EventKind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane: LaneId(lane as u16), kind });
    }

    fn enter(&mut self, lane: usize, at: u64, state: State) {
        self.emit(lane, at, EventKind::StateEntered { state });
    }

    /// A worker takes the next task.
    fn take(&mut self, lane: usize, at: u64) -> Option<u32> {
        if let Some((task, _)) = self.returned.take_if(|(_, since)| *since <= at) {
            self.emit(lane, at, EventKind::TaskStarted { task: TaskId(task) });
            return Some(task);
        }
        let task = self.next;
        if task > self.plan.tasks {
            return None;
        }
        self.next += 1;
        self.emit(lane, at, EventKind::TaskStarted { task: TaskId(task) });
        let tasks = task + self.plan.queue.unwrap_or(u32::MAX / 2);
        if tasks <= self.plan.tasks {
            self.emit(lane, at, EventKind::TaskEnqueued { tasks });
        }
        Some(task)
    }

    fn finish(&mut self, lane: usize, at: u64, task: u32) {
        let product = match self.plan.workload() {
            Workload::Commands => Product::Success,
            _ if self.job.wrong == Some((self.plan.mode, task)) => Product::Value(0),
            _ => Product::Value(u64::from(task) + 1),
        };
        let outcome = match COMMANDS.get(task as usize - 1) {
            Some((command, _, false)) if self.plan.workload() == Workload::Commands => {
                let message = format!("`{command}` ended with status 101");
                TaskOutcome::Failed(Failure::new(FailureKind::Command, message))
            }
            _ => TaskOutcome::Done(Completion { response: None, product }),
        };
        self.emit(lane, at, EventKind::TaskFinished { task: TaskId(task), outcome });
    }

    /// What a task is made of.
    fn parts(&self, task: u32) -> VecDeque<TaskPart> {
        let compute = self.plan.work.compute().copied().unwrap_or_default();
        let size = compute.size.0 / 1_000;
        let part = |state, takes, gil| TaskPart { state, takes, gil };
        let parts = match self.plan.work {
            WorkSpec::Native(_) => vec![
                part(State::Computing, size / 100, true),
                part(State::Native, size * 98 / 100, false),
                part(State::Computing, size / 100, true),
            ],
            WorkSpec::Mixed(_) => {
                let waits = size * (100 - u64::from(compute.share)) / 100;
                vec![
                    part(State::Waiting, waits - 8_000, false),
                    part(State::Receiving, 8_000, false),
                    part(State::Computing, size - waits, true),
                ]
            }
            WorkSpec::Commands { .. } => {
                let (_, millis, _) = COMMANDS[task as usize - 1];
                vec![part(State::Running, millis * 1_000, false)]
            }
            _ => vec![part(State::Computing, size, true)],
        };
        parts.into()
    }

    /// How much longer a part takes as the cores are shared.
    fn slowed(&self, part: TaskPart) -> u64 {
        let computes = matches!(part.state, State::Computing | State::Native);
        let shared = match self.plan.workload() {
            Workload::Cpu | Workload::Native if computes => self.plan.workers.div_ceil(CORES),
            _ => 1,
        };
        part.takes * u64::from(shared)
    }

    /// Every task goes to the worker that is free first, and is done without a word to the others.
    fn side_by_side(&mut self) {
        let processes = self.plan.mode == Mode::Processes;
        let mut free = Vec::new();
        for lane in 0..usize::from(self.plan.workers) {
            let at = lane as u64 * STAGGER;
            free.push(if processes { self.start_process(lane, at) } else { at });
        }
        let mut lost = self.job.lost.filter(|_| processes);
        loop {
            let (lane, &at) =
                free.iter().enumerate().min_by_key(|&(lane, at)| (at, lane)).expect("a worker");
            let Some(task) = self.take(lane, at) else {
                let Some((_, since)) = self.returned else { break };
                free[lane] = since;
                continue;
            };
            let mut now = at;
            if processes {
                self.enter(lane, now, State::HandOver);
                now += HAND_OVER;
            }
            for part in self.parts(task) {
                self.enter(lane, now, part.state);
                now += self.slowed(part);
            }
            if lost == Some(task) {
                lost = None;
                free[lane] = self.lose(lane, u64::midpoint(at, now), task);
                continue;
            }
            if processes {
                self.enter(lane, now, State::HandOver);
                now += HAND_OVER;
            }
            self.finish(lane, now, task);
            free[lane] = now;
        }
    }

    /// A worker process starts; returns when it is ready.
    fn start_process(&mut self, lane: usize, at: u64) -> u64 {
        self.enter(lane, at, State::Starting);
        self.emit(lane, at + START, EventKind::ProcessStarted { pid: self.pid });
        self.enter(lane, at + START, State::Idle);
        self.pid += 1;
        at + START
    }

    /// A worker process dies over its task, which another takes next; returns when the lane has a
    /// new one.
    fn lose(&mut self, lane: usize, at: u64, task: u32) -> u64 {
        self.events.retain(|event| event.lane.0 != lane as u16 || event.at.0 < at * 1_000);
        let message = format!("worker process {} was killed by signal 9", PID + lane as u32);
        let failure = Failure::new(FailureKind::Worker, message);
        self.emit(
            lane,
            at,
            EventKind::TaskFinished { task: TaskId(task), outcome: TaskOutcome::Requeued(failure) },
        );
        self.returned = Some((task, at));
        self.start_process(lane, at)
    }

    /// The threads take turns of one switch interval.
    fn under_the_gil(&mut self) {
        let interval = self.plan.work.compute().map_or(5_000, |one| one.switch_interval.0 / 1_000);
        let workers = usize::from(self.plan.workers);
        let mut gil = GilTurns {
            back: (0..workers).map(|lane| Reverse((lane as u64 * STAGGER, lane))).collect(),
            waiting: VecDeque::new(),
            tasks: vec![None; workers],
            parts: vec![VecDeque::new(); workers],
        };
        let (mut now, mut holder): (u64, Option<(usize, u64)>) = (0, None);
        loop {
            while let Some(&Reverse((at, lane))) = gil.back.peek().filter(|back| back.0.0 <= now) {
                gil.back.pop();
                self.enter(lane, at, State::LockWait);
                gil.waiting.push_back((lane, at));
            }
            let Some((lane, since)) = holder else {
                let next = gil.waiting.pop_front().map(|(lane, _)| lane);
                match (next, gil.back.peek()) {
                    (Some(lane), _) => holder = self.hold(lane, now, &mut gil).map(|l| (l, now)),
                    (None, Some(&Reverse((at, _)))) => now = at,
                    (None, None) => return,
                }
                continue;
            };
            let first = gil.parts[lane].front_mut().expect("a part under the GIL");
            let asked = gil.waiting.front().map(|&(_, asked)| asked.max(since) + interval);
            let back = gil.back.peek().map(|back| back.0.0);
            let until = asked.into_iter().chain(back).fold(now + first.takes, u64::min).max(now);
            first.takes -= until - now;
            now = until;
            if first.takes == 0 {
                gil.parts[lane].pop_front();
                if !self.goes_on(lane, now, &mut gil) {
                    holder = None;
                }
            } else if asked == Some(now) {
                self.enter(lane, now, State::LockWait);
                gil.waiting.push_back((lane, now));
                holder = None;
            }
        }
    }

    /// A lane takes the GIL; returns it unless it gives it back at once.
    fn hold(&mut self, lane: usize, now: u64, gil: &mut GilTurns) -> Option<usize> {
        self.enter(lane, now, State::Computing);
        let goes_on = !gil.parts[lane].is_empty() || self.goes_on(lane, now, gil);
        goes_on.then_some(lane)
    }

    /// What a lane does next that has the GIL: returns whether it needs it for that.
    fn goes_on(&mut self, lane: usize, now: u64, gil: &mut GilTurns) -> bool {
        if gil.parts[lane].is_empty() {
            if let Some(task) = gil.tasks[lane].take() {
                self.finish(lane, now, task);
            }
            gil.tasks[lane] = self.take(lane, now);
            let Some(task) = gil.tasks[lane] else {
                self.enter(lane, now, State::Idle);
                return false;
            };
            gil.parts[lane] = self.parts(task);
        }
        let mut at = now;
        while let Some(part) = gil.parts[lane].front().copied().filter(|part| !part.gil) {
            self.enter(lane, at, part.state);
            at += self.slowed(part);
            gil.parts[lane].pop_front();
        }
        if at > now {
            gil.back.push(Reverse((at, lane)));
        }
        at == now
    }
}

/// Who waits for the GIL, and who will.
struct GilTurns {
    /// Those that do without it for a time, by when that ends.
    back: BinaryHeap<Reverse<(u64, usize)>>,
    /// Those that wait, and since when.
    waiting: VecDeque<(usize, u64)>,
    /// Each lane's task, and what is left of it.
    tasks: Vec<Option<u32>>,
    parts: Vec<VecDeque<TaskPart>>,
}
