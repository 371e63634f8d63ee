//! The stop of a simulated run, and its source.

use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::http::RetryPolicy;
use threadline::model::{EventKind, RunOutcome, TaskOutcome};
use threadline::source::{Clock, Launcher, RunHandle, Source as _};

use super::*;

/// The wait after which a run counts as hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

fn next_event(run: &RunHandle) -> Option<Event> {
    match run.events().recv_timeout(HANG_TIMEOUT) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => unreachable!("the run hangs"),
    }
}

/// Threads under the GIL that switch a few times.
fn gil_simulation() -> SimulationPlan {
    SimulationPlan::new(Workload::Cpu, Mode::Gil, 3).tasks(4).size(Nanos::from_millis(12))
}

#[test]
fn source_sends_the_events_as_soon_as_they_are_received() {
    let launcher = Launcher::new(None, RetryPolicy::default(), Clock::manual());
    for mode in Mode::ALL {
        let sim = SimulationPlan { mode, ..gil_simulation() };
        let run = launcher.start(sim.plan());
        let events: Vec<Event> = std::iter::from_fn(|| next_event(&run)).collect();
        assert_eq!(events, sim.events());
    }
}

/// Returns the events of a simulated run that is stopped at a moment.
pub(super) fn events_with_stop_at(sim: SimulationPlan, moment: Nanos) -> Vec<Event> {
    let mut run = sim.simulated();
    let mut events = Vec::new();
    while run.peek().is_some_and(|next| next <= moment) {
        events.extend(run.next());
    }
    run.stop(moment);
    events.extend(run);
    events
}

/// The source and the fold of the events so far agree on the last events of a stopped run.
#[test]
fn stop_at_any_moment_ends_the_run_immediately() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut stopped = 0;
    for _ in 0..1_000 {
        let mode = Mode::ALL[rng.usize(0..4)];
        let workload = [Workload::Cpu, Workload::Native, Workload::Mixed][rng.usize(0..3)];
        let sim = SimulationPlan::new(workload, mode, rng.u16(1..6)).seed(rng.u64(..));
        let sim = sim.size(Nanos::from_millis(20)).tasks(rng.u32(1..9));
        let moment = Nanos(rng.u64(0..60_000_000));
        let events = events_with_stop_at(sim, moment);
        let last = events.last().unwrap();
        if last.kind
            != (EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None })
        {
            assert_eq!(
                last.kind,
                EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None }
            );
            assert_eq!(last.at, moment);
            let so_far = sim.events().into_iter().take_while(|event| event.at <= moment);
            let mut folded: Vec<Event> = so_far.collect();
            folded.extend(fold(&sim.plan(), &folded).stop_events(moment));
            assert_eq!(events, folded, "{sim:?} at {moment}");
            stopped += 1;
        }
        assert_tasks_finished_and_lanes_idle(sim, &events);
    }
    assert!(stopped > 700, "only {stopped} runs were stopped before their end");
}

#[test]
fn source_ends_a_stopped_run() {
    let endless = gil_simulation().size(Nanos::from_millis(1_000)).switch_interval(Nanos(1_000));
    let run = endless.simulated().start(&Clock::manual());
    next_event(&run);
    run.stop();
    let last = std::iter::from_fn(|| next_event(&run)).last().unwrap();
    assert_eq!(
        last.kind,
        EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None }
    );
}

/// Asserts that every started task is finished and every lane idle.
fn assert_tasks_finished_and_lanes_idle(sim: SimulationPlan, events: &[Event]) {
    let run = fold(&sim.plan(), events);
    let count = |predicate: fn(&EventKind) -> bool| {
        events.iter().filter(|event| predicate(&event.kind)).count()
    };
    let started = count(|kind| matches!(kind, EventKind::TaskStarted { .. }));
    let finished = count(|kind| matches!(kind, EventKind::TaskFinished { .. }));
    assert_eq!(started, finished);
    let is_stop = |kind: &EventKind| {
        matches!(kind, EventKind::TaskFinished { outcome: TaskOutcome::Stopped, .. })
    };
    assert!(count(is_stop) <= run.lanes().len());
    assert!(run.lanes().iter().all(|lane| lane.state() == threadline::model::State::Idle));
    assert!(run.is_over());
}

/// The run has more events than the channel holds, and no receiver takes any.
#[test]
fn run_with_a_full_event_channel_waits_until_it_is_dropped() {
    let endless = gil_simulation().size(Nanos::from_millis(1_000)).switch_interval(Nanos(1_000));
    let run = endless.simulated().start(&Clock::manual());
    let over = run.over().clone();
    while !run.events().is_full() {
        std::thread::yield_now();
    }
    assert_eq!(over.try_recv(), Err(crossbeam_channel::TryRecvError::Empty), "the run is over");
    drop(run);
    assert_eq!(over.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected));
}
