//! When the events of a run come, on a clock that a test moves.

use std::time::Duration;

use crossbeam_channel::RecvTimeoutError;
use threadline::engine::{Clock, Launcher, Pace, RunHandle};
use threadline::github::RetryPolicy;
use threadline::model::{EventKind, RunOutcome, TaskOutcome};

use super::*;

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(60);

/// Events come no later than this after they are due.
const LATE: Nanos = Nanos::from_millis(10);

fn start(lab: SimulationPlan, pace: Pace, clock: &Clock) -> RunHandle {
    Launcher::new(None, RetryPolicy::default(), clock.clone()).start_with_pace(lab.plan(), pace)
}

fn next(run: &RunHandle) -> Option<Event> {
    match run.events().recv_timeout(HANGS) {
        Ok(event) => Some(event),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => unreachable!("it hangs"),
    }
}

fn all(run: &RunHandle) -> Vec<Event> {
    std::iter::from_fn(|| next(run)).collect()
}

/// Moves a clock forward to a moment.
fn move_to(clock: &Clock, moment: Nanos) {
    clock.advance(moment.since(clock.now()).into());
}

/// Threads under the GIL that hand it over a few times.
fn lab() -> SimulationPlan {
    SimulationPlan::new(Workload::Cpu, Mode::Gil, 3).tasks(4).size(Nanos::from_millis(12))
}

#[test]
fn events_come_when_they_are_due_and_not_before() {
    for slow in [1, 7, 100, 100_000] {
        let clock = Clock::manual();
        let run = start(lab(), Pace::Slow(slow), &clock);
        let due = |event: &Event| Nanos(event.at.0 * u64::from(slow));
        for expected in lab().events() {
            let event = run.events().try_recv().ok().or_else(|| {
                move_to(&clock, due(&expected) + LATE);
                next(&run)
            });
            assert_eq!(event.as_ref(), Some(&expected), "{slow} times slower");
            assert!(due(&expected) <= clock.now(), "{expected:?} is too early");
        }
        assert_eq!(next(&run), None);
    }
}

#[test]
fn without_a_pace_all_comes_at_once() {
    let clock = Clock::manual();
    let launcher = Launcher::new(None, RetryPolicy::default(), clock.clone());
    for mode in Mode::ALL {
        let lab = SimulationPlan { mode, ..lab() };
        let run = launcher.start(lab.plan());
        assert_eq!(all(&run), lab.events());
        assert_eq!(run.elapsed(clock.now()), lab.took());
    }
}

#[test]
fn the_runs_own_time_passes_as_the_pace_says_and_never_beyond_its_end() {
    let clock = Clock::manual();
    clock.advance(Duration::from_secs(3));
    let run = start(lab(), Pace::Slow(10), &clock);
    let begun = [next(&run), next(&run), next(&run), next(&run), next(&run), next(&run)];
    assert!(begun.iter().flatten().all(|event| event.at == Nanos::ZERO));
    let elapsed = || run.elapsed(clock.now());
    assert_eq!(elapsed(), Nanos::ZERO);
    clock.advance(Duration::from_millis(20));
    assert_eq!(elapsed(), Nanos::from_millis(2));
    clock.advance(Duration::from_nanos(9));
    assert_eq!(elapsed(), Nanos::from_millis(2), "whole nanoseconds");
    clock.advance(Duration::from_secs(3_600));
    let events = all(&run);
    assert_eq!(elapsed(), events.last().unwrap().at);
    assert_eq!(elapsed(), lab().took());
}

#[test]
fn a_change_of_pace_takes_effect_at_once() {
    let clock = Clock::manual();
    let run = start(lab(), Pace::Slow(1_000), &clock);
    let mut expected = lab().events().into_iter();
    let mut take_all_until = |moment: Nanos| {
        for event in expected.by_ref().take_while(|event| event.at < moment) {
            assert_eq!(next(&run), Some(event));
        }
    };
    // The first hand-over is after 5 ms and a moment: 5 s and some at this pace.
    take_all_until(Nanos::from_millis(5));
    clock.advance(Duration::from_secs(2));
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2));
    run.set_pace(Pace::Slow(10), clock.now());
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2), "it does not jump");
    clock.advance(Duration::from_millis(10));
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(3));
    // 2.1 ms more, ten times slower.
    clock.advance(Duration::from_millis(21) + LATE.into());
    let event = next(&run).unwrap();
    assert!((5_000_000..5_100_000).contains(&event.at.0), "{event:?}");
    run.set_pace(Pace::Unbound, clock.now());
    let rest = all(&run);
    assert_eq!(rest.last().unwrap().kind, EventKind::RunFinished { outcome: RunOutcome::Finished });
    assert_eq!(run.elapsed(clock.now()), lab().took());
}

