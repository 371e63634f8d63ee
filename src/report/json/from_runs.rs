//! Conversions from runs to the types of the JSON report.

use super::{
    AttemptTime, ComparisonReport, ComputeReport, ErrorReport, GilReport, HoldReport, LaneReport,
    LimitChangeReport, MachineReport, RateLimitReport, RunReport, StateSeconds, TargetReport,
    TaskReport,
};
use crate::analysis::stats::Agreement;
use crate::analysis::{Attempt, RateLimitHold};
use crate::model::{
    ChangeReason, Failure, Lane, LimitChange, MachineLoad, Nanos, Plan, ReachedLimit, Run,
    RunOutcome, State, Target,
};
use crate::report::{Comparison, duration_percentiles, run_time};

impl TargetReport {
    pub(super) fn from_target(target: &Target) -> Self {
        let Target { user, api, per_page, costs_quota } = target.clone();
        Self { user, api, per_page, costs_quota }
    }
}

impl RunReport {
    /// Builds the report of one of the runs.
    pub(super) fn from_run(runs: &[Run], run: &Run) -> Self {
        let elapsed = run_time(run);
        let (end, error) = match run.outcome() {
            Some(RunOutcome::Finished) => ("finished", None),
            Some(RunOutcome::Failed(failure)) => {
                ("failed", Some(ErrorReport::from_failure(failure)))
            }
            Some(RunOutcome::Stopped) | None => ("stopped", None),
        };
        let workload = run.plan().workload();
        let (is_fetched, count) = (workload.is_fetched(), run.progress().result_count());
        let waves = run.waves();
        Self {
            mode: run.plan().mode,
            workers: run.plan().workers,
            auto: run.plan().auto,
            allowed: run
                .limits()
                .concurrency_changes()
                .iter()
                .map(LimitChangeReport::from_change)
                .collect(),
            elapsed_s: elapsed.as_secs_f64(),
            tasks_known: run.progress().known_tasks(),
            tasks_done: run.progress().done_tasks(),
            tasks_per_second: run.rate(elapsed),
            followers: workload.has_accounts().then_some(count),
            items: (is_fetched && !workload.has_accounts() && !run.progress().counts_bytes())
                .then_some(count),
            duplicates: is_fetched.then(|| run.progress().duplicate_count()),
            attempts: run.timing().request_count(),
            requests_past_end: run.progress().requests_past_end(),
            retries: run.progress().retry_count(),
            lost: run.processes().requeue_count(),
            workers_missing: run.processes().missing_workers().len(),
            held_back_s: RateLimitHold::of_run(run).map_or(0.0, |hold| hold.time.as_secs_f64()),
            rate_limits: run.limits().reached().iter().map(RateLimitReport::from_limit).collect(),
            last_page_shown: run.progress().last_visible_page().map(|page| page.0),
            bytes: run.progress().bytes(),
            end,
            whole: run.is_complete(),
            error,
            waves: waves.map(|waves| waves.count),
            idle_in_last_wave: waves.map(|waves| waves.idle),
            against_sequential: ComparisonReport::from_run(runs, run),
            machine: run.machine_load().map(MachineReport::from_load),
            gil: GilReport::from_run(run),
            attempt_time: AttemptTime::from_run(run),
            lanes: run.lanes().iter().map(|lane| LaneReport::from_lane(lane, elapsed)).collect(),
            tasks: run.attempts().iter().map(TaskReport::from_attempt).collect(),
        }
    }
}

impl LimitChangeReport {
    fn from_change(change: &LimitChange) -> Self {
        let queue = match change.reason {
            ChangeReason::Queue { tenths } | ChangeReason::NoQueue { tenths } => Some(tenths),
            _ => None,
        };
        Self {
            at_s: change.at.as_secs_f64(),
            in_flight: change.to,
            why: change.reason.label().to_owned(),
            queue: queue.map(|tenths| f64::from(tenths) / 10.0),
        }
    }
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

impl MachineReport {
    fn from_load(load: MachineLoad) -> Self {
        let [own_cores, other_cores, stolen_cores] =
            [load.own_millicores, load.other_millicores, load.stolen_millicores]
                .map(|millicores| f64::from(millicores) / 1_000.0);
        Self { cores: load.cores, own_cores, other_cores, stolen_cores }
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

impl RateLimitReport {
    fn from_limit(limit: &ReachedLimit) -> Self {
        Self { kind: limit.kind, until_s: limit.until.as_secs_f64() }
    }
}

impl AttemptTime {
    pub(super) fn from_run(run: &Run) -> Option<Self> {
        let [min, median, p95, max] = duration_percentiles(run, [0.0, 0.5, 0.95, 1.0])?;
        Some(Self {
            min_s: min.as_secs_f64(),
            median_s: median.as_secs_f64(),
            p95_s: p95.as_secs_f64(),
            max_s: max.as_secs_f64(),
        })
    }
}

impl LaneReport {
    pub(super) fn from_lane(lane: &Lane, elapsed: Nanos) -> Self {
        let sums = lane.state_times_between(Nanos::ZERO, elapsed);
        let seconds = |state: State| Nanos(sums[state]).as_secs_f64();
        Self {
            name: lane.name().to_owned(),
            pids: lane.processes().to_vec(),
            attempts: lane.spans().count(),
            seconds: StateSeconds {
                idle: seconds(State::Idle),
                starting: seconds(State::Starting),
                hand_over: seconds(State::HandOver),
                connecting: seconds(State::Connecting),
                waiting: seconds(State::Waiting),
                receiving: seconds(State::Receiving),
                running: seconds(State::Running),
                computing: seconds(State::Computing),
                native: seconds(State::Native),
                lock_wait: seconds(State::LockWait),
                retry_wait: seconds(State::RetryWait),
                throttled: seconds(State::Throttled),
                unknown: seconds(State::Unknown),
                error: seconds(State::Error),
            },
        }
    }
}

impl TaskReport {
    fn from_attempt(attempt: &Attempt<'_>) -> Self {
        let (span, outcome) = (attempt.span, attempt.outcome());
        let answer = outcome.response();
        let has_accounts = attempt.run.plan().workload().has_accounts();
        let count = attempt.result_count().map(|count| count as u64);
        Self {
            task: span.task.0,
            attempt: span.attempt,
            lane: attempt.lane.0,
            outcome: attempt.outcome_word(),
            status: outcome.status(),
            started_s: span.start.as_secs_f64(),
            finished_s: span.end.map(Nanos::as_secs_f64),
            bytes: answer.map(|answer| answer.bytes),
            followers: count.filter(|_| has_accounts),
            items: count.filter(|_| !has_accounts),
            value: attempt.value(),
            new_connection: answer.map(|answer| answer.connected),
            error: outcome.reported_failure().map(ErrorReport::from_failure),
        }
    }
}

impl ErrorReport {
    pub(super) fn from_failure(failure: &Failure) -> Self {
        Self { kind: failure.kind, message: failure.message.clone() }
    }
}

impl ComparisonReport {
    pub(super) fn from_run(runs: &[Run], run: &Run) -> Option<Self> {
        let Comparison { speed_up, efficiency, agreement, .. } = Comparison::for_run(runs, run)?;
        let (verdict, only_sequential, only_here) = match agreement {
            Agreement::Same { .. } => ("same", Some(0), Some(0)),
            Agreement::Reordered { .. } => ("reordered", Some(0), Some(0)),
            Agreement::Different { only_first, only_second } => {
                ("different", Some(only_first), Some(only_second))
            }
            Agreement::Incomplete => ("incomplete", None, None),
        };
        Some(Self { speed_up, efficiency, verdict, only_sequential, only_here })
    }
}
