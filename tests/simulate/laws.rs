//! What holds for every run, whatever its plan.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use threadline::engine::simulate::MAX_EVENTS;
use threadline::model::{
    EventKind, FailureKind, LaneId, Product, RunOutcome, State, TaskId, TaskOutcome,
};

use super::*;

fn labs() -> impl Strategy<Value = SimulationPlan> {
    let workloads = prop::sample::select(vec![Workload::Cpu, Workload::Native, Workload::Mixed]);
    let modes = prop::sample::select(Mode::ALL.to_vec());
    let queue = prop::option::of(0_u32..10);
    let sizes = prop_oneof![Just(0), 1_u64..1_000, 1_000_u64..50_000_000];
    let intervals = prop_oneof![Just(0), 1_u64..100_000, 100_000_u64..20_000_000];
    let compute = (sizes, intervals, any::<u8>());
    let simulation = (any::<u64>(), 0_u16..65);
    (workloads, modes, 1_u16..20, 0_u32..30, queue, compute, simulation).prop_map(
        |(workload, mode, workers, tasks, queue, (size, interval, share), (seed, cores))| {
            // Some thousand switches are enough.
            let interval = interval.max(size * u64::from(tasks) / 3_000);
            let lab = SimulationPlan { queue, ..SimulationPlan::new(workload, mode, workers) };
            let lab = lab.tasks(tasks).size(Nanos(size)).interval(Nanos(interval));
            lab.share(share).seed(seed).cores(cores)
        },
    )
}

/// Nobody computes while another does: in the order of the events, at any moment.
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
            (true, Some(other)) => assert_eq!(other, event.lane, "two compute at {:?}", event.at),
            (true, None) => holder = Some(event.lane),
            (false, Some(other)) if other == event.lane => holder = None,
            (false, _) => {}
        }
    }
}

/// Each task is begun once and finished once, on one lane, and a queue never holds too many.
fn assert_every_task_is_done_once(lab: SimulationPlan, events: &[Event]) {
    let (mut begun, mut done) = (BTreeMap::new(), BTreeSet::new());
    let mut put = 0;
    for event in events {
        match &event.kind {
            EventKind::TaskStarted { task } => assert_eq!(begun.insert(*task, event.lane), None),
            EventKind::TaskFinished { task, outcome: TaskOutcome::Done(value) } => {
                assert_eq!(begun.get(task), Some(&event.lane));
                assert!(matches!(value.product, Product::Value(_)), "{value:?}");
                assert!(done.insert(*task), "{task} twice");
            }
            EventKind::TaskFinished { outcome, .. } => unreachable!("{outcome:?}"),
            EventKind::TaskEnqueued { tasks } => {
                put += 1;
                assert_eq!(*tasks, put);
                // A task that was taken may not be begun yet: there is one a lane.
                let room = lab.queue.unwrap().max(1) as usize + usize::from(lab.workers);
                assert!(put as usize <= begun.len() + room);
            }
            _ => {}
        }
    }
    let all: Vec<TaskId> = (1..=lab.tasks).map(TaskId).collect();
    assert_eq!(done.into_iter().collect::<Vec<_>>(), all);
    assert_eq!(put, if lab.queue.is_some() { lab.tasks } else { 0 });
}

