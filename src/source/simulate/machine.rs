//! The simulated machine: its threads, their work, and the events that report it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::cores::{Cores, CpuWork};
use super::gil::{GilTurn, VirtualGil};
use super::task_steps::{START_UP, TaskStep, complete_plan, task_steps, task_value};
use crate::model::{
    CloseReason, Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product,
    Simulation, State, TaskId, TaskOutcome,
};

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
        let plan = complete_plan(plan, compute);
        let turns = plan.work.compute().map_or(0, |compute| compute.turns);
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
