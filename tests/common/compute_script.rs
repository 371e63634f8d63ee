//! Fabricates the events of runs of CPU work and of commands, to the microsecond: on two cores,
//! with or without a GIL, in threads or in processes.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, Mode, Nanos, Plan, Product,
    RunOutcome, State, TaskId, TaskOutcome, WorkSpec, Workload,
};

use super::scenario::Scenario;

/// The number of cores of the fabricated machine.
pub(crate) const CORES: u16 = 2;

/// The PID of the first worker process.
const FIRST_PID: u32 = 4_001;

/// The time that a worker process takes to start, and the time to hand a task to it or back, in
/// microseconds.
const START: u64 = 18_000;
const HAND_OVER: u64 = 400;

/// The time between the starts of two workers, in microseconds.
const STAGGER: u64 = 200;

/// The commands: their text, their duration in milliseconds, and whether they succeed.
pub(crate) const COMMANDS: [(&str, u64, bool); 6] = [
    ("cargo test model", 820, true),
    ("cargo test engine", 1_240, true),
    ("cargo clippy", 640, true),
    ("cargo doc", 910, false),
    ("cargo fmt --check", 180, true),
    ("cargo build --release", 1_560, true),
];

/// A part of a task, spent in one state.
#[derive(Clone, Copy)]
struct TaskPart {
    state: State,
    /// The duration in microseconds.
    duration: u64,
    /// `true` if the part needs the GIL in a run that has one.
    needs_gil: bool,
}

/// Returns the events of a run of `plan`, in order.
pub(super) fn events(scenario: &Scenario, plan: &Plan) -> VecDeque<Event> {
    let mut script = ComputeScript {
        scenario,
        plan,
        events: Vec::new(),
        next: 1,
        requeued: None,
        next_pid: FIRST_PID,
    };
    plan.opening().for_each(|(lane, kind)| script.emit(lane.0.into(), 0, kind));
    script.emit(0, 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    if plan.mode == Mode::Gil {
        script.run_under_gil();
    } else {
        script.run_without_gil();
    }
    let end = script.events.iter().map(|event| event.at.0 / 1_000).max().unwrap_or(0);
    script.emit(
        0,
        end,
        EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
    );
    script.events.sort_by_key(|event| event.at);
    script.events.into()
}

/// Builds the events of one run; times are in microseconds.
struct ComputeScript<'scenario> {
    scenario: &'scenario Scenario,
    plan: &'scenario Plan,
    events: Vec<Event>,
    /// The next task in the queue.
    next: u32,
    /// The task of a worker process that was killed, and the time: from then on it precedes the
    /// queue.
    requeued: Option<(u32, u64)>,
    next_pid: u32,
}

