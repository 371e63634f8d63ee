//! The plain and the JSON report of CPU workloads.

use serde_json::{Value, json};
use threadline::model::{
    Completion, ComputeSpec, Event, EventKind, Failure, FailureKind, LaneId, Mode, Nanos, Plan,
    Product, Run, RunOutcome, Simulation, TaskId, TaskOutcome, WorkSpec,
};
use threadline::report::json::JsonReport;
use threadline::report::plain;

use crate::fabricated_runs::{computed, failure, not_begun};

fn report(runs: &[Run], cores: Option<u16>) -> String {
    let mut out = Vec::new();
    plain::write(&mut out, None, runs, cores).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn report_of_a_complete_race() {
    let values = [7, 8, 9, 10];
    let race = Mode::ALL.map(|mode| {
        let workers = if mode == Mode::Sequential { 1 } else { 2 };
        computed(mode, workers, &values)
    });
    assert_eq!(
        report(&race, Some(2)),
        "\
single_threaded time(sec): 4.0
multi_threaded time(sec): 2.0
multi_threaded_gil time(sec): 4.0
multi_process time(sec): 2.4

2 GIL threads were no faster (1.00x): each waited for the GIL 33 % of the time; without a GIL 2.0x, processes 1.67x, on 2 cores.
All 4 modes got the same 4 results. Next: slow motion (--simulate), native code (--workload native)

cpu: 4 tasks of about 150 ms each (9000000 turns); switch interval 5.0 ms; on 2 cores

mode                 elapsed  tasks  tasks/s   median  speed-up  efficiency
sequential           4.000 s    4/4     1.00  1.000 s         -           -
threads (no GIL) x2  2.000 s    4/4     2.00  1.000 s     2.00x       100 %
GIL threads x2       4.000 s    4/4     1.00  1.000 s     1.00x        50 %
processes x2         2.400 s    4/4     1.67  1.100 s     1.67x        83 %

GIL          held 100 % of the time, 0.5 threads waiting on average, 1 switches/s, longest hold 1.000 s by worker-1
GIL cost     2.000 s of waiting, summed over all threads
processes    400 ms to start, 400 ms to hand over tasks and results, summed over all processes
"
    );
}

#[test]
fn differing_values_are_reported() {
    let runs = [computed(Mode::Sequential, 1, &[1, 2, 3]), computed(Mode::Threads, 3, &[1, 5, 4])];
    let line = "The modes disagree on 2 results, a bug in threadline, please report it; ";
    assert!(report(&runs, None).contains(line), "{}", report(&runs, None));
}

#[test]
fn single_mode_has_no_comparison() {
    let report = report(&[computed(Mode::Gil, 2, &[1, 2])], None);
    assert!(
        report.starts_with("multi_threaded_gil time(sec): 2.0\n\n2 tasks done in "),
        "{report}"
    );
    assert!(!report.contains("same"), "{report}");
    assert!(report.contains(
        "GIL threads x2  2.000 s    2/2     1.00  1.000 s  1.000 s         -           -\n"
    ));
}

#[test]
fn task_description_names_size_and_machine() {
    let first = |work: WorkSpec| {
        let mut run = Run::opened(Plan::new(work, Mode::Sequential, 1, 1));
        let plan = run.plan().clone();
        run.apply(&Event {
            at: Nanos::ZERO,
            lane: LaneId(0),
            kind: EventKind::RunStarted { plan },
        });
        let report = report(&[run], Some(4));
        report.lines().nth(2).unwrap().to_owned()
    };
    let usual = ComputeSpec { size: Nanos::from_millis(1_500), ..ComputeSpec::default() };
    assert_eq!(
        first(WorkSpec::Mixed(usual)),
        "mixed: 1 task of about 1.500 s each, 30 % of it CPU work; switch interval 5.0 ms; on 4 cores"
    );
    let simulation = Some(Simulation { seed: 7, cores: 1 });
    assert_eq!(
        first(WorkSpec::Native(ComputeSpec { turns: 5, simulation, ..usual })),
        "native: 1 task of about 1.500 s each (5 turns); switch interval 5.0 ms; simulated on 1 \
         core, seed 7"
    );
}

#[test]
fn crashed_process_and_mode_that_did_not_run_are_reported() {
    let sequential = computed(Mode::Sequential, 1, &[1, 2]);
    let plan = Plan::new(sequential.plan().work.clone(), Mode::Processes, 1, 2);
    let mut run = Run::opened(plan.clone());
    let failure = |message: &str| Failure::new(FailureKind::Worker, message);
    let lost = TaskOutcome::Requeued(failure("killed"));
    let task = TaskId(1);
    for kind in [
        EventKind::RunStarted { plan },
        EventKind::TaskStarted { task },
        EventKind::TaskFinished { task, outcome: lost },
        EventKind::RunFinished {
            outcome: RunOutcome::Failed(failure("no worker process starts; see why")),
            machine_load: None,
        },
    ] {
        run.apply(&Event { at: Nanos::ZERO, lane: LaneId(0), kind });
    }
    let report = report(&[sequential, run], None);
    let end = "\
lost         in processes x1, 1 worker process died; its task was retried
processes x1 0 of 2 tasks done; no worker process starts; see why
";
    assert!(report.ends_with(end), "{report}");
    assert!(report.contains("\nNot compared: a run is incomplete; "), "{report}");
    let stopped = not_begun(Mode::Processes);
    let report =
        super::computed_report::report(&[computed(Mode::Sequential, 1, &[1]), stopped], None);
    assert!(report.contains("multi_process time(sec): not run\n"), "{report}");
}

fn document(runs: &[Run], cores: Option<u16>) -> Value {
    let mut out = Vec::new();
    JsonReport::from_runs(None, runs, cores).write(&mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn gil_usage_is_reported() {
    let values = [1, 2, 3, 4];
    let runs = [computed(Mode::Sequential, 1, &values), computed(Mode::Gil, 2, &values)];
    let report = document(&runs, Some(2));
    let gil = json!({
        "held": 1.0, "mean_waiters": 0.5, "switches": 3, "switches_per_second": 0.75,
        "longest_hold": { "lane": 0, "start_s": 0.0, "length_s": 1.0 },
        "cost_s": 2.0, "violations": 0,
    });
    assert_eq!((&report["runs"][0]["gil"], &report["runs"][1]["gil"]), (&Value::Null, &gil));
    let against = json!({
        "speed_up": 1.0, "efficiency": 0.5, "verdict": "same", "only_sequential": 0,
        "only_here": 0,
    });
    assert_eq!(report["runs"][1]["against_sequential"], against);
    let compute = json!({
        "size_s": 0.15, "turns": 9_000_000, "share": null, "switch_interval_s": 0.005,
        "cores": 2, "seed": null,
    });
    assert_eq!(report["compute"], compute);
}

#[test]
fn process_crash_is_a_lost_attempt() {
    let work = computed(Mode::Processes, 2, &[9]).plan().work.clone();
    let plan = Plan::new(work, Mode::Processes, 2, 1);
    let mut run = Run::opened(plan.clone());
    let task = TaskId(1);
    let value = Completion { response: None, product: Product::Value(u64::MAX) };
    let (lost, done) =
        (TaskOutcome::Requeued(failure(FailureKind::Worker)), TaskOutcome::Done(value));
    for (at, lane, kind) in [
        (0, 0, EventKind::RunStarted { plan }),
        (0, 0, EventKind::ProcessStarted { pid: 70 }),
        (0, 1, EventKind::ProcessStarted { pid: 71 }),
        (1, 0, EventKind::TaskStarted { task }),
        (2, 0, EventKind::TaskFinished { task, outcome: lost }),
        (2, 0, EventKind::ProcessStarted { pid: 72 }),
        (3, 1, EventKind::TaskStarted { task }),
        (4, 1, EventKind::TaskFinished { task, outcome: done }),
        (4, 0, EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None }),
    ] {
        run.apply(&Event { at: Nanos::from_millis(at * 1_000), lane: LaneId(lane), kind });
    }
    let report = document(&[run], None);
    let run = &report["runs"][0];
    assert_eq!(
        (&run["lost"], &run["attempts"], &run["whole"]),
        (&json!(1), &json!(2), &json!(true))
    );
    assert_eq!(
        (&run["lanes"][0]["pids"], &run["lanes"][1]["pids"]),
        (&json!([70, 72]), &json!([71]))
    );
    let attempt = |place: usize| {
        let task = &run["tasks"][place];
        ["task", "attempt", "lane", "outcome", "value"].map(|key| task[key].clone())
    };
    assert_eq!(json!(attempt(0)), json!([1, 1, 0, "lost", null]));
    assert_eq!(json!(attempt(1)), json!([1, 2, 1, "done", "ffffffffffffffff"]));
    assert_eq!(run["tasks"][0]["error"]["kind"], "worker");
}

#[test]
fn simulated_machine_replaces_the_real_one() {
    let simulation = Some(Simulation { seed: 7, cores: 3 });
    let work = WorkSpec::Mixed(ComputeSpec { simulation, ..ComputeSpec::default() });
    let run = Run::opened(Plan::new(work, Mode::Gil, 1, 1));
    let compute = &document(&[run], Some(2))["compute"];
    assert_eq!(
        (&compute["cores"], &compute["seed"], &compute["share"]),
        (&json!(3), &json!(7), &json!(30))
    );
}
