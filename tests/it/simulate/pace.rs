//! The pacing of simulated events on a manual clock.

use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::http::RetryPolicy;
use threadline::model::{EventKind, RunOutcome, TaskOutcome};
use threadline::source::{Clock, Launcher, Pace, RunHandle};

use super::*;

/// The wait after which a run counts as hung.
const HANG_TIMEOUT: Duration = Duration::from_secs(60);

/// The maximum delay of an event after it is due.
const MAX_DELAY: Nanos = Nanos::from_millis(10);

fn start(sim: SimulationPlan, pace: Pace, clock: &Clock) -> RunHandle {
    Launcher::new(None, RetryPolicy::default(), clock.clone()).start_with_pace(sim.plan(), pace)
}

fn next_event(run: &RunHandle) -> Option<Event> {
    match run.events().recv_timeout(HANG_TIMEOUT) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => unreachable!("the run hangs"),
    }
}

fn collect_events(run: &RunHandle) -> Vec<Event> {
    std::iter::from_fn(|| next_event(run)).collect()
}

/// Advances a clock to a moment.
fn advance_to(clock: &Clock, moment: Nanos) {
    clock.advance(moment.since(clock.now()).into());
}

/// Threads under the GIL that switch a few times.
fn gil_simulation() -> SimulationPlan {
    SimulationPlan::new(Workload::Cpu, Mode::Gil, 3).tasks(4).size(Nanos::from_millis(12))
}

#[test]
fn events_arrive_when_due_and_not_before() {
    for slow in [1, 7, 100, 100_000] {
        let clock = Clock::manual();
        let run = start(gil_simulation(), Pace::Slow(slow), &clock);
        let due = |event: &Event| Nanos(event.at.0 * u64::from(slow));
        for expected in gil_simulation().events() {
            let event = run.events().try_recv().ok().or_else(|| {
                advance_to(&clock, due(&expected) + MAX_DELAY);
                next_event(&run)
            });
            assert_eq!(event.as_ref(), Some(&expected), "{slow} times slower");
            assert!(due(&expected) <= clock.now(), "{expected:?} arrived early");
        }
        assert_eq!(next_event(&run), None);
    }
}

#[test]
fn events_arrive_immediately_without_a_pace() {
    let clock = Clock::manual();
    let launcher = Launcher::new(None, RetryPolicy::default(), clock.clone());
    for mode in Mode::ALL {
        let sim = SimulationPlan { mode, ..gil_simulation() };
        let run = launcher.start(sim.plan());
        assert_eq!(collect_events(&run), sim.events());
        assert_eq!(run.elapsed(clock.now()), sim.duration());
    }
}

#[test]
fn elapsed_time_follows_the_pace_and_stops_at_the_end_of_the_run() {
    let clock = Clock::manual();
    clock.advance(Duration::from_secs(3));
    let run = start(gil_simulation(), Pace::Slow(10), &clock);
    let first_events = [
        next_event(&run),
        next_event(&run),
        next_event(&run),
        next_event(&run),
        next_event(&run),
        next_event(&run),
    ];
    assert!(first_events.iter().flatten().all(|event| event.at == Nanos::ZERO));
    let elapsed = || run.elapsed(clock.now());
    assert_eq!(elapsed(), Nanos::ZERO);
    clock.advance(Duration::from_millis(20));
    assert_eq!(elapsed(), Nanos::from_millis(2));
    clock.advance(Duration::from_nanos(9));
    assert_eq!(elapsed(), Nanos::from_millis(2), "truncated to whole nanoseconds");
    clock.advance(Duration::from_secs(3_600));
    let events = collect_events(&run);
    assert_eq!(elapsed(), events.last().unwrap().at);
    assert_eq!(elapsed(), gil_simulation().duration());
}

