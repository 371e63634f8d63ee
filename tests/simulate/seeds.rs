//! What the seed decides, and what not: equal runs to the byte.

use std::collections::BTreeSet;

use super::*;

#[test]
fn a_run_is_the_same_to_the_byte_whenever_it_is_made() {
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
        for mode in Mode::ALL {
            for queue in [None, Some(2)] {
                let lab = Lab { queue, ..Lab::new(workload, mode, 4) };
                assert_eq!(lines(&lab.events()), lines(&lab.events()), "{lab:?}");
            }
        }
    }
}

#[test]
fn seeds_differ_where_threads_wake_each_other_and_nowhere_else() {
    let runs = |lab: Lab| {
        let bytes = (1..=20).map(|seed| {
            // The plan itself names the seed.
            lines(&lab.seed(seed).events()[1..])
        });
        bytes.collect::<BTreeSet<_>>().len()
    };
    for workload in [Workload::Cpu, Workload::Native, Workload::Mixed] {
        assert_eq!(runs(Lab::new(workload, Mode::Gil, 4)), 20, "{workload}");
        for mode in [Mode::Sequential, Mode::Threads, Mode::Processes] {
            assert_eq!(runs(Lab::new(workload, mode, 4)), 1, "{workload} {mode}");
        }
    }
}

/// The picture of a lesson: another generator, or another order of its draws, would change it.
#[test]
fn a_known_seed_gives_a_known_run() {
    let lab = Lab::new(Workload::Cpu, Mode::Gil, 3).tasks(3).size(Nanos::from_millis(12));
    let told = lab.events().into_iter().skip(2).map(|event| {
        let text = serde_json::to_string(&event.kind).unwrap();
        format!("{} {} {}\n", event.at.0, event.lane.0, text.get(..40.min(text.len())).unwrap())
    });
    println!("{}", told.collect::<String>());
}
