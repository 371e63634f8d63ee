//! Invariants of every simulated run, for any plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use threadline::model::{
    EventKind, FailureKind, LaneId, Product, RunOutcome, State, TaskId, TaskOutcome,
};
use threadline::source::simulate::MAX_EVENTS;

use super::*;

fn simulation_plans() -> impl Strategy<Value = SimulationPlan> {
    let workloads = prop::sample::select(vec![Workload::Cpu, Workload::Native, Workload::Mixed]);
    let modes = prop::sample::select(Mode::ALL.to_vec());
    let sizes = prop_oneof![Just(0), 1_u64..1_000, 1_000_u64..50_000_000];
    let intervals = prop_oneof![Just(0), 1_u64..100_000, 100_000_u64..20_000_000];
    let compute = (sizes, intervals, any::<u8>());
    let simulation = (any::<u64>(), 0_u16..65);
    (workloads, modes, 1_u16..20, 0_u32..30, compute, simulation).prop_map(
        |(workload, mode, workers, tasks, (size, interval, share), (seed, cores))| {
            // Limits the run to some thousand switches.
            let interval = interval.max(size * u64::from(tasks) / 3_000);
            let sim = SimulationPlan::new(workload, mode, workers);
            let sim = sim.tasks(tasks).size(Nanos(size)).switch_interval(Nanos(interval));
            sim.share(share).seed(seed).cores(cores)
        },
    )
}

/// Asserts that at most one lane computes after each event.
fn assert_one_holder(events: &[Event]) {
    let mut holder: Option<LaneId> = None;
    for event in events {
        let computes = match event.kind {
            EventKind::TaskStarted { .. } | EventKind::StateEntered { state: State::Computing } => {
                true
            }
            EventKind::StateEntered { .. } | EventKind::TaskFinished { .. } => false,
            _ => continue,
        };
        match (computes, holder) {
            (true, Some(other)) => {
                assert_eq!(other, event.lane, "two lanes compute at {:?}", event.at);
            }
            (true, None) => holder = Some(event.lane),
            (false, Some(other)) if other == event.lane => holder = None,
            (false, _) => {}
        }
    }
}

/// Asserts that each task starts and finishes once, on one lane.
fn assert_every_task_is_done_once(sim: SimulationPlan, events: &[Event]) {
    let (mut started, mut done) = (BTreeMap::new(), BTreeSet::new());
    for event in events {
        match &event.kind {
            EventKind::TaskStarted { task } => assert_eq!(started.insert(*task, event.lane), None),
            EventKind::TaskFinished { task, outcome: TaskOutcome::Done(value) } => {
                assert_eq!(started.get(task), Some(&event.lane));
                assert!(matches!(value.product, Product::Value(_)), "{value:?}");
                assert!(done.insert(*task), "{task} finished twice");
            }
            EventKind::TaskFinished { outcome, .. } => unreachable!("{outcome:?}"),
            _ => {}
        }
    }
    let all: Vec<TaskId> = (1..=sim.tasks).map(TaskId).collect();
    assert_eq!(done.into_iter().collect::<Vec<_>>(), all);
}

/// Asserts that the states of each lane cover the run without gap or overlap, and that the time
/// under the GIL fits into the run.
fn assert_states_cover_the_run(sim: SimulationPlan, run: &Run, end: Nanos) {
    for lane in run.lanes() {
        let sums = lane.state_times_between(Nanos::ZERO, end);
        assert_eq!(Nanos(sums.total()), end);
        assert_eq!(lane.state(), State::Idle);
    }
    let total_time = |state: State| {
        let sums = run.lanes().iter().map(|lane| lane.state_times_between(Nanos::ZERO, end));
        Nanos(sums.map(|sums| sums[state]).sum())
    };
    if sim.mode == Mode::Gil {
        assert!(total_time(State::Computing) <= end);
    } else {
        assert_eq!(total_time(State::LockWait), Nanos::ZERO);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_does_each_task_once_with_events_in_order(sim in simulation_plans()) {
        let plan = sim.plan();
        let events = sim.events();
        prop_assert!(events.is_sorted_by_key(|event| event.at), "events are out of order");
        let ends = events.iter().filter(|event| matches!(event.kind, EventKind::RunFinished { .. }));
        prop_assert_eq!(ends.count(), 1);
        let last = events.last().unwrap();
        prop_assert_eq!(&last.kind, &EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None });
        assert_every_task_is_done_once(sim, &events);
        if sim.mode == Mode::Gil {
            assert_one_holder(&events);
        }
        let run = fold(&plan, &events);
        prop_assert!(run.is_complete());
        assert_states_cover_the_run(sim, &run, last.at);
    }

    #[test]
    fn all_modes_produce_the_same_values(sim in simulation_plans()) {
        let values = |mode| SimulationPlan { mode, ..sim }.run().tasks().values().collect::<Vec<_>>();
        let sequential = values(Mode::Sequential);
        for mode in Mode::ALL {
            prop_assert_eq!(&values(mode), &sequential);
        }
    }

    /// The cores are a limit only where no time is I/O.
    #[test]
    fn speedup_never_exceeds_the_workers_and_cores(sim in simulation_plans()) {
        let sequential = SimulationPlan { mode: Mode::Sequential, ..sim }.duration().0;
        let duration = sim.duration().0;
        prop_assert!(sequential <= duration * u64::from(sim.workers));
        if sim.workload != Workload::Mixed {
            // Needs no tolerance: the end of each part is rounded up to a whole nanosecond.
            prop_assert!(sequential <= duration * u64::from(sim.simulation.cores.max(1)));
        }
    }
}

#[test]
fn run_that_exceeds_the_event_limit_fails_with_advice() {
    let sim = SimulationPlan::new(Workload::Cpu, Mode::Gil, 2).tasks(8);
    let sim = sim.size(Nanos::from_millis(10_000)).switch_interval(Nanos(1_000));
    let (mut count, mut last, mut open) = (0_u32, None, BTreeSet::new());
    for event in sim.simulated() {
        count += 1;
        match &event.kind {
            EventKind::TaskStarted { task } => _ = open.insert(*task),
            EventKind::TaskFinished { task, .. } => _ = open.remove(task),
            _ => {}
        }
        last = Some(event);
    }
    // The end of the run, and of the task and the life of each of two lanes.
    assert!((MAX_EVENTS..=MAX_EVENTS + 5).contains(&count), "{count}");
    assert!(open.is_empty(), "a started task is not finished");
    let Some(EventKind::RunFinished { outcome: RunOutcome::Failed(failure), .. }) =
        last.map(|last| last.kind)
    else {
        panic!("the run has not failed");
    };
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains("use a longer --switch-interval"), "{failure}");
}

#[test]
fn largest_plans_run_to_their_end() {
    for mode in Mode::ALL {
        for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
            let sim = SimulationPlan::new(workload, mode, 1_000).tasks(2_000).size(Nanos(1));
            assert!(sim.run().is_complete());
            let sim = SimulationPlan::new(workload, mode, 3).size(Nanos(u64::MAX)).tasks(5);
            let events = sim.switch_interval(Nanos(u64::MAX)).events();
            assert!(matches!(events.last().unwrap().kind, EventKind::RunFinished { .. }));
        }
    }
}

#[test]
fn plan_without_a_simulation_has_no_simulated_run() {
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, 2, 2);
    assert!(SimulatedRun::new(&plan).is_none());
}