#[test]
fn change_of_pace_takes_effect_immediately() {
    let clock = Clock::manual();
    let run = start(gil_simulation(), Pace::Slow(1_000), &clock);
    let mut expected = gil_simulation().events().into_iter();
    let mut receive_until = |moment: Nanos| {
        for event in expected.by_ref().take_while(|event| event.at < moment) {
            assert_eq!(next_event(&run), Some(event));
        }
    };
    // The first switch is just after 5 ms, which is a little more than 5 s at this pace.
    receive_until(Nanos::from_millis(5));
    clock.advance(Duration::from_secs(2));
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2));
    run.set_pace(Pace::Slow(10), clock.now());
    assert_eq!(
        run.elapsed(clock.now()),
        Nanos::from_millis(2),
        "a change of pace must not move the time"
    );
    clock.advance(Duration::from_millis(10));
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(3));
    // The remaining 2.1 ms, ten times slower.
    clock.advance(Duration::from_millis(21) + MAX_DELAY.into());
    let event = next_event(&run).unwrap();
    assert!((5_000_000..5_100_000).contains(&event.at.0), "{event:?}");
    run.set_pace(Pace::Unbound, clock.now());
    let rest = collect_events(&run);
    assert_eq!(rest.last().unwrap().kind, EventKind::RunFinished { outcome: RunOutcome::Finished });
    assert_eq!(run.elapsed(clock.now()), gil_simulation().duration());
}

#[test]
fn paused_run_resumes_where_it_was() {
    let clock = Clock::manual();
    let run = start(gil_simulation(), Pace::Slow(10), &clock);
    let start_count =
        gil_simulation().events().iter().filter(|event| event.at == Nanos::ZERO).count();
    for _ in 0..start_count {
        next_event(&run);
    }
    clock.advance(Duration::from_millis(20));
    run.set_pace(Pace::Still, clock.now());
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2));
    assert!(run.events().is_empty());
    run.set_pace(Pace::Slow(10), clock.now());
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2));
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(collect_events(&run).len(), gil_simulation().events().len() - start_count);
}

/// Returns the events of a simulated run that is stopped at a moment.
fn events_with_stop_at(sim: SimulationPlan, moment: Nanos) -> Vec<Event> {
    let mut run = sim.simulated();
    let mut events = Vec::new();
    while run.peek().is_some_and(|next| next <= moment) {
        events.extend(run.next());
    }
    run.stop(moment);
    events.extend(run);
    events
}

#[test]
fn stop_at_any_moment_ends_the_run_immediately() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut stopped = 0;
    for _ in 0..1_000 {
        let mode = Mode::ALL[rng.usize(0..4)];
        let workload = [Workload::Cpu, Workload::Native, Workload::Mixed][rng.usize(0..3)];
        let sim = SimulationPlan::new(workload, mode, rng.u16(1..6)).seed(rng.u64(..));
        let sim = sim.size(Nanos::from_millis(20)).tasks(rng.u32(1..9));
        let (slow, moment) = (rng.u32(1..1_000), Nanos(rng.u64(0..60_000_000)));
        let clock = Clock::manual();
        let run = start(sim, Pace::Slow(slow), &clock);
        clock.advance(Duration::from_nanos(moment.0 * u64::from(slow)));
        run.stop();
        let events = collect_events(&run);
        assert_eq!(events, events_with_stop_at(sim, moment), "{sim:?} at {moment}");
        let last = events.last().unwrap();
        assert_eq!(run.elapsed(clock.now()), last.at);
        if last.kind != (EventKind::RunFinished { outcome: RunOutcome::Finished }) {
            assert_eq!(last.kind, EventKind::RunFinished { outcome: RunOutcome::Stopped });
            assert_eq!(last.at, moment);
            stopped += 1;
        }
        assert_tasks_finished_and_lanes_idle(sim, &events);
    }
    assert!(stopped > 700, "only {stopped} runs were stopped before their end");
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
    let run = start(endless, Pace::Unbound, &Clock::manual());
    let over = run.over().clone();
    while !run.events().is_full() {
        std::thread::yield_now();
    }
    assert_eq!(over.try_recv(), Err(crossbeam_channel::TryRecvError::Empty), "the run is over");
    drop(run);
    assert_eq!(over.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected));
}