/// The states of a lane fill its life, without a gap and without an overlap, and so do the holders'.
fn assert_states_fill_each_life(lab: SimulationPlan, run: &Run, end: Nanos) {
    for lane in run.lanes() {
        let sums = lane.state_times_between(Nanos::ZERO, end);
        assert_eq!(Nanos(sums.iter().sum()), end);
        assert_eq!(lane.state(), State::Idle);
    }
    let time = |state: State| {
        let place = State::ALL.iter().position(|&other| other == state);
        let sums = run.lanes().iter().map(|lane| lane.state_times_between(Nanos::ZERO, end));
        Nanos(sums.filter_map(|sums| sums.get(place?).copied()).sum())
    };
    if lab.mode == Mode::Gil {
        assert!(time(State::Computing) <= end);
    } else {
        assert_eq!(time(State::LockWait), Nanos::ZERO);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_does_every_task_once_and_is_in_order(lab in labs()) {
        let plan = lab.plan();
        let events = lab.events();
        prop_assert!(events.is_sorted_by_key(|event| event.at), "in order of time");
        let ends = events.iter().filter(|event| matches!(event.kind, EventKind::RunFinished { .. }));
        prop_assert_eq!(ends.count(), 1);
        let last = events.last().unwrap();
        prop_assert_eq!(&last.kind, &EventKind::RunFinished { outcome: RunOutcome::Finished });
        assert_every_task_is_done_once(lab, &events);
        if lab.mode == Mode::Gil {
            assert_one_holder(&events);
        }
        let run = fold(&plan, &events);
        prop_assert!(run.is_complete());
        assert_states_fill_each_life(lab, &run, last.at);
    }

    /// The same amount of work comes to the same values, in each mode.
    #[test]
    fn modes_agree_on_the_values(lab in labs()) {
        let values = |mode| SimulationPlan { mode, ..lab }.run().values().collect::<Vec<_>>();
        let sequential = values(Mode::Sequential);
        for mode in Mode::ALL {
            prop_assert_eq!(&values(mode), &sequential);
        }
    }

    /// Nobody is quicker than one task after another by more than there are workers, nor, where no
    /// time is I/O, than there are cores.
    #[test]
    fn nobody_gains_more_than_workers_and_cores(lab in labs()) {
        let sequential = SimulationPlan { mode: Mode::Sequential, ..lab }.took().0;
        let took = lab.took().0;
        prop_assert!(sequential <= took * u64::from(lab.workers));
        if lab.workload != Workload::Mixed {
            // Each end of a part is rounded up to a whole nanosecond.
            prop_assert!(sequential <= took * u64::from(lab.simulation.cores.max(1)));
        }
    }
}

#[test]
fn a_run_with_more_events_than_there_is_room_for_says_so_and_ends() {
    let lab = SimulationPlan::new(Workload::Cpu, Mode::Gil, 2).tasks(8);
    let lab = lab.size(Nanos::from_millis(10_000)).interval(Nanos(1_000));
    let (mut count, mut last, mut open) = (0_u32, None, BTreeSet::new());
    for event in lab.simulated() {
        count += 1;
        match &event.kind {
            EventKind::TaskStarted { task } => _ = open.insert(*task),
            EventKind::TaskFinished { task, .. } => _ = open.remove(task),
            _ => {}
        }
        last = Some(event);
    }
    assert!((MAX_EVENTS..=MAX_EVENTS + 3).contains(&count), "{count}");
    assert!(open.is_empty(), "tasks in work are finished");
    let Some(EventKind::RunFinished { outcome: RunOutcome::Failed(failure) }) =
        last.map(|last| last.kind)
    else {
        panic!("it has failed");
    };
    assert_eq!(failure.kind, FailureKind::Worker);
    assert!(failure.message.contains("use a longer --switch-interval"), "{failure}");
}

/// The longest times and the largest numbers.
#[test]
fn no_plan_is_too_large() {
    for mode in Mode::ALL {
        for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
            let lab = SimulationPlan::new(workload, mode, 1_000).tasks(2_000).size(Nanos(1));
            assert!(lab.run().is_complete());
            let lab = SimulationPlan::new(workload, mode, 3).size(Nanos(u64::MAX)).tasks(5);
            let events = lab.interval(Nanos(u64::MAX)).events();
            assert!(matches!(events.last().unwrap().kind, EventKind::RunFinished { .. }));
        }
    }
}

#[test]
fn what_is_not_simulated_has_no_simulated_run() {
    let plan = Plan::new(WorkSpec::Cpu(ComputeSpec::default()), Mode::Gil, 2, 2);
    assert!(SimulatedRun::new(&plan).is_none());
}