impl ComputeScript<'_> {
    fn emit(&mut self, lane: usize, at: u64, kind: EventKind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane: LaneId(lane as u16), kind });
    }

    fn enter(&mut self, lane: usize, at: u64, state: State) {
        self.emit(lane, at, EventKind::StateEntered { state });
    }

    /// Gives the next task to a worker; returns `None` if no task is left.
    fn take_task(&mut self, lane: usize, at: u64) -> Option<u32> {
        if let Some((task, _)) = self.requeued.take_if(|(_, since)| *since <= at) {
            self.emit(lane, at, EventKind::TaskStarted { task: TaskId(task) });
            return Some(task);
        }
        let task = self.next;
        if task > self.plan.tasks {
            return None;
        }
        self.next += 1;
        self.emit(lane, at, EventKind::TaskStarted { task: TaskId(task) });
        Some(task)
    }

    fn finish(&mut self, lane: usize, at: u64, task: u32) {
        let product = match self.plan.workload() {
            Workload::Commands => Product::Success,
            _ if self.scenario.wrong == Some((self.plan.mode, task)) => Product::Value(0),
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

    /// Returns the parts of a task, in order.
    fn parts(&self, task: u32) -> VecDeque<TaskPart> {
        let compute = self.plan.work.compute().copied().unwrap_or_default();
        let size = compute.size.0 / 1_000;
        let part = |state, duration, needs_gil| TaskPart { state, duration, needs_gil };
        let parts = match self.plan.work {
            WorkSpec::Native(_) => vec![
                part(State::Computing, size / 100, true),
                part(State::Native, size * 98 / 100, false),
                part(State::Computing, size / 100, true),
            ],
            WorkSpec::Mixed(_) => {
                let wait = size * (100 - u64::from(compute.share)) / 100;
                vec![
                    part(State::Waiting, wait - 8_000, false),
                    part(State::Receiving, 8_000, false),
                    part(State::Computing, size - wait, true),
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

    /// Returns the duration of a part, which is longer if workers share a core.
    fn actual_duration(&self, part: TaskPart) -> u64 {
        let computes = matches!(part.state, State::Computing | State::Native);
        let sharing = match self.plan.workload() {
            Workload::Cpu | Workload::Native if computes => self.plan.workers.div_ceil(CORES),
            _ => 1,
        };
        part.duration * u64::from(sharing)
    }

    /// Gives each task to the worker that is free first; no worker waits for another.
    fn run_without_gil(&mut self) {
        let processes = self.plan.mode == Mode::Processes;
        let mut free = Vec::new();
        for lane in 0..usize::from(self.plan.workers) {
            let at = lane as u64 * STAGGER;
            free.push(if processes { self.start_process(lane, at) } else { at });
        }
        let mut lost = self.scenario.lost.filter(|_| processes);
        loop {
            let (lane, &at) =
                free.iter().enumerate().min_by_key(|&(lane, at)| (at, lane)).expect("a worker");
            let Some(task) = self.take_task(lane, at) else {
                let Some((_, since)) = self.requeued else { break };
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
                now += self.actual_duration(part);
            }
            if lost == Some(task) {
                lost = None;
                free[lane] = self.kill_worker(lane, u64::midpoint(at, now), task);
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

    /// Starts a worker process; returns the time at which it is ready.
    fn start_process(&mut self, lane: usize, at: u64) -> u64 {
        self.enter(lane, at, State::Starting);
        self.emit(lane, at + START, EventKind::ProcessStarted { pid: self.next_pid });
        self.enter(lane, at + START, State::Idle);
        self.next_pid += 1;
        at + START
    }

    /// Kills a worker process and requeues its task; returns the time at which the lane's next
    /// process is ready.
    fn kill_worker(&mut self, lane: usize, at: u64, task: u32) -> u64 {
        self.events.retain(|event| event.lane.0 != lane as u16 || event.at.0 < at * 1_000);
        let message = format!("worker process {} was killed by signal 9", FIRST_PID + lane as u32);
        let failure = Failure::new(FailureKind::Worker, message);
        self.emit(
            lane,
            at,
            EventKind::TaskFinished { task: TaskId(task), outcome: TaskOutcome::Requeued(failure) },
        );
        self.requeued = Some((task, at));
        self.start_process(lane, at)
    }

    /// Runs the threads under a GIL: a waiting thread gets it after one switch interval.
    fn run_under_gil(&mut self) {
        let interval = self.plan.work.compute().map_or(5_000, |one| one.switch_interval.0 / 1_000);
        let workers = usize::from(self.plan.workers);
        let mut gil = GilState {
            outside: (0..workers).map(|lane| Reverse((lane as u64 * STAGGER, lane))).collect(),
            waiting: VecDeque::new(),
            tasks: vec![None; workers],
            parts: vec![VecDeque::new(); workers],
        };
        let (mut now, mut holder): (u64, Option<(usize, u64)>) = (0, None);
        loop {
            while let Some(&Reverse((at, lane))) =
                gil.outside.peek().filter(|outside| outside.0.0 <= now)
            {
                gil.outside.pop();
                self.enter(lane, at, State::LockWait);
                gil.waiting.push_back((lane, at));
            }
            let Some((lane, since)) = holder else {
                let next = gil.waiting.pop_front().map(|(lane, _)| lane);
                match (next, gil.outside.peek()) {
                    (Some(lane), _) => {
                        holder = self.acquire_gil(lane, now, &mut gil).map(|l| (l, now));
                    }
                    (None, Some(&Reverse((at, _)))) => now = at,
                    (None, None) => return,
                }
                continue;
            };
            let part = gil.parts[lane].front_mut().expect("a part under the GIL");
            let switch_at = gil.waiting.front().map(|&(_, start)| start.max(since) + interval);
            let next_wait = gil.outside.peek().map(|outside| outside.0.0);
            let end = now + part.duration;
            let until = switch_at.into_iter().chain(next_wait).fold(end, u64::min).max(now);
            part.duration -= until - now;
            now = until;
            if part.duration == 0 {
                gil.parts[lane].pop_front();
                if !self.advance_holder(lane, now, &mut gil) {
                    holder = None;
                }
            } else if switch_at == Some(now) {
                self.enter(lane, now, State::LockWait);
                gil.waiting.push_back((lane, now));
                holder = None;
            }
        }
    }

    /// Gives the GIL to a lane; returns the lane, or `None` if the lane releases the GIL at once.
    fn acquire_gil(&mut self, lane: usize, now: u64, gil: &mut GilState) -> Option<usize> {
        self.enter(lane, now, State::Computing);
        let keeps_gil = !gil.parts[lane].is_empty() || self.advance_holder(lane, now, gil);
        keeps_gil.then_some(lane)
    }

    /// Advances the lane that has the GIL to its next part, over those that do not need the GIL;
    /// returns whether it keeps the GIL.
    fn advance_holder(&mut self, lane: usize, now: u64, gil: &mut GilState) -> bool {
        if gil.parts[lane].is_empty() {
            if let Some(task) = gil.tasks[lane].take() {
                self.finish(lane, now, task);
            }
            gil.tasks[lane] = self.take_task(lane, now);
            let Some(task) = gil.tasks[lane] else {
                self.enter(lane, now, State::Idle);
                return false;
            };
            gil.parts[lane] = self.parts(task);
        }
        let mut at = now;
        while let Some(part) = gil.parts[lane].front().copied().filter(|part| !part.needs_gil) {
            self.enter(lane, at, part.state);
            at += self.actual_duration(part);
            gil.parts[lane].pop_front();
        }
        if at > now {
            gil.outside.push(Reverse((at, lane)));
        }
        at == now
    }
}

/// The lanes' states under the GIL.
struct GilState {
    /// The lanes that do not need the GIL, with the times at which they will.
    outside: BinaryHeap<Reverse<(u64, usize)>>,
    /// The lanes that wait for the GIL, with the start of each wait.
    waiting: VecDeque<(usize, u64)>,
    /// Each lane's task, and the parts left of it.
    tasks: Vec<Option<u32>>,
    parts: Vec<VecDeque<TaskPart>>,
}
