//! A watched program in figures: what holds for every program, and the rule of the seconds.

use proptest::prelude::*;
use threadline::analysis::ProgramSummary;
use threadline::analysis::program::{SelfCheck, THREAD_STATES};
use threadline::model::{InterpreterId, Nanos, Run, State, TaskId};

use crate::scripted_program::ScriptedProgram;

fn watch(table: &str) -> Run {
    ScriptedProgram::new(table).run()
}

fn seconds(summary: &ProgramSummary<'_>, task: u32, state: State) -> f64 {
    Nanos(summary.thread(TaskId(task)).unwrap().times[state]).as_secs_f64()
}

#[track_caller]
fn assert_close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
}

#[test]
fn on_cpu_and_no_core_are_counted_and_waits_share_the_rest() {
    // 300 switches, each 16 µs short in the records.
    let run = watch("main: on_cpu 4, no_core 1, sleeping 3, waiting 2 read, counted 4.0048 1");
    let summary = ProgramSummary::new(&run, Nanos::ZERO).unwrap();
    assert_close(seconds(&summary, 1, State::OnCpu), 4.0048);
    assert_close(seconds(&summary, 1, State::NoCore), 1.0);
    assert_close(seconds(&summary, 1, State::Sleeping), 4.9952 * 0.6);
    assert_close(seconds(&summary, 1, State::Waiting), 4.9952 * 0.4);
    let calls = summary.threads[0].calls();
    assert_eq!(calls[0].0, "read");
    assert_close(calls[0].1.as_secs_f64(), 4.9952 * 0.4);
}

#[test]
fn without_counters_the_records_stand() {
    let run = watch("main: on_cpu 4, no_core 1, blocked 5, uncounted");
    let summary = ProgramSummary::new(&run, Nanos::ZERO).unwrap();
    assert_close(seconds(&summary, 1, State::OnCpu), 4.0);
    assert_close(seconds(&summary, 1, State::Blocked), 5.0);
    assert_eq!(SelfCheck::of_run(&run), None);
}

#[test]
fn counters_beyond_a_life_are_cut_to_it() {
    let run = watch("main: on_cpu 4, sleeping 1, counted 9 9");
    let summary = ProgramSummary::new(&run, Nanos::ZERO).unwrap();
    assert_eq!(summary.threads[0].times.total(), summary.threads[0].life.0);
    assert_close(seconds(&summary, 1, State::OnCpu), 5.0);
}

#[test]
fn a_part_of_the_run_has_its_part_of_the_counters() {
    let run = watch("main: on_cpu 4, sleeping 4, on_cpu 2, counted 6.6 0");
    let summary =
        ProgramSummary::between(&run, Nanos::from_millis(2_000), Nanos::from_millis(6_000));
    let summary = summary.unwrap();
    assert_close(seconds(&summary, 1, State::OnCpu), 2.2);
    assert_close(seconds(&summary, 1, State::Sleeping), 1.8);
    assert_close(summary.totals.on_cpu_cores, 0.55);
}

#[test]
fn a_thread_on_the_lane_of_another_inherits_nothing() {
    let run = watch(
        "pool-1: computing 1 in work a.py:1, lock_wait 1 futex:mutex>pool-2
         pool-2@2: on_cpu 1, lock_wait 1",
    );
    assert_eq!(run.lanes().iter().filter(|lane| lane.attempt_count() > 0).count(), 1);
    let summary = ProgramSummary::new(&run, Nanos::ZERO).unwrap();
    let [first, second] = &summary.threads[..] else { panic!("two threads") };
    assert_eq!((first.functions.len(), first.waits.len()), (1, 1));
    assert_eq!((second.functions.len(), second.waits.len()), (0, 0));
}

#[test]
fn the_dead_hold_no_gil() {
    let mut table = "python 3.12\na: computing 1\nb: sleeping 4".to_owned();
    let mut program = ScriptedProgram::new(&table);
    program
        .events
        .retain(|event| !matches!(event.kind, threadline::model::EventKind::GilReleased { .. }));
    let run = program.run();
    let summary = ProgramSummary::new(&run, Nanos::ZERO).unwrap();
    assert_close(summary.gils[0].held, 0.25);
    table.push_str("\nuntil 4");
    let held = ProgramSummary::new(&watch(&table), Nanos::ZERO).map(|one| one.gils[0].held);
    assert_close(held.unwrap(), 0.25);
}

