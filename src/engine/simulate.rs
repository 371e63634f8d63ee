//! Simulated runs in virtual time: the events of a run on a simulated machine, reproducible to the
//! byte for the same plan and seed.
//!
//! ```text
//! simulate.rs: the events of a run, up to its end -> machine.rs: threads and what they do
//!     -> workload.rs: the steps of a task; cores.rs: shared cores; gil.rs: the GIL
//! play.rs: sends events when they are due -> pace.rs: virtual time against real time
//! ```
//!
//! All times are whole nanoseconds. Running threads share the cores fairly; the GIL makes the same
//! decisions as the real one. The seed decides what is chance on a real machine: the time that a thread
//! takes to wake up, and which thread takes the GIL first.

mod cores;
mod gil;
mod machine;
mod pace;
mod play;
mod workload;

use std::collections::VecDeque;

use crate::model::{
    End, Event, Failure, FailureKind, Kind, LaneId, Nanos, Outcome, Plan, State, TaskId,
};
use machine::Machine;
pub(super) use pace::Course;
pub use pace::Pace;
pub(super) use play::start;

/// The maximum number of events of a simulated run. It bounds the memory of its timeline, at about 40
/// bytes per event.
pub const MOST_EVENTS: u32 = 2_000_000;

/// The events of a simulated run, in order of time.
#[derive(Debug)]
pub struct Simulated {
    machine: Machine,
    lanes: Vec<Told>,
    /// The number of events returned so far.
    told: u32,
    /// The time of the last one.
    at: Nanos,
    /// The final events, once the end is known.
    end: Option<VecDeque<Event>>,
}

/// The state of a lane after the last event.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    task: Option<TaskId>,
    state: State,
}

impl Simulated {
    /// Creates the simulated run of `plan`. Returns `None` if the plan is not to be simulated.
    pub fn new(plan: &Plan) -> Option<Self> {
        let compute = plan.work.compute()?;
        Some(Self {
            machine: Machine::new(plan, compute, compute.simulation?),
            lanes: vec![Told::default(); plan.workers.into()],
            told: 0,
            at: Nanos::ZERO,
            end: None,
        })
    }

    /// The time of the next event, or `None` after the last.
    pub fn peek(&mut self) -> Option<Nanos> {
        if self.end.is_none() {
            if self.told >= MOST_EVENTS {
                self.cut_off(self.at, End::Failed(too_many_events()));
            } else if let Some(at) = self.machine.peek() {
                return Some(at);
            } else {
                self.cut_off(self.at, End::Finished);
            }
        }
        self.end.as_ref()?.front().map(|event| event.at)
    }

    /// Stops the run at `at`, which is no later than its next event, unless it has ended.
    pub fn stop(&mut self, at: Nanos) {
        if self.end.is_none() {
            self.cut_off(at.max(self.at), End::Stopped);
        }
    }

    /// Ends the run at `at`. Tasks in progress are stopped, as in a real run.
    fn cut_off(&mut self, at: Nanos, end: End) {
        let lanes = (0..).map(LaneId).zip(&self.lanes);
        let left = lanes.filter_map(|(lane, told)| {
            let kind = match (told.task, told.state) {
                (Some(task), _) => Kind::Finished { task, outcome: Outcome::Stopped },
                (None, State::Idle) => return None,
                (None, _) => Kind::Entered { state: State::Idle },
            };
            Some(Event { at, lane, kind })
        });
        let last = Event { at, lane: LaneId(0), kind: Kind::RunFinished { end } };
        self.end = Some(left.chain([last]).collect());
    }

    fn note(&mut self, event: &Event) {
        self.told += 1;
        self.at = event.at;
        let Some(lane) = self.lanes.get_mut(usize::from(event.lane.0)) else { return };
        match event.kind {
            Kind::Started { task } => *lane = Told { task: Some(task), state: State::Computing },
            Kind::Finished { .. } => *lane = Told::default(),
            Kind::Entered { state } => lane.state = state,
            _ => {}
        }
    }
}

impl Iterator for Simulated {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        self.peek()?;
        if let Some(end) = &mut self.end {
            return end.pop_front();
        }
        let event = self.machine.event()?;
        self.note(&event);
        Some(event)
    }
}

fn too_many_events() -> Failure {
    Failure::new(
        FailureKind::Worker,
        format!(
            "the simulated run exceeds {MOST_EVENTS} events; use a longer --switch-interval, or fewer \
             or smaller tasks"
        ),
    )
}
