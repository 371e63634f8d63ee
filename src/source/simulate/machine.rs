//! The simulated machine: its threads, the steps of their tasks, and the events that report them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::cores::{Cores, CpuWork};
use super::gil::{GilTurn, VirtualGil};
use crate::model::{
    CloseReason, Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product,
    Simulation, State, TaskId, TaskOutcome,
};
use crate::source::tasks::compute::TaskParts;

/// The process ID of the first worker process.
const FIRST_PID: u32 = 101;

/// The state of the machine during a run.
#[derive(Debug)]
pub(super) struct Machine {
    now: Nanos,
    cores: Cores,
    /// The GIL, if the threads share one.
    gil: Option<VirtualGil>,
    /// The lanes that pause, by the time at which each continues.
    pauses: BinaryHeap<Reverse<(Nanos, LaneId)>>,
    lanes: Vec<SimulatedLane>,
    steps: Vec<TaskStep>,
    turns: u64,
    tasks: u32,
    /// The number of tasks taken from the queue.
    taken: u32,
    /// Events that were not returned yet.
    events: VecDeque<Event>,
}

/// The state of a worker.
#[derive(Clone, Copy, Debug, Default)]
struct SimulatedLane {
    task: Option<TaskId>,
    stage: LaneStage,
    /// The state last reported.
    state: State,
    /// The CPU work that is left, and its end as returned by [`Cores::run_thread`].
    remaining: CpuWork,
    end: CpuWork,
}

/// The progress of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum LaneStage {
    /// Its process is starting.
    Starting,
    /// It has taken a task, but not started it.
    #[default]
    Holding,
    /// It is at this step of its task.
    At(usize),
}

impl Machine {
    /// Creates the machine at the start of a run of `plan`.
    pub(super) fn new(plan: &Plan, compute: &ComputeSpec, simulation: Simulation) -> Self {
        let mut plan = plan.clone();
        let turns = compute.size.0 / TURN.0;
        if let Some(compute) = plan.work.compute_mut() {
            compute.turns = turns;
        }
        let under_gil = plan.mode == Mode::Gil;
        let mut machine = Self {
            now: Nanos::ZERO,
            cores: Cores::new(simulation.cores),
            gil: under_gil.then(|| VirtualGil::new(compute.switch_interval, simulation.seed)),
            pauses: BinaryHeap::new(),
            lanes: vec![SimulatedLane::default(); plan.workers.into()],
            steps: task_steps(&plan, compute),
            turns,
            tasks: plan.tasks,
            taken: 0,
            events: VecDeque::new(),
        };
        machine.begin_run(&plan);
        machine
    }

