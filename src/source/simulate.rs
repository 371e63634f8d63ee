//! Simulated runs in virtual time: the events of a run on a simulated machine, reproducible to the
//! byte for the same plan and seed.
//!
//! ```text
//! simulate.rs: the events of a run, up to its end -> machine.rs: threads, and the steps of their tasks
//!     -> cores.rs: shared cores; gil.rs: the GIL
//! ```
//!
//! All times are whole nanoseconds. Running threads share the cores fairly; the GIL makes the same
//! decisions as the real one. The seed decides what is chance on a real machine: the time that a thread
//! takes to wake up, and which thread takes the GIL first.

mod cores;
mod gil;
mod machine;

use std::collections::VecDeque;
use std::thread::Builder;

use crossbeam_channel::bounded;

use super::pool::no_threads_failure;
use super::{CancelToken, Clock, FailedRun, RunHandle, STOP_GRACE, Source};
use crate::model::{
    CloseReason, Event, EventKind, Failure, FailureKind, LaneId, Nanos, Plan, RunOutcome, TaskId,
    TaskOutcome,
};
use machine::Machine;

/// The maximum number of events of a simulated run. It bounds the memory of its timeline, at about 40
/// bytes per event.
pub const MAX_EVENTS: u32 = 2_000_000;

/// The capacity of the channel of events. When it is full, the run waits for its receiver.
const QUEUE_CAPACITY: usize = 65_536;

/// The events of a simulated run, in order of time.
#[derive(Debug)]
pub struct SimulatedRun {
    plan: Plan,
    machine: Machine,
    lanes: Vec<EmittedState>,
    /// The number of events returned so far.
    event_count: u32,
    /// The time of the last one.
    at: Nanos,
    /// The final events, once the end is known.
    end: Option<VecDeque<Event>>,
}

/// The state of a lane after the last event.
#[derive(Clone, Copy, Debug, Default)]
struct EmittedState {
    task: Option<TaskId>,
    is_open: bool,
}

impl SimulatedRun {
    /// Creates the simulated run of `plan`. Returns `None` if the plan is not to be simulated.
    pub fn new(plan: &Plan) -> Option<Self> {
        let compute = plan.work.compute()?;
        Some(Self {
            plan: plan.clone(),
            machine: Machine::new(plan, compute, compute.simulation?),
            lanes: vec![EmittedState::default(); plan.workers.into()],
            event_count: 0,
            at: Nanos::ZERO,
            end: None,
        })
    }

    /// The time of the next event, or `None` after the last.
    pub fn peek(&mut self) -> Option<Nanos> {
        if self.end.is_none() {
            if self.event_count >= MAX_EVENTS {
                let message = format!(
                    "the simulated run exceeds {MAX_EVENTS} events; use a longer \
                     --switch-interval, or fewer or smaller tasks"
                );
                let failure = Failure::new(FailureKind::Worker, message);
                self.cut_off(self.at, RunOutcome::Failed(failure));
            } else if let Some(at) = self.machine.peek() {
                return Some(at);
            } else {
                self.cut_off(self.at, RunOutcome::Finished);
            }
        }
        self.end.as_ref()?.front().map(|event| event.at)
    }

    /// Stops the run at `at`, which is no later than its next event, unless it has ended.
    pub fn stop(&mut self, at: Nanos) {
        if self.end.is_none() {
            self.cut_off(at.max(self.at), RunOutcome::Stopped);
        }
    }

    /// Ends the run at `at`. Tasks in progress are stopped, as in a real run.
    fn cut_off(&mut self, at: Nanos, outcome: RunOutcome) {
        let open = (0..).map(LaneId).zip(&self.lanes).filter(|(_, emitted)| emitted.is_open);
        let left = open.flat_map(|(lane, emitted)| {
            let outcome = TaskOutcome::Stopped;
            let finish = emitted.task.map(|task| EventKind::TaskFinished { task, outcome });
            let close = EventKind::LaneClosed { reason: CloseReason::Finished };
            finish.into_iter().chain([close]).map(move |kind| Event { at, lane, kind })
        });
        let kind = EventKind::RunFinished { outcome, machine_load: None };
        let last = Event { at, lane: LaneId(0), kind };
        self.end = Some(left.chain([last]).collect());
    }

    fn record_event(&mut self, event: &Event) {
        self.event_count += 1;
        self.at = event.at;
        let Some(lane) = self.lanes.get_mut(usize::from(event.lane.0)) else { return };
        match event.kind {
            EventKind::LaneOpened { .. } => lane.is_open = true,
            EventKind::LaneClosed { .. } => lane.is_open = false,
            EventKind::TaskStarted { task } => lane.task = Some(task),
            EventKind::TaskFinished { .. } => lane.task = None,
            _ => {}
        }
    }
}

/// Computes the events on a thread of its own, as fast as they are received.
impl Source for SimulatedRun {
    fn start(mut self, clock: &Clock) -> RunHandle {
        let (sender, events) = bounded(QUEUE_CAPACITY);
        let (going, over) = bounded(0);
        let (started, cancel, plan) = (clock.now(), CancelToken::default(), self.plan.clone());
        let cancelled = cancel.clone();
        let thread = Builder::new().name("simulation".to_owned()).spawn(move || {
            while let Some(next) = self.peek() {
                if cancelled.is_cancelled() {
                    self.stop(next);
                }
                let Some(event) = self.next() else { break };
                // Fails if the receiver is gone.
                if sender.send(event).is_err() {
                    break;
                }
            }
            drop(going);
        });
        match thread {
            Ok(thread) => {
                let (stop_grace, thread) = (STOP_GRACE, Some(thread));
                RunHandle { abandon: None, started, events, over, cancel, stop_grace, thread }
            }
            Err(_) => FailedRun { plan, failure: no_threads_failure() }.start(clock),
        }
    }
}

impl Iterator for SimulatedRun {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.peek()?;
        if let Some(end) = &mut self.end {
            return end.pop_front();
        }
        let event = self.machine.next_event()?;
        self.record_event(&event);
        Some(event)
    }
}
