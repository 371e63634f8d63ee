//! The simulated machine: its threads, their work, and the events that report it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::cores::{Cores, Work};
use super::gil::{Turn, VirtualGil};
use super::workload::{START_UP, Step, settled, steps, value};
use crate::model::{
    Compute, Done, Event, Kind, LaneId, Mode, Nanos, Outcome, Plan, Product, Simulation, State,
    TaskId,
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
    lanes: Vec<Lane>,
    steps: Vec<Step>,
    turns: u64,
    tasks: u32,
    /// The capacity of the queue, or `None` if it is unbounded.
    queue: Option<u32>,
    /// The number of tasks put into a bounded queue.
    put: u32,
    /// The number of tasks taken from the queue.
    taken: u32,
    /// Events that were not returned yet.
    events: VecDeque<Event>,
}

/// The state of a worker.
#[derive(Clone, Copy, Debug, Default)]
struct Lane {
    task: Option<TaskId>,
    stage: Stage,
    /// The state last reported.
    state: State,
    /// The CPU work that is left, and its end as returned by [`Cores::run`].
    left: Work,
    end: Work,
}

/// The progress of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
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
    pub(super) fn new(plan: &Plan, compute: &Compute, simulation: Simulation) -> Self {
        let plan = settled(plan, compute);
        let turns = plan.work.compute().map_or(0, |compute| compute.turns);
        let under_gil = plan.mode == Mode::Gil;
        let mut machine = Self {
            now: Nanos::ZERO,
            cores: Cores::new(simulation.cores),
            gil: under_gil.then(|| VirtualGil::new(compute.switch_interval, simulation.seed)),
            pauses: BinaryHeap::new(),
            lanes: vec![Lane::default(); plan.workers.into()],
            steps: steps(&plan, compute),
            turns,
            tasks: plan.tasks,
            queue: plan.queue,
            put: 0,
            taken: 0,
            events: VecDeque::new(),
        };
        machine.begin_run(plan);
        machine
    }

    /// Returns the next event, or `None` after the last.
    pub(super) fn event(&mut self) -> Option<Event> {
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
        let gil = self.gil.as_ref().and_then(VirtualGil::next);
        let Some(now) = [self.cores.next(), pause, gil].into_iter().flatten().min() else {
            return false;
        };
        self.now = now;
        self.cores.advance(now);
        if let Some(lane) = self.cores.finished() {
            self.go_on(lane);
        } else if pause == Some(now) {
            if let Some(Reverse((_, lane))) = self.pauses.pop() {
                self.go_on(lane);
            }
        } else if let Some(turn) = self.gil.as_mut().map(|gil| gil.elapse(now)) {
            self.hand_over(turn);
        }
        true
    }

    fn begin_run(&mut self, plan: Plan) {
        let (mode, workers) = (plan.mode, plan.workers);
        self.tell(LaneId(0), Kind::RunStarted { plan });
        self.tell(LaneId(0), Kind::Queued { tasks: self.tasks });
        self.fill_queue();
        // The pool does the same, so that the first lane begins with the first task.
        for lane in (0..workers).map(LaneId) {
            self.take_task(lane);
        }
        for lane in (0..workers).map(LaneId) {
            if mode == Mode::Processes {
                self.set_stage(lane, Stage::Starting);
                self.enter(lane, State::Starting);
                self.compute(lane, Work::alone(START_UP));
            } else {
                self.hold(lane);
            }
        }
    }

    /// Puts tasks into a bounded queue until it is full.
    fn fill_queue(&mut self) {
        let Some(queue) = self.queue else { return };
        while self.put < self.tasks.min(self.taken.saturating_add(queue.max(1))) {
            self.put += 1;
            self.tell(LaneId(0), Kind::Put { tasks: self.put });
        }
    }

    /// Lets a lane take a task from the queue. Returns `false` if none is left.
    fn take_task(&mut self, lane: LaneId) -> bool {
        let task = (self.taken < self.tasks).then(|| {
            self.taken += 1;
            TaskId(self.taken)
        });
        if let Some(lane) = self.lane(lane) {
            (lane.task, lane.stage) = (task, Stage::Holding);
        }
        self.fill_queue();
        task.is_some()
    }

    /// Starts the task of a lane once the lane has the GIL, which even the start needs.
    fn hold(&mut self, lane: LaneId) {
        let Some(task) = self.lanes.get(usize::from(lane.0)).and_then(|lane| lane.task) else {
            return self.give_back(lane);
        };
        if !self.take_gil(lane) {
            return;
        }
        self.tell(lane, Kind::Started { task });
        self.set_state(lane, State::Computing);
        self.do_step(lane, 0);
    }

    /// Continues a lane at the end of its startup or of a step.
    fn go_on(&mut self, lane: LaneId) {
        match self.lanes.get(usize::from(lane.0)).map(|lane| lane.stage) {
            Some(Stage::Starting) => {
                self.tell(lane, Kind::Process { pid: FIRST_PID + u32::from(lane.0) });
                self.set_stage(lane, Stage::Holding);
                self.enter(lane, State::Idle);
                self.hold(lane);
            }
            Some(Stage::At(step)) => self.do_step(lane, step + 1),
            Some(Stage::Holding) | None => {}
        }
    }

    fn do_step(&mut self, lane: LaneId, step: usize) {
        self.set_stage(lane, Stage::At(step));
        match self.steps.get(step).copied() {
            Some(Step::Compute(work)) => {
                if let Some(lane) = self.lane(lane) {
                    lane.left = work;
                }
                if self.take_gil(lane) {
                    self.compute(lane, work);
                }
            }
            Some(Step::Native(work)) => {
                self.enter(lane, State::Native);
                self.give_back(lane);
                self.compute(lane, work);
            }
            Some(Step::Pause(state, time)) => {
                self.enter(lane, state);
                self.give_back(lane);
                self.pauses.push(Reverse((self.now + time, lane)));
            }
            None => self.finish(lane),
        }
    }

    fn finish(&mut self, lane: LaneId) {
        let task = self.lane(lane).and_then(|lane| lane.task.take());
        if let Some(task) = task {
            let product = Product::Value(value(self.turns, task));
            let outcome = Outcome::Done(Done { answer: None, product });
            self.tell(lane, Kind::Finished { task, outcome });
        }
        self.set_state(lane, State::Idle);
        self.take_task(lane);
        self.hold(lane);
    }

    /// Runs a lane on the cores until `work` is done.
    fn compute(&mut self, lane: LaneId, work: Work) {
        let end = self.cores.run(lane, work);
        if let Some(lane) = self.lane(lane) {
            lane.end = end;
        }
    }

    /// Returns whether a lane may compute now. If not, it waits for the GIL.
    fn take_gil(&mut self, lane: LaneId) -> bool {
        let now = self.now;
        let Some(gil) = &mut self.gil else {
            // The start of a task implies this state.
            if self.lanes.get(usize::from(lane.0)).is_some_and(|lane| lane.stage != Stage::Holding)
            {
                self.enter(lane, State::Computing);
            }
            return true;
        };
        if gil.is_held_by(lane) {
            return true;
        }
        let taken = gil.take(lane, now);
        self.enter(lane, if taken { State::Computing } else { State::LockWait });
        taken
    }

    /// Releases the GIL, if the lane holds it.
    fn give_back(&mut self, lane: LaneId) {
        let now = self.now;
        if let Some(gil) = self.gil.as_mut().filter(|gil| gil.is_held_by(lane)) {
            gil.release(now);
        }
    }

    fn hand_over(&mut self, turn: Turn) {
        let taken = match turn {
            Turn::Nothing => None,
            Turn::Taken(lane) => Some(lane),
            Turn::Dropped { holder, taken } => {
                self.interrupt(holder);
                taken
            }
        };
        if let Some(lane) = taken {
            self.enter(lane, State::Computing);
            self.resume(lane);
        }
    }

    /// Interrupts a lane in the middle of its work.
    fn interrupt(&mut self, lane: LaneId) {
        let Some(place) = self.lanes.get_mut(usize::from(lane.0)) else { return };
        place.left = self.cores.pause(lane, place.end);
        self.enter(lane, State::LockWait);
    }

    /// Continues a lane that has got the GIL.
    fn resume(&mut self, lane: LaneId) {
        match self.lanes.get(usize::from(lane.0)).copied() {
            Some(Lane { stage: Stage::Holding, .. }) => self.hold(lane),
            Some(Lane { left, .. }) => self.compute(lane, left),
            None => {}
        }
    }

    fn lane(&mut self, lane: LaneId) -> Option<&mut Lane> {
        self.lanes.get_mut(usize::from(lane.0))
    }

    fn set_stage(&mut self, lane: LaneId, stage: Stage) {
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
    fn enter(&mut self, lane: LaneId, state: State) {
        if self.lane(lane).is_some_and(|lane| lane.state != state) {
            self.set_state(lane, state);
            self.tell(lane, Kind::Entered { state });
        }
    }

    fn tell(&mut self, lane: LaneId, kind: Kind) {
        self.events.push_back(Event { at: self.now, lane, kind });
    }
}