    /// Returns the next event, or `None` after the last.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        self.peek()?;
        self.events.pop_front()
    }

    /// The time of the next event, or `None` after the last.
    pub(super) fn peek(&mut self) -> Option<Nanos> {
        while self.events.is_empty() && self.step() {}
        self.events.front().map(|event| event.at)
    }

    /// Advances to the next moment at which something happens. Returns `false` if there is none.
    fn step(&mut self) -> bool {
        let pause = self.pauses.peek().map(|&Reverse((at, _))| at);
        let gil = self.gil.as_ref().and_then(VirtualGil::next_wait_end);
        let Some(now) = [self.cores.next_completion(), pause, gil].into_iter().flatten().min()
        else {
            return false;
        };
        self.now = now;
        self.cores.advance(now);
        if let Some(lane) = self.cores.pop_finished() {
            self.continue_lane(lane);
        } else if pause == Some(now) {
            if let Some(Reverse((_, lane))) = self.pauses.pop() {
                self.continue_lane(lane);
            }
        } else if let Some(turn) = self.gil.as_mut().map(|gil| gil.advance(now)) {
            self.apply_gil_turn(turn);
        }
        true
    }

    fn begin_run(&mut self, plan: &Plan) {
        let (mode, workers) = (plan.mode, plan.workers);
        plan.opening().for_each(|(lane, kind)| self.push_event(lane, kind));
        self.push_event(LaneId(0), EventKind::TaskCountChanged { tasks: self.tasks });
        // The pool does the same, so that the first lane begins with the first task.
        for lane in (0..workers).map(LaneId) {
            self.take_task(lane);
        }
        for lane in (0..workers).map(LaneId) {
            if mode == Mode::Processes {
                self.set_stage(lane, LaneStage::Starting);
                self.enter_state(lane, State::Starting);
                self.run_on_cores(lane, CpuWork::from_core_time(START_UP));
            } else {
                self.start_task(lane);
            }
        }
    }

    /// Lets a lane take a task from the queue, if one is left.
    fn take_task(&mut self, lane: LaneId) {
        let task = (self.taken < self.tasks).then(|| {
            self.taken += 1;
            TaskId(self.taken)
        });
        if let Some(lane) = self.lane(lane) {
            (lane.task, lane.stage) = (task, LaneStage::Holding);
        }
    }

    /// Starts the task of a lane once the lane has the GIL, which even the start needs.
    fn start_task(&mut self, lane: LaneId) {
        let Some(task) = self.lanes.get(usize::from(lane.0)).and_then(|lane| lane.task) else {
            self.release_gil(lane);
            let reason = CloseReason::Finished;
            return self.push_event(lane, EventKind::LaneClosed { reason });
        };
        if !self.take_gil(lane) {
            return;
        }
        self.push_event(lane, EventKind::TaskStarted { task });
        self.set_state(lane, State::Computing);
        self.start_step(lane, 0);
    }

    /// Continues a lane at the end of its startup or of a step.
    fn continue_lane(&mut self, lane: LaneId) {
        match self.lanes.get(usize::from(lane.0)).map(|lane| lane.stage) {
            Some(LaneStage::Starting) => {
                self.push_event(
                    lane,
                    EventKind::ProcessStarted { pid: FIRST_PID + u32::from(lane.0) },
                );
                self.set_stage(lane, LaneStage::Holding);
                self.enter_state(lane, State::Idle);
                self.start_task(lane);
            }
            Some(LaneStage::At(step)) => self.start_step(lane, step + 1),
            Some(LaneStage::Holding) | None => {}
        }
    }

    fn start_step(&mut self, lane: LaneId, step: usize) {
        self.set_stage(lane, LaneStage::At(step));
        match self.steps.get(step).copied() {
            Some(TaskStep::Compute(work)) => {
                if let Some(lane) = self.lane(lane) {
                    lane.remaining = work;
                }
                if self.take_gil(lane) {
                    self.run_on_cores(lane, work);
                }
            }
            Some(TaskStep::Native(work)) => {
                self.enter_state(lane, State::Native);
                self.release_gil(lane);
                self.run_on_cores(lane, work);
            }
            Some(TaskStep::Pause(state, time)) => {
                self.enter_state(lane, state);
                self.release_gil(lane);
                self.pauses.push(Reverse((self.now + time, lane)));
            }
            None => self.finish_task(lane),
        }
    }

    fn finish_task(&mut self, lane: LaneId) {
        let task = self.lane(lane).and_then(|lane| lane.task.take());
        if let Some(task) = task {
            let product = Product::Value(task_value(self.turns, task));
            let outcome = TaskOutcome::Done(Completion { response: None, product });
            self.push_event(lane, EventKind::TaskFinished { task, outcome });
        }
        self.set_state(lane, State::Idle);
        self.take_task(lane);
        self.start_task(lane);
    }

    /// Runs a lane on the cores until `work` is done.
    fn run_on_cores(&mut self, lane: LaneId, work: CpuWork) {
        let end = self.cores.run_thread(lane, work);
        if let Some(lane) = self.lane(lane) {
            lane.end = end;
        }
    }

    /// Returns whether a lane may compute now. If not, it waits for the GIL.
    fn take_gil(&mut self, lane: LaneId) -> bool {
        let now = self.now;
        let Some(gil) = &mut self.gil else {
            // The start of a task implies this state.
            if self
                .lanes
                .get(usize::from(lane.0))
                .is_some_and(|lane| lane.stage != LaneStage::Holding)
            {
                self.enter_state(lane, State::Computing);
            }
            return true;
        };
        if gil.is_held_by(lane) {
            return true;
        }
        let taken = gil.take(lane, now);
        self.enter_state(lane, if taken { State::Computing } else { State::LockWait });
        taken
    }

    /// Releases the GIL, if the lane holds it.
    fn release_gil(&mut self, lane: LaneId) {
        let now = self.now;
        if let Some(gil) = self.gil.as_mut().filter(|gil| gil.is_held_by(lane)) {
            gil.release(now);
        }
    }

    fn apply_gil_turn(&mut self, turn: GilTurn) {
        let taken = match turn {
            GilTurn::Nothing => None,
            GilTurn::Taken(lane) => Some(lane),
            GilTurn::Dropped { holder, taken } => {
                self.interrupt_lane(holder);
                taken
            }
        };
        if let Some(lane) = taken {
            self.enter_state(lane, State::Computing);
            self.resume_lane(lane);
        }
    }

    /// Interrupts a lane in the middle of its work.
    fn interrupt_lane(&mut self, lane: LaneId) {
        let Some(interrupted) = self.lanes.get_mut(usize::from(lane.0)) else { return };
        interrupted.remaining = self.cores.pause_thread(lane, interrupted.end);
        self.enter_state(lane, State::LockWait);
    }

    /// Continues a lane that has got the GIL.
    fn resume_lane(&mut self, lane: LaneId) {
        match self.lanes.get(usize::from(lane.0)).copied() {
            Some(SimulatedLane { stage: LaneStage::Holding, .. }) => self.start_task(lane),
            Some(SimulatedLane { remaining, .. }) => self.run_on_cores(lane, remaining),
            None => {}
        }
    }

    fn lane(&mut self, lane: LaneId) -> Option<&mut SimulatedLane> {
        self.lanes.get_mut(usize::from(lane.0))
    }

    fn set_stage(&mut self, lane: LaneId, stage: LaneStage) {
        if let Some(lane) = self.lane(lane) {
            lane.stage = stage;
        }
    }

    fn set_state(&mut self, lane: LaneId, state: State) {
        if let Some(lane) = self.lane(lane) {
            lane.state = state;
        }
    }

    /// Sets the state of a lane, and reports it if it is another one.
    fn enter_state(&mut self, lane: LaneId, state: State) {
        if self.lane(lane).is_some_and(|lane| lane.state != state) {
            self.set_state(lane, state);
            self.push_event(lane, EventKind::StateEntered { state });
        }
    }

    fn push_event(&mut self, lane: LaneId, kind: EventKind) {
        self.events.push_back(Event { at: self.now, lane, kind });
    }
}

