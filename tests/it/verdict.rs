//! Conclusions from complete runs: the meaning of their speed-ups, and of different results.

use threadline::analysis::stats::Agreement;
use threadline::analysis::verdict::{Form, Verdict};
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, LaneId, Mode, Nanos, Plan, Product, Run, RunOutcome,
    Simulation, Target, TaskId, TaskKind, TaskOutcome, WorkSpec,
};

/// The time of the sequential run, in nanoseconds.
const BASELINE: f64 = 1e12;

/// Returns a complete run that takes this number of nanoseconds.
fn run(work: &WorkSpec, mode: Mode, workers: u16, tasks: u32, nanos: u64) -> Run {
    let plan = Plan::new(work.clone(), mode, workers, tasks);
    let mut run = Run::opened(plan.clone());
    let product = match work.workload().kind() {
        TaskKind::Page => Product::PastLastPage,
        TaskKind::Computation => Product::Value(1),
        TaskKind::Command => Product::Success,
    };
    let outcome = TaskOutcome::Done(Completion { response: None, product });
    let each = (1..=tasks).map(TaskId).flat_map(|task| {
        let outcome = outcome.clone();
        [EventKind::TaskStarted { task }, EventKind::TaskFinished { task, outcome }]
    });
    let end = EventKind::RunFinished { outcome: RunOutcome::Finished };
    for kind in [EventKind::RunStarted { plan }].into_iter().chain(each).chain([end]) {
        run.apply(&Event { at: Nanos(nanos), lane: LaneId(0), kind });
    }
    assert!(run.is_complete());
    run
}

/// Returns the meaning of these speed-ups of 8 tasks on 4 workers.
fn verdict_text(work: &WorkSpec, speed_ups: &[(Mode, f64)], cores: Option<u16>) -> String {
    verdict_text_for(work, speed_ups, cores, (4, 8))
}

fn verdict_text_for(
    work: &WorkSpec,
    speed_ups: &[(Mode, f64)],
    cores: Option<u16>,
    (workers, tasks): (u16, u32),
) -> String {
    let runs: Vec<Run> = speed_ups
        .iter()
        .map(|&(mode, times)| run(work, mode, workers, tasks, (BASELINE / times).round() as u64))
        .collect();
    let baseline = Some(Nanos(BASELINE as u64));
    let verdict = Verdict { runs: &runs, baseline, agreement: None, cores };
    verdict.interpretation().unwrap_or_default()
}

fn followers() -> WorkSpec {
    WorkSpec::Followers(Target {
        user: "octocat".to_owned(),
        api: Target::BUILT_IN.to_owned(),
        per_page: 30,
        costs_quota: false,
    })
}

fn race(gil: f64, threads: f64, processes: f64) -> [(Mode, f64); 3] {
    [(Mode::Gil, gil), (Mode::Threads, threads), (Mode::Processes, processes)]
}

fn cpu() -> WorkSpec {
    WorkSpec::Cpu(ComputeSpec::default())
}

#[test]
fn cpu_work_gains_only_without_a_shared_gil() {
    assert_eq!(
        verdict_text(&cpu(), &race(0.97, 1.95, 1.9), Some(2)),
        "threads under the GIL: 0.97x, no gain on CPU work; 4 threads without a GIL: 1.95x, \
         4 processes: 1.90x on 2 cores"
    );
    assert_eq!(
        verdict_text(&cpu(), &[(Mode::Gil, 0.97), (Mode::Processes, 1.9)], Some(2)),
        "threads under the GIL: 0.97x, no gain on CPU work; 4 processes: 1.90x on 2 cores"
    );
    assert_eq!(
        verdict_text(&cpu(), &race(1.149, 0.99, 1.14), Some(1)),
        "threads under the GIL: 1.15x, no gain on CPU work; 4 threads without a GIL: 0.99x, \
         4 processes: 1.14x on 1 core, where only one computes at a time"
    );
    assert_eq!(
        verdict_text(&cpu(), &race(1.4, 0.99, 0.8), None),
        "threads under the GIL: 1.40x, more than CPU work allows, so something slowed the \
         sequential run; 4 threads without a GIL: 0.99x, 4 processes: 0.80x, because the cores \
         were busy or the tasks are too short for the overhead of workers"
    );
}

#[test]
fn native_code_gains_under_the_gil() {
    let native = WorkSpec::Native(ComputeSpec::default());
    assert_eq!(
        verdict_text(&native, &[(Mode::Gil, 1.85)], Some(2)),
        "threads under the GIL: 1.85x, because native code releases it"
    );
    assert_eq!(
        verdict_text(&native, &[(Mode::Gil, 1.0), (Mode::Threads, 1.01)], Some(1)),
        "threads under the GIL: 1.00x, no gain although native code releases it; 4 threads \
         without a GIL: 1.01x on 1 core, where only one computes at a time"
    );
}

