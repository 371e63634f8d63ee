//! Fills the JSON report's shape from runs.

use super::{
    AgreementReport, ComparisonReport, ErrorReport, LaneReport, ProfileReport, RateLimitReport,
    RequestTime, RunReport, StateSeconds, TaskReport,
};
use crate::export::{Comparison, percentiles, took, waves};
use crate::model::stats::{self, Agreement};
use crate::model::{
    Done, End, Failure, Lane, Limit, Mode, Nanos, Outcome, Product, Run, Span, State,
};

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
    pub(super) fn of(run: &Run) -> Self {
        let elapsed = took(run);
        let (end, error) = match run.end() {
            Some(End::Finished) => ("finished", None),
            Some(End::Failed(failure)) => ("failed", Some(ErrorReport::of(failure))),
            Some(End::Stopped) | None => ("stopped", None),
        };
        let lanes = run.lanes().iter().zip(0..);
        Self {
            mode: run.plan().mode,
            workers: run.plan().workers,
            elapsed_s: elapsed.as_secs_f64(),
            pages: run.known_tasks(),
            pages_done: run.done_tasks(),
            followers: run.follower_count(),
            duplicates: run.duplicates(),
            requests: run.requests(),
            retries: run.retries(),
            rate_limits: run.limits().iter().map(RateLimitReport::of).collect(),
            last_page_shown: run.last_shown().map(|page| page.0),
            bytes: run.bytes(),
            requests_per_second: run.rate(elapsed),
            end,
            whole: run.is_whole(),
            error,
            request_time: RequestTime::of(run),
            lanes: lanes.map(|(lane, at)| LaneReport::of(run, lane, at, elapsed)).collect(),
            tasks: tasks(run),
        }
    }
}

impl RateLimitReport {
    fn of(limit: &Limit) -> Self {
        Self { kind: limit.kind, until_s: limit.until.as_secs_f64() }
    }
}

impl RequestTime {
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
            tasks: lane.spans().count(),
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

fn tasks(run: &Run) -> Vec<TaskReport> {
    let lanes = run.lanes().iter().zip(0..);
    let spans = lanes.flat_map(|(lane, at)| lane.spans().map(move |span| (at, span)));
    let mut spans: Vec<(u16, Span)> = spans.collect();
    spans.sort_by_key(|(_, span)| (span.task, span.attempt));
    let next = spans.iter().skip(1).map(|(_, span)| span.task).map(Some).chain([None]);
    let requests = spans.iter().zip(next);
    requests
        .map(|(&(lane, span), next)| {
            let is_last = next != Some(span.task);
            TaskReport::of(run, lane, span, is_last)
        })
        .collect()
}

impl TaskReport {
    /// Only the last request of a page comes to what the page came to.
    fn of(run: &Run, lane: u16, span: Span, is_last: bool) -> Self {
        let outcome = run.task(span.task).and_then(|record| record.outcome);
        let failed = run.failed_attempts(span.task).get(span.attempt as usize - 1);
        let (word, done, error) = match (&outcome, failed) {
            (_, Some(attempt)) if !is_last => ("retried", None, Some(&attempt.failure)),
            (Some(Outcome::Done(done)), _) => ("done", Some(done), None),
            (Some(Outcome::Failed(failure)), _) => ("failed", None, Some(failure)),
            (Some(Outcome::Lost(_) | Outcome::Stopped) | None, _) => ("stopped", None, None),
        };
        let answer = done.and_then(|done| done.answer);
        Self {
            page: span.task.0,
            attempt: span.attempt,
            lane,
            outcome: word,
            status: answer.map(|answer| answer.status),
            started_s: span.start.as_secs_f64(),
            finished_s: span.end.map(Nanos::as_secs_f64),
            bytes: answer.map(|answer| answer.bytes),
            followers: done.and_then(followers),
            new_connection: answer.map(|answer| answer.connected),
            error: error.map(ErrorReport::of),
        }
    }
}

fn followers(done: &Done) -> Option<u64> {
    match &done.product {
        Product::Followers(page) => Some(page.len() as u64),
        Product::Profile(_) | Product::NoMore | Product::Value(_) | Product::Success => None,
    }
}

impl ErrorReport {
    pub(super) fn of(failure: &Failure) -> Self {
        Self { kind: failure.kind, message: failure.message.clone() }
    }
}

impl ComparisonReport {
    pub(super) fn of(runs: &[Run]) -> Option<Self> {
        let Comparison { speed_up, efficiency, agreement } = Comparison::of(runs)?;
        let threads = runs.iter().find(|run| run.plan().mode == Mode::Threads)?;
        let stats::Waves { count, idle, .. } = waves(threads);
        Some(Self {
            speed_up,
            efficiency,
            waves: count,
            idle_in_last_wave: idle,
            agreement: AgreementReport::of(agreement),
        })
    }
}

impl AgreementReport {
    pub(super) const fn of(agreement: Agreement) -> Self {
        let (verdict, only_sequential, only_threads) = match agreement {
            Agreement::Same { .. } => ("same", Some(0), Some(0)),
            Agreement::Reordered { .. } => ("reordered", Some(0), Some(0)),
            Agreement::Different { only_first, only_second } => {
                ("different", Some(only_first), Some(only_second))
            }
            Agreement::Incomplete => ("incomplete", None, None),
        };
        Self { verdict, only_sequential, only_threads }
    }
}