/// The time of a turn of CPU work on the simulated machine: about that of an iteration of a loop in
/// CPython.
const TURN: Nanos = Nanos(50);

/// The time to send a task or its result from one process to another.
const HAND_OVER: Nanos = Nanos(200_000);

/// The computing time of a worker process before it can take a task, like that of a Python process that
/// loads its modules.
const START_UP: Nanos = Nanos::from_millis(30);

/// The share of a request's time in which the response body arrives, as a divisor.
const BODY: u64 = 20;

/// A step of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TaskStep {
    /// CPU work that needs the GIL, if there is one.
    Compute(CpuWork),
    /// CPU work that does not need the GIL.
    Native(CpuWork),
    /// A pause in the given state.
    Pause(State, Nanos),
}

/// Returns the steps of each task of a plan. At least one of them computes, even if for no time.
fn task_steps(plan: &Plan, compute: &ComputeSpec) -> Vec<TaskStep> {
    let size = compute.size.min(Nanos::MAX);
    let TaskParts { before, native, after } = TaskParts::divide(&plan.work, size.0);
    let core_time = |time| CpuWork::from_core_time(Nanos(time));
    let mut steps = Vec::new();
    // The time that a task does not compute, it waits; a server's body arrives at the end of the wait.
    let wait = size.since(Nanos(before + native + after));
    let body = if plan.workload().spec().has_io_share { wait.0 / BODY } else { 0 };
    steps.push(TaskStep::Pause(State::Waiting, wait.since(Nanos(body))));
    steps.push(TaskStep::Pause(State::Receiving, Nanos(body)));
    steps.retain(|step| !matches!(step, TaskStep::Pause(_, Nanos::ZERO)));
    steps.push(TaskStep::Compute(core_time(before)));
    if native > 0 {
        steps.extend([TaskStep::Native(core_time(native)), TaskStep::Compute(core_time(after))]);
    }
    if plan.mode == Mode::Processes {
        let hand_over = TaskStep::Pause(State::HandOver, HAND_OVER);
        steps.insert(0, hand_over);
        steps.push(hand_over);
    }
    steps
}

/// Returns the value of a task with this number of turns. Nothing is computed in a simulation, so this
/// is a hash of both (splitmix64, Steele, Lea and Flood 2014).
const fn task_value(turns: u64, task: TaskId) -> u64 {
    let mut hash = turns ^ (task.0 as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
