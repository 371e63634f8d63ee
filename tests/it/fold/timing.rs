//! Service and response times of requests, and summaries of a time range.

use proptest::prelude::*;
use threadline::analysis::stats::Quantiles;
use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, Gap, GapScope, LaneId, Losses, Nanos, Plan,
    Product, ResponseSummary, Run, RunOutcome, Span, State, TaskId, TaskOutcome,
};

use super::config;
use super::event_history::{cpu_plan, event_history, plan};
use super::lane_oracle::{LaneOracle, lane_actions};
use threadline::analysis::latency::{self, LatencySummary};

/// A run with helpers that apply timed events.
struct TimedRun(Run);

impl TimedRun {
    fn new(plan: &Plan) -> Self {
        let mut timed_run = Self(Run::opened(plan.clone()));
        timed_run.apply(0, 0, EventKind::RunStarted { plan: plan.clone() });
        timed_run
    }

    fn apply(&mut self, at: u64, lane: u16, kind: EventKind) {
        self.0.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind });
    }

    fn enter(&mut self, at: u64, lane: u16, state: State) {
        self.apply(at, lane, EventKind::StateEntered { state });
    }

    /// Fetches a page from `at` on, and returns the end: 1 ns to prepare, 10 to wait, 5 to receive
    /// and 2 to parse.
    fn fetch_page(&mut self, at: u64, lane: u16, task: u32) -> u64 {
        self.apply(at, lane, EventKind::TaskStarted { task: TaskId(task) });
        self.finish_page(at, lane, task)
    }

    fn finish_page(&mut self, at: u64, lane: u16, task: u32) -> u64 {
        self.enter(at + 1, lane, State::Waiting);
        self.enter(at + 11, lane, State::Receiving);
        self.enter(at + 16, lane, State::Computing);
        let response = Some(ResponseSummary { status: 200, bytes: 9, connected: false });
        let outcome = TaskOutcome::Done(Completion { response, product: Product::PastLastPage });
        self.apply(at + 18, lane, EventKind::TaskFinished { task: TaskId(task), outcome });
        at + 18
    }

    fn compute_value(&mut self, at: u64, duration: u64, lane: u16, task: u32) {
        self.apply(at, lane, EventKind::TaskStarted { task: TaskId(task) });
        let outcome = TaskOutcome::Done(Completion { response: None, product: Product::Value(1) });
        self.apply(at + duration, lane, EventKind::TaskFinished { task: TaskId(task), outcome });
    }

    /// Returns the service and response time of the attempt on a lane at a moment.
    fn times(&self, lane: usize, at: u64) -> (Option<u64>, Option<u64>) {
        let lane = &self.0.lanes()[lane];
        let span = lane.span_at(Nanos(at)).unwrap();
        let (service, response) = (
            latency::service_time(&self.0, lane, &span),
            latency::response_time(&self.0, lane, &span),
        );
        (service.map(|time| time.0), response.map(|time| time.0))
    }
}

#[test]
fn service_time_starts_with_the_request_and_response_time_in_the_queue() {
    let mut timed_run = TimedRun::new(&plan(1, 2));
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 2 });
    let next = timed_run.fetch_page(100, 0, 1);
    timed_run.apply(next, 0, EventKind::TaskCountChanged { tasks: 3 });
    let last = timed_run.fetch_page(next, 0, 2);
    timed_run.fetch_page(last, 0, 3);
    assert_eq!(timed_run.times(0, 100), (Some(15), Some(116)));
    assert_eq!(timed_run.times(0, next), (Some(15), Some(next + 16)));
    assert_eq!(
        timed_run.times(0, last),
        (Some(15), Some(last + 16 - next)),
        "queued since its discovery"
    );
    timed_run.apply(500, 0, EventKind::TaskStarted { task: TaskId(4) });
    timed_run.enter(510, 0, State::Waiting);
    assert_eq!(timed_run.times(0, 505), (None, None), "the attempt is not over");
    assert_eq!(timed_run.0.timing().enqueue_time(TaskId(4)), None, "the task was never announced");
}

#[test]
fn response_time_of_a_retried_page_ends_with_its_last_attempt() {
    let mut timed_run = TimedRun::new(&plan(1, 1));
    let task = TaskId(1);
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 1 });
    timed_run.apply(10, 0, EventKind::TaskStarted { task });
    timed_run.enter(11, 0, State::Waiting);
    let failure = Failure::new(FailureKind::Server, "502");
    timed_run.apply(21, 0, EventKind::AttemptFailed { task, failure, retry_at: Nanos(50) });
    timed_run.apply(50, 0, EventKind::TaskRetried { task });
    timed_run.finish_page(50, 0, 1);
    assert_eq!(timed_run.times(0, 50), (Some(15), Some(66)));
    assert_eq!(timed_run.times(0, 15).0, Some(10), "the failed attempt ends at its failure");
    let times = LatencySummary::between(&timed_run.0, Nanos::ZERO, Nanos(100));
    let [service, response] = [times.service, times.response].map(Option::unwrap);
    assert_eq!((service.count, service.max, response.max), (1, Nanos(15), Nanos(66)));
}

#[test]
fn latency_summary_counts_only_tasks_that_ended_in_the_range() {
    let mut timed_run = TimedRun::new(&cpu_plan(2, 4));
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 4 });
    for (at, duration, lane, task) in [(0, 10, 0, 1), (0, 20, 1, 2), (10, 30, 0, 3), (20, 5, 1, 4)]
    {
        timed_run.compute_value(at, duration, lane, task);
    }
    let count = |from, to| {
        let times = LatencySummary::between(&timed_run.0, Nanos(from), Nanos(to));
        times.service.map_or(0, |service| service.count)
    };
    assert_eq!(
        [count(0, 40), count(0, 10), count(10, 25), count(9, 10), count(26, 39), count(40, 99)],
        [4, 1, 2, 1, 0, 0]
    );
    assert_eq!(timed_run.0.state_times_between(Nanos(5), Nanos(15))[State::Computing], 20);
}