#[test]
fn a_run_that_stands_still_goes_on_where_it_was() {
    let clock = Clock::manual();
    let run = start(lab(), Pace::Slow(10), &clock);
    let begun = lab().events().iter().filter(|event| event.at == Nanos::ZERO).count();
    for _ in 0..begun {
        next(&run);
    }
    clock.advance(Duration::from_millis(20));
    run.set_pace(Pace::Still, clock.now());
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2));
    assert!(run.events().is_empty());
    run.set_pace(Pace::Slow(10), clock.now());
    assert_eq!(run.elapsed(clock.now()), Nanos::from_millis(2));
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(all(&run).len(), lab().events().len() - begun);
}

/// What is to come of a run that is stopped at a moment.
fn stopped(lab: SimulationPlan, moment: Nanos) -> Vec<Event> {
    let mut run = lab.simulated();
    let mut events = Vec::new();
    while run.peek().is_some_and(|next| next <= moment) {
        events.extend(run.next());
    }
    run.stop(moment);
    events.extend(run);
    events
}

#[test]
fn a_stop_ends_a_run_at_once_at_any_moment() {
    let mut chance = fastrand::Rng::with_seed(1);
    let mut cut = 0;
    for _ in 0..1_000 {
        let mode = Mode::ALL[chance.usize(0..4)];
        let workload = [Workload::Cpu, Workload::Native, Workload::Mixed][chance.usize(0..3)];
        let lab = SimulationPlan::new(workload, mode, chance.u16(1..6)).seed(chance.u64(..));
        let lab = lab.size(Nanos::from_millis(20)).tasks(chance.u32(1..9));
        let (slow, moment) = (chance.u32(1..1_000), Nanos(chance.u64(0..60_000_000)));
        let clock = Clock::manual();
        let run = start(lab, Pace::Slow(slow), &clock);
        clock.advance(Duration::from_nanos(moment.0 * u64::from(slow)));
        run.stop();
        let events = all(&run);
        assert_eq!(events, stopped(lab, moment), "{lab:?} at {moment}");
        let last = events.last().unwrap();
        assert_eq!(run.elapsed(clock.now()), last.at);
        if last.kind != (EventKind::RunFinished { outcome: RunOutcome::Finished }) {
            assert_eq!(last.kind, EventKind::RunFinished { outcome: RunOutcome::Stopped });
            assert_eq!(last.at, moment);
            cut += 1;
        }
        assert_nothing_is_left(lab, &events);
    }
    assert!(cut > 700, "only {cut} were in the middle");
}

/// Tasks that were begun are over, and lanes idle.
fn assert_nothing_is_left(lab: SimulationPlan, events: &[Event]) {
    let run = fold(&lab.plan(), events);
    let count =
        |wanted: fn(&EventKind) -> bool| events.iter().filter(|event| wanted(&event.kind)).count();
    let begun = count(|kind| matches!(kind, EventKind::TaskStarted { .. }));
    let over = count(|kind| matches!(kind, EventKind::TaskFinished { .. }));
    assert_eq!(begun, over);
    let is_stop = |kind: &EventKind| {
        matches!(kind, EventKind::TaskFinished { outcome: TaskOutcome::Stopped, .. })
    };
    assert!(count(is_stop) <= run.lanes().len());
    assert!(run.lanes().iter().all(|lane| lane.state() == threadline::model::State::Idle));
    assert!(run.is_over());
}

/// More events than wait for whoever does not come: the run waits, until it is dropped.
#[test]
fn a_run_that_nobody_follows_waits_and_ends_when_it_is_dropped() {
    let endless = lab().size(Nanos::from_millis(1_000)).interval(Nanos(1_000));
    let run = start(endless, Pace::Unbound, &Clock::manual());
    let over = run.over().clone();
    while !run.events().is_full() {
        std::thread::yield_now();
    }
    assert_eq!(over.try_recv(), Err(crossbeam_channel::TryRecvError::Empty), "it is not over");
    drop(run);
    assert_eq!(over.try_recv(), Err(crossbeam_channel::TryRecvError::Disconnected));
}
