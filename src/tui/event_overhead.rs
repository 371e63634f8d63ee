//! What an event costs in this process, on this machine: measured once, on a run that nobody sees.

use crossbeam_channel::unbounded;

use crate::engine::Launcher;
use crate::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Run, State,
    TaskId, TaskOutcome, WorkSpec,
};

/// A millisecond's work or so in all.
const TASKS: u32 = 500;
const ROUNDS: usize = 5;

/// How long it takes to send an event, to receive it, and to fold it into a run: in the quickest of
/// some rounds, as whatever else this machine does is not ours.
pub(super) fn measure_event_overhead(launcher: &Launcher) -> Nanos {
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Threads, 1, TASKS);
    let rounds = (0..ROUNDS).map(|_| {
        let events = events();
        let count = events.len() as u64;
        let (sender, receiver) = unbounded();
        let mut run = Run::new(plan.clone());
        let begin = launcher.now();
        for event in events {
            // The receiver is here.
            _ = sender.send(event);
        }
        receiver.try_iter().for_each(|event| run.apply(&event));
        Nanos(launcher.now().since(begin).0 / count)
    });
    rounds.min().unwrap_or_default()
}

/// A task after another, each of four events.
fn events() -> Vec<Event> {
    let done = || TaskOutcome::Done(Completion { response: None, product: Product::Value(1) });
    let kinds = (1..=TASKS).map(TaskId).flat_map(|task| {
        [
            EventKind::TaskStarted { task },
            EventKind::StateEntered { state: State::Native },
            EventKind::StateEntered { state: State::Computing },
            EventKind::TaskFinished { task, outcome: done() },
        ]
    });
    (1..).zip(kinds).map(|(at, kind)| Event { at: Nanos(at), lane: LaneId(0), kind }).collect()
}
