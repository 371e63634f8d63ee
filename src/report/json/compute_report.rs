//! The parts of the JSON report for CPU workloads.

use serde::Serialize;

use crate::model::{Nanos, Plan, Run};
use crate::report::run_time;

/// The CPU work and the machine.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ComputeReport {
    /// The approximate duration of a task that runs alone.
    pub size_s: f64,
    /// The loop iterations of CPU work that take this long; null if they were not calibrated.
    pub turns: Option<u64>,
    /// The percentage of a mixed task that is CPU work.
    pub share: Option<u8>,
    /// The time that a thread waits for the GIL before it requests a switch.
    pub switch_interval_s: f64,
    /// The number of cores of the real or simulated machine; null if unknown.
    pub cores: Option<u16>,
    /// The seed of the simulated machine; null for a real one.
    pub seed: Option<u64>,
}

/// The use of the GIL in a run.
#[derive(Clone, Debug, Serialize)]
pub struct GilReport {
    /// The fraction of time during which a thread held the GIL.
    pub held: f64,
    /// The average number of threads that waited for the GIL.
    pub mean_waiters: f64,
    /// The number of times that the GIL passed to a different thread.
    pub switches: u32,
    /// Switches per second.
    pub switches_per_second: f64,
    /// The longest uninterrupted hold; null if no thread held the GIL.
    pub longest_hold: Option<HoldReport>,
    /// The time that threads waited for the GIL, summed over all threads.
    pub cost_s: f64,
    /// The number of times that a thread took the GIL while another one held it. Anything but 0 is a
    /// bug.
    pub violations: u32,
}

/// A period during which one thread held the GIL.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HoldReport {
    /// The thread as an index into `lanes`.
    pub lane: u16,
    /// The start of the hold.
    pub start_s: f64,
    /// The duration of the hold.
    pub length_s: f64,
}

impl ComputeReport {
    pub(super) fn from_plan(plan: &Plan, cores: Option<u16>) -> Option<Self> {
        let compute = plan.work.compute()?;
        Some(Self {
            size_s: compute.size.as_secs_f64(),
            turns: Some(compute.turns).filter(|&turns| turns > 0),
            share: plan.workload().spec().has_io_share.then_some(compute.share),
            switch_interval_s: compute.switch_interval.as_secs_f64(),
            cores: compute.simulation.map(|machine| machine.cores).or(cores),
            seed: compute.simulation.map(|machine| machine.seed),
        })
    }
}

impl GilReport {
    pub(super) fn from_run(run: &Run) -> Option<Self> {
        let (gil, took) = (run.gil()?, run_time(run));
        Some(Self {
            held: gil.held_share(took),
            mean_waiters: gil.mean_waiters(took),
            switches: gil.switch_count(),
            switches_per_second: gil.switches_per_second(took),
            longest_hold: gil.longest_hold(took).map(|hold| HoldReport {
                lane: hold.lane.0,
                start_s: hold.start.as_secs_f64(),
                length_s: Nanos::as_secs_f64(hold.length),
            }),
            cost_s: gil.wait_time(took).as_secs_f64(),
            violations: gil.violation_count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::model::{
        Completion, ComputeSpec, Event, EventKind, FailureKind, LaneId, Mode, Nanos, Plan, Product,
        Run, RunOutcome, Simulation, TaskId, TaskOutcome, WorkSpec,
    };
    use crate::report::fixture::{computed, failure};
    use crate::report::json::JsonReport;

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
            (4, 0, EventKind::RunFinished { outcome: RunOutcome::Finished }),
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
}