#[test]
fn mixed_work_is_bounded_by_its_cpu_share() {
    let mixed = |share, speed_up| {
        let work = WorkSpec::Mixed(ComputeSpec { share, ..ComputeSpec::default() });
        verdict_text(&work, &[(Mode::Gil, speed_up)], None)
    };
    assert_eq!(
        mixed(30, 2.4),
        "threads under the GIL: 2.40x of at most 3.33x, because waits overlap but the 30 % CPU \
         work does not"
    );
    assert_eq!(mixed(0, 3.9), "4 threads under the GIL: 3.90x, because waiting releases it");
    assert_eq!(mixed(100, 1.02), "threads under the GIL: 1.02x, no gain on CPU work");
    assert_eq!(
        mixed(50, 2.4),
        "threads under the GIL: 2.40x, more than the 2.00x that 50 % CPU work allows, so \
         something slowed the sequential run"
    );
    assert_eq!(mixed(95, 1.02), "threads under the GIL: 1.02x, no gain with 95 % CPU work");
    assert_eq!(
        mixed(30, 1.1),
        "threads under the GIL: 1.10x, no gain although 30 % CPU work allows 3.33x"
    );
}

#[test]
fn waves_bound_the_speed_up_of_few_tasks() {
    let mixed = WorkSpec::Mixed(ComputeSpec { share: 10, ..ComputeSpec::default() });
    let five = verdict_text_for(&mixed, &[(Mode::Gil, 2.38)], None, (4, 5));
    assert!(
        five.contains("2.38x of at most 2.50x, because waits overlap but the 10 % CPU work"),
        "{five}"
    );
    let one = verdict_text_for(&cpu(), &race(1.0, 1.0, 0.7), Some(2), (4, 1));
    assert_eq!(
        one,
        "threads under the GIL: 1.00x, because one task runs on one thread; 4 threads without a \
         GIL: 1.00x, 4 processes: 0.70x on 2 cores"
    );
    let alone = verdict_text_for(&cpu(), &[(Mode::Gil, 1.0)], Some(2), (1, 8));
    let reason = "because one thread never waits for it";
    assert_eq!(alone, format!("threads under the GIL: 1.00x, {reason}"));
}

#[test]
fn process_overhead_explains_slow_processes() {
    let short = verdict_text(&cpu(), &race(1.0, 1.9, 0.12), Some(2));
    let reason = "4 processes: 0.12x on 2 cores, because the tasks are too short for the overhead \
               of processes";
    assert!(short.ends_with(reason), "{short}");
}

#[test]
fn waiting_releases_the_gil() {
    let work = followers();
    assert_eq!(verdict_text(&work, &[(Mode::Threads, 4.4)], Some(2)), "");
    assert_eq!(
        verdict_text(&work, &[(Mode::Gil, 3.9)], None),
        "4 threads under the GIL: 3.90x, because waiting releases it"
    );
    assert_eq!(
        verdict_text(&work, &[(Mode::Gil, 1.0)], None),
        "4 threads under the GIL: 1.00x, no gain although waiting releases it"
    );
}

#[test]
fn simulated_cores_replace_those_of_this_machine() {
    let machine = Some(Simulation { seed: 1, cores: 8 });
    let work = WorkSpec::Cpu(ComputeSpec { simulation: machine, ..ComputeSpec::default() });
    assert_eq!(
        verdict_text(&work, &[(Mode::Processes, 4.0)], Some(2)),
        "4 processes: 4.00x on 8 cores"
    );
}

#[test]
fn no_runs_give_no_conclusion() {
    assert_eq!(verdict_text(&cpu(), &[], Some(2)), "");
}

#[test]
fn turnover_names_both_directions_with_the_right_number() {
    let runs = [run(&followers(), Mode::Sequential, 1, 1, 1)];
    for (left, joined, words) in [
        (0, 2, "2 followers joined"),
        (0, 1, "1 follower joined"),
        (1, 0, "1 follower left"),
        (7, 0, "7 followers left"),
        (1, 2, "2 followers joined and 1 left"),
        (2, 1, "1 follower joined and 2 left"),
    ] {
        let agreement = Some(Agreement::Different { only_first: left, only_second: joined });
        let verdict = Verdict { runs: &runs, baseline: None, agreement, cores: None };
        let text = verdict.agreement_text(Form::Long);
        assert_eq!(text, Some(format!("{words} between the runs")));
    }
}
