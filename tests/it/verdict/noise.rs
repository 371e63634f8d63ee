//! The noise in times: what else the machine did, and equal tasks of unequal length.

use super::*;

/// A race on two cores: the loads of the sequential run and of the threads in thousandths of a core
/// (own, other programs, taken by the host).
fn race_under_load(work: &WorkSpec, loads: [Option<[u32; 3]>; 2]) -> Conclusion {
    let modes = [(Mode::Sequential, 1, 1.0), (Mode::Threads, 4, 1.29)];
    let runs = modes.into_iter().zip(loads).map(|((mode, workers, times), load)| {
        let machine_load = load.map(|[own, other, stolen]| MachineLoad {
            cores: 2,
            own_millicores: own,
            other_millicores: other,
            stolen_millicores: stolen,
        });
        let nanos = (BASELINE / times).round() as u64;
        run_under_load(work, (mode, workers, 8), nanos, COMPUTING, machine_load)
    });
    Verdict::new(&runs.collect::<Vec<Run>>(), Some(2)).conclusion().unwrap()
}

#[test]
fn busy_machine_takes_the_place_of_a_cause() {
    let idle = [Some([1_000, 100, 0]), Some([1_900, 100, 0])];
    let cause = "they computed side by side on 2 cores";
    for loads in [idle, [None, None], [Some([1_000, 950, 0]), None]] {
        let conclusion = race_under_load(&cpu(), loads);
        assert_eq!(conclusion.sentence(), format!("4 threads were 1.29x faster: {cause}"));
        assert!(conclusion.options_text().starts_with("Next: slow motion (--simulate)"));
    }
    let noisy = |loads| race_under_load(&cpu(), loads).sentence_forms().collect::<Vec<_>>();
    let figure = "4 threads were 1.29x faster on a busy machine";
    let verdict = "so these times do not tell much";
    let others = format!("{figure}: other programs used 0.9 of 2 cores");
    let forms = [format!("{others}, {verdict}"), others, figure.to_owned()];
    assert_eq!(noisy([idle[0], Some([1_100, 900, 0])]), forms);
    let host = format!("{figure}: its host took 6 % of the CPU time, {verdict}");
    assert_eq!(noisy([Some([880, 0, 120]), idle[1]])[0], host);
    let conclusion = race_under_load(&cpu(), [idle[0], Some([1_100, 900, 0])]);
    let next = "Next: an idle machine, simulated (--simulate), native code (--workload native)";
    assert!(conclusion.options_text().starts_with(next), "{}", conclusion.options_text());
}

#[test]
fn load_of_other_programs_counts_where_a_run_needs_the_cores() {
    // Of two cores, one is free for a sequential run, and requests need none.
    let sequential = run_under_load(
        &cpu(),
        (Mode::Sequential, 1, 8),
        1_000,
        COMPUTING,
        Some(MachineLoad {
            cores: 2,
            own_millicores: 1_000,
            other_millicores: 1_000,
            stolen_millicores: 0,
        }),
    );
    let alone = Verdict::new(&[sequential], Some(2)).conclusion().unwrap().sentence();
    assert!(!alone.contains("busy"), "{alone}");
    let fetching = race_under_load(&followers(), [Some([1, 1_999, 0]); 2]).sentence();
    assert!(!fetching.contains("busy"), "{fetching}");
    let mixed = ComputeSpec { share: 20, ..ComputeSpec::default() };
    let mixed = race_under_load(&WorkSpec::Mixed(mixed), [Some([200, 1_000, 0]); 2]).sentence();
    assert!(!mixed.contains("busy"), "{mixed}");
}

#[test]
fn unequal_times_of_equal_tasks_are_reported_without_a_cause() {
    let sentence = |longest: u64| {
        let plan = Plan::new(cpu(), Mode::Sequential, 1, 2);
        let mut run = Run::opened(plan.clone());
        let value = Completion { response: None, product: Product::Value(1) };
        let done =
            |task| EventKind::TaskFinished { task, outcome: TaskOutcome::Done(value.clone()) };
        let [first, second] = [TaskId(1), TaskId(2)];
        for (at, kind) in [
            (0, EventKind::RunStarted { plan: plan.clone() }),
            (0, EventKind::TaskStarted { task: first }),
            (100, done(first)),
            (100, EventKind::TaskStarted { task: second }),
            (100 + longest, done(second)),
            (
                100 + longest,
                EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
            ),
        ] {
            run.apply(&Event { at: Nanos::from_millis(at), lane: LaneId(0), kind });
        }
        Verdict::new(&[run], Some(2)).conclusion().unwrap().sentence()
    };
    assert_eq!(sentence(124), "2 tasks done in 224 ms, one task after another");
    let end = "equal tasks took up to 1.26x as long as others, so these times do not tell much";
    let start = "2 tasks done in 226 ms, one task after another, but times vary";
    assert_eq!(sentence(126), format!("{start}: {end}"));
}
