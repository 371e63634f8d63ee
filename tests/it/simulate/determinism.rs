//! Equal seeds give byte-identical runs; different seeds change only GIL switches.

use std::collections::BTreeSet;

use threadline::model::EventKind;

use super::*;

#[test]
fn equal_plans_give_byte_identical_runs() {
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
        for mode in Mode::ALL {
            let sim = SimulationPlan::new(workload, mode, 4);
            assert_eq!(to_json_lines(&sim.events()), to_json_lines(&sim.events()), "{sim:?}");
        }
    }
}

#[test]
fn seed_changes_only_runs_under_the_gil() {
    let distinct_runs = |sim: SimulationPlan| {
        let bytes = (1..=20).map(|seed| {
            // Skips the plan, which contains the seed.
            to_json_lines(&sim.seed(seed).events()[1..])
        });
        bytes.collect::<BTreeSet<_>>().len()
    };
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
        assert_eq!(distinct_runs(SimulationPlan::new(workload, Mode::Gil, 4)), 20, "{workload}");
        for mode in [Mode::Sequential, Mode::Threads, Mode::Processes] {
            assert_eq!(
                distinct_runs(SimulationPlan::new(workload, mode, 4)),
                1,
                "{workload} {mode}"
            );
        }
    }
}

/// Another random generator, or another order of its draws, would change the sequence.
#[test]
fn known_seed_gives_a_known_event_sequence() {
    let sim =
        SimulationPlan::new(Workload::Cpu, Mode::Gil, 3).tasks(3).size(Nanos::from_millis(12));
    let actual = sim.events().into_iter().filter_map(|event| {
        let description = match event.kind {
            EventKind::TaskStarted { task } => format!("takes {}", task.0),
            EventKind::StateEntered { state } => state.label().to_owned(),
            EventKind::TaskFinished { task, .. } => format!("done with {}", task.0),
            _ => return None,
        };
        Some(format!("{} {} {description}", event.at.0, event.lane.0))
    });
    let expected = "
        0 0 computing
        0 0 takes 1
        0 1 lock wait
        0 2 lock wait
        5003138 0 lock wait
        5004176 1 computing
        5004176 1 takes 2
        10012378 1 lock wait
        10012378 0 computing
        15015295 0 lock wait
        15015295 1 computing
        20019330 1 lock wait
        20023017 2 computing
        20023017 2 takes 3
        25030583 2 lock wait
        25030583 1 computing
        27018346 1 done with 2
        27019862 2 computing
        34012296 2 done with 3
        34013670 0 computing
        36007615 0 done with 1";
    let expected: Vec<&str> = expected.trim().lines().map(str::trim).collect();
    assert_eq!(actual.collect::<Vec<_>>(), expected);
}
