//! The overhead of an event on this machine, measured once with a hidden run.

use crossbeam_channel::unbounded;

use crate::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Run, State,
    TaskId, TaskOutcome, WorkSpec,
};
use crate::source::Launcher;

/// The number of tasks per round; all rounds take about a millisecond.
const TASKS: u32 = 500;

/// The number of rounds.
const ROUNDS: usize = 5;

/// Measures the time to send an event, to receive it, and to apply it to a run. Returns the minimum
/// of several rounds, to exclude other load on the machine.
pub(super) fn measure_event_overhead(launcher: &Launcher) -> Nanos {
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Threads, 1, TASKS);
    let rounds = (0..ROUNDS).map(|_| {
        let events = events();
        let count = events.len() as u64;
        let (sender, receiver) = unbounded();
        let mut run = Run::opened(plan.clone());
        let begin = launcher.now();
        for event in events {
            // Cannot fail: the receiver is alive.
            _ = sender.send(event);
        }
        receiver.try_iter().for_each(|event| run.apply(&event));
        Nanos(launcher.now().since(begin).0 / count)
    });
    rounds.min().unwrap_or_default()
}

/// Returns the events of consecutive tasks, four per task.
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