#[test]
fn each_interpreter_has_a_gil_and_a_free_threaded_one_has_none() {
    let run = watch(
        "python 3.12 100
         python 3.13 200 free-threaded
         python 3.11 300
         a#100: computing 1, sleeping 1
         b#200: on_cpu 2
         c#300: 2x [computing 0.5, lock_wait 0.5 futex:GIL]",
    );
    let summary = ProgramSummary::new(&run, Nanos::ZERO).unwrap();
    let gils: Vec<(InterpreterId, f64, f64)> =
        summary.gils.iter().map(|gil| (gil.interpreter, gil.held, gil.waiters_mean)).collect();
    assert_eq!(gils, [(InterpreterId(0), 0.5, 0.0), (InterpreterId(2), 0.5, 0.5)]);
}

#[test]
fn the_self_check_sees_counters_that_contradict_the_records() {
    let agreeing = watch("main: 100x [on_cpu 0.01, sleeping 0.01], counted 1.0015 0");
    let check = SelfCheck::of_run(&agreeing).unwrap();
    assert!(check.on_cpu_agrees() && check.sum_agrees(), "{check:?}");
    let differing = watch("main: 100x [on_cpu 0.01, sleeping 0.01], counted 1.5 0");
    let check = SelfCheck::of_run(&differing).unwrap();
    assert!(!check.on_cpu_agrees() && !check.sum_agrees(), "{check:?}");
    assert!(check.texts()[0].ends_with("1.500 s by counters: they differ"), "{check:?}");
}

/// A thread's line: random states and reasons, and counters near to them.
fn thread_line() -> impl Strategy<Value = String> {
    let states = prop::sample::select(vec![
        "computing",
        "native",
        "no_core",
        "waiting",
        "lock_wait",
        "parked",
        "sleeping",
        "events",
        "blocked",
        "stopped",
        "lost",
    ]);
    let steps = prop::collection::vec((states, 1..900_u32, 0..4_u8), 1..12);
    let counted = prop::option::of((0..9_000_u32, 0..9_000_u32));
    (steps, counted, any::<bool>()).prop_map(|(steps, counted, lives)| {
        let step = |(state, millis, reason): (&str, u32, u8)| {
            let reason = match reason {
                _ if state == "lost" => "",
                1 => " futex:GIL>t1",
                2 => " futex:mutex>t2",
                3 => " read in work a.py:7",
                _ => "",
            };
            format!("{state} {:.3}{reason}", f64::from(millis) / 1e3)
        };
        let mut steps: Vec<String> = steps.into_iter().map(step).collect();
        let milli = |millis: u32| f64::from(millis) / 1e3;
        let counted = counted.map(|(on, no)| format!("counted {} {}", milli(on), milli(no)));
        steps.extend(counted);
        steps.extend(lives.then(|| "lives".to_owned()));
        steps.join(", ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn seconds_add_up_to_lives_and_shares_are_shares(
        lines in prop::collection::vec((thread_line(), 0..4_000_u32), 1..6),
        part in (0..9_000_u64, 0..9_000_u64),
    ) {
        let lines = (1..).zip(lines).map(|(n, (steps, born))| {
            format!("t{n}@{}: {steps}\n", f64::from(born) / 1e3)
        });
        let run = watch(&format!("python 3.12\n{}", lines.collect::<String>()));
        let (a, b) = (part.0.min(part.1), part.0.max(part.1));
        let part = ProgramSummary::between(&run, Nanos::from_millis(a), Nanos::from_millis(b));
        for summary in [ProgramSummary::new(&run, Nanos::ZERO).unwrap(), part.unwrap()] {
            for thread in &summary.threads {
                prop_assert_eq!(thread.times.total(), thread.life.0, "{:?}", thread);
                prop_assert!(thread.times.spent().all(|(state, _)| THREAD_STATES.contains(&state)));
                let waits: u64 = thread.waits.iter().map(|wait| wait.time.0).sum();
                prop_assert!(waits <= thread.life.0);
                let shares: f64 = thread.functions.iter().map(|function| function.share).sum();
                prop_assert!((0.0..=1.000_001).contains(&shares), "{}", shares);
            }
            for gil in &summary.gils {
                let held: f64 = gil.holders.iter().map(|(_, share)| share).sum();
                prop_assert!((0.0..=1.0).contains(&gil.held), "{}", gil.held);
                prop_assert!((held - gil.held).abs() < 1e-9, "{} {}", held, gil.held);
            }
            prop_assert!(summary.totals.threads_peak <= summary.totals.threads_born);
        }
    }
}
