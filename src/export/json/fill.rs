//! Fills the JSON report's shape from runs.

use super::{
    AttemptTime, ComparisonReport, ErrorReport, GilReport, LaneReport, ProfileReport,
    RateLimitReport, RunReport, StateSeconds, StepReport, TargetReport, TaskReport,
};
use crate::export::attempt::Attempt;
use crate::export::{Comparison, percentiles, took, waves};
use crate::model::stats::Agreement;
use crate::model::{End, Failure, Lane, Limit, Nanos, Run, State, Target, Workload};

impl TargetReport {
    pub(super) fn of(target: &Target) -> Self {
        let Target { user, api, per_page, costs_quota } = target.clone();
        Self { user, api, per_page, costs_quota }
    }
}

impl ProfileReport {
    pub(super) fn of(run: &Run) -> Self {
        let profile = run.profile();
        Self {
            login: profile.map(|profile| profile.login.clone()),
            followers: profile.map(|profile| profile.followers),
            elapsed_s: took(run).as_secs_f64(),
            error: run.failure().map(ErrorReport::of),
        }
    }
}

impl RunReport {
    /// Of one of the runs.
    pub(super) fn of(runs: &[Run], run: &Run) -> Self {
        let elapsed = took(run);
        let (end, error) = match run.end() {
            Some(End::Finished) => ("finished", None),
            Some(End::Failed(failure)) => ("failed", Some(ErrorReport::of(failure))),
            Some(End::Stopped) | None => ("stopped", None),
        };
        let followers = run.plan().workload() == Workload::Followers;
        let waves = waves(run);
        let lanes = run.lanes().iter().zip(0..);
        Self {
            mode: run.plan().mode,
            workers: run.plan().workers,
            auto: run.plan().auto,
            allowed: StepReport::all(run),
            queue: run.plan().queue,
            elapsed_s: elapsed.as_secs_f64(),
            tasks_known: run.known_tasks(),
            tasks_done: run.done_tasks(),
            tasks_per_second: run.rate(elapsed),
            followers: followers.then(|| run.follower_count()),
            duplicates: followers.then(|| run.duplicates()),
            attempts: run.requests(),
            retries: run.retries(),
            lost: run.lost(),
            workers_missing: run.missing_workers().len(),
            rate_limits: run.limits().iter().map(RateLimitReport::of).collect(),
            last_page_shown: run.last_shown().map(|page| page.0),
            bytes: run.bytes(),
            end,
            whole: run.is_whole(),
            error,
            waves: waves.map(|waves| waves.count),
            idle_in_last_wave: waves.map(|waves| waves.idle),
            against_sequential: ComparisonReport::of(runs, run),
            gil: GilReport::of(run),
            attempt_time: AttemptTime::of(run),
            lanes: lanes.map(|(lane, at)| LaneReport::of(run, lane, at, elapsed)).collect(),
            tasks: Attempt::all(run).iter().map(|one| TaskReport::of(run, one)).collect(),
        }
    }
}

impl RateLimitReport {
    fn of(limit: &Limit) -> Self {
        Self { kind: limit.kind, until_s: limit.until.as_secs_f64() }
    }
}

impl AttemptTime {
    pub(super) fn of(run: &Run) -> Option<Self> {
        let [min, median, p95, max] = percentiles(run, [0.0, 0.5, 0.95, 1.0])?;
        Some(Self {
            min_s: min.as_secs_f64(),
            median_s: median.as_secs_f64(),
            p95_s: p95.as_secs_f64(),
            max_s: max.as_secs_f64(),
        })
    }
}

impl LaneReport {
    pub(super) fn of(run: &Run, lane: &Lane, at: u16, elapsed: Nanos) -> Self {
        let sums = lane.between(Nanos::ZERO, elapsed);
        let seconds = |state: State| {
            sums.get(state as usize).map_or(0.0, |&nanos| Nanos(nanos).as_secs_f64())
        };
        Self {
            name: run.plan().worker_name(at),
            pids: run.processes_on(at).to_vec(),
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
                throttled: seconds(State::Throttled),
                error: seconds(State::Error),
            },
        }
    }
}

impl TaskReport {
    fn of(run: &Run, attempt: &Attempt) -> Self {
        let (span, fate) = (attempt.span, attempt.fate(run));
        let answer = fate.done.as_ref().and_then(|done| done.answer);
        Self {
            task: span.task.0,
            attempt: span.attempt,
            lane: attempt.lane,
            outcome: fate.word,
            status: fate.status(),
            started_s: span.start.as_secs_f64(),
            finished_s: span.end.map(Nanos::as_secs_f64),
            bytes: answer.map(|answer| answer.bytes),
            followers: fate.followers(),
            value: fate.value(),
            new_connection: answer.map(|answer| answer.connected),
            error: fate.error.as_ref().map(ErrorReport::of),
        }
    }
}

impl ErrorReport {
    pub(super) fn of(failure: &Failure) -> Self {
        Self { kind: failure.kind, message: failure.message.clone() }
    }
}

impl ComparisonReport {
    pub(super) fn of(runs: &[Run], run: &Run) -> Option<Self> {
        let Comparison { speed_up, efficiency, agreement } =
            Comparison::against_sequential(runs, run)?;
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