#[test]
fn latency_summary_samples_very_many_requests() {
    let tasks = 10_000;
    let mut timed_run = TimedRun::new(&cpu_plan(3, tasks));
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks });
    for task in 0..tasks {
        let at = u64::from(task / 3) * 100;
        timed_run.compute_value(at, 1 + u64::from(task % 100), (task % 3) as u16, task + 1);
    }
    let times = LatencySummary::between(&timed_run.0, Nanos::ZERO, Nanos::MAX);
    let service = times.service.unwrap();
    assert_eq!(times.sample_stride, 10);
    assert!((800..=1_000).contains(&service.count), "{}", service.count);
    assert!((45..55).contains(&service.p50.0) && service.p95.0 > 90, "{service:?}");
}

#[test]
fn p99_needs_at_least_100_values() {
    let quantiles =
        |n: u64| Quantiles::from_values(&mut (1..=n).rev().map(Nanos).collect::<Vec<_>>());
    assert_eq!(quantiles(0), None);
    assert_eq!(quantiles(99).unwrap().p99, None);
    let hundred = Quantiles {
        count: 100,
        p50: Nanos(50),
        p95: Nanos(95),
        p99: Some(Nanos(99)),
        max: Nanos(100),
    };
    assert_eq!(quantiles(100), Some(hundred));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn range_summary_matches_the_oracle(
        actions in lane_actions(),
        a in 0..3_000_u64,
        width in 1..500_u64,
    ) {
        let oracle = LaneOracle::new(&actions);
        let (a, b) = (a.min(oracle.now), (a + width).min(oracle.now));
        let lane = &oracle.lane;
        let states: Vec<State> = (a..b).map(|t| lane.state_at(Nanos(t))).collect();
        prop_assert_eq!(&states, &oracle.states[a as usize..b.max(a) as usize]);
        if a >= b {
            return Ok(());
        }
        let summary = lane.summarize_range(Nanos(a), Nanos(b));
        prop_assert_eq!(summary.errors > 0, oracle.failed(a, b));
        if summary.changes == 0 {
            prop_assert!(states.iter().all(|state| *state == states[0]));
        }
        let all = oracle.changes.iter().filter(|&&at| (a..b).contains(&at)).count();
        // A start during a task counts twice: as the end of the one and the start of the other.
        prop_assert!(summary.changes <= 2 * all, "{} {all}", summary.changes);
        // A span of zero length at the border may count in both ranges.
        let lasting = |span: &Span| span.end.is_none_or(|end| end.0 > a && end > span.start);
        let least = lane.spans().filter(|span| span.start.0 < b && lasting(span)).count();
        let most = lane.spans().filter(|span| span.start.0 < b && span.end.is_none_or(|end| end.0 >= a));
        prop_assert!((least..=most.count()).contains(&summary.attempts));
    }

    #[test]
    fn service_time_exceeds_neither_the_span_nor_the_response_time(history in event_history()) {
        let mut run = Run::opened(history.plan.clone());
        history.steps.iter().for_each(|step| run.apply(&step.event));
        run.apply(&Event { at: Nanos(0), lane: LaneId(0), kind: EventKind::RunFinished { outcome: RunOutcome::Stopped, machine_load: None } });
        let times = LatencySummary::between(&run, Nanos::ZERO, Nanos::MAX);
        prop_assert_eq!(times.sample_stride, 1);
        for lane in run.lanes() {
            for span in lane.spans() {
                let Some(service) = latency::service_time(&run, lane, &span) else { continue };
                prop_assert!(service <= span.end.unwrap().since(span.start));
                if let Some(response) = latency::response_time(&run, lane, &span) {
                    prop_assert!(response >= service);
                }
            }
        }
        if let (Some(service), Some(response)) = (times.service, times.response) {
            prop_assert!(service.p50 <= service.p95 && service.p95 <= service.max);
            prop_assert!(service.max <= response.max);
        }
    }
}

/// The time of a gap belongs to no state that the lane had before or after it.
#[test]
fn gap_is_unknown_until_the_next_event_of_the_lane() {
    for (scope, others) in [(GapScope::Lane, 0), (GapScope::Run, 30)] {
        let mut timed_run = TimedRun::new(&cpu_plan(2, 1));
        let task = TaskId(1);
        timed_run.apply(10, 0, EventKind::TaskStarted { task });
        let gap = Gap { from: Nanos(20), to: Nanos(30), lost: 3, scope };
        timed_run.apply(30, 0, EventKind::Gap(gap));
        timed_run.apply(40, 0, EventKind::StateEntered { state: State::Native });
        timed_run.apply(50, 0, EventKind::TaskFinished { task, outcome: TaskOutcome::Stopped });
        let [lane, other] = timed_run.0.lanes() else { panic!("two lanes") };
        let times = lane.state_times_between(Nanos::ZERO, Nanos(50));
        let spent: Vec<(State, u64)> = times.spent().collect();
        let expected =
            [(State::Idle, 10), (State::Computing, 10), (State::Native, 10), (State::Unknown, 20)];
        assert_eq!(spent, expected);
        assert_eq!(other.time_in(State::Unknown, Nanos(50)), Nanos(others));
        let losses = Losses { gaps: 1, events: 3, time: Nanos(10) };
        assert_eq!(timed_run.0.timing().losses(), losses);
    }
}
