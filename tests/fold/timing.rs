//! How long requests took, to whom; and what a stretch of a lane holds.

use proptest::prelude::*;
use threadline::model::stats::Quantiles;
use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, Nanos, Plan, Product,
    ResponseSummary, Run, RunOutcome, Span, State, TaskId, TaskOutcome,
};

use super::config;
use super::legal::{cpu_plan, event_history, plan};
use super::oracle::{LaneOracle, acts};

/// A run to which things happen.
struct TimedRun(Run);

impl TimedRun {
    fn new(plan: &Plan) -> Self {
        let mut timed_run = Self(Run::new(plan.clone()));
        timed_run.apply(0, 0, EventKind::RunStarted { plan: plan.clone() });
        timed_run
    }

    fn apply(&mut self, at: u64, lane: u16, kind: EventKind) {
        self.0.apply(&Event { at: Nanos(at), lane: LaneId(lane), kind });
    }

    fn enter(&mut self, at: u64, lane: u16, state: State) {
        self.apply(at, lane, EventKind::StateEntered { state });
    }

    /// A request from `at` on: made for 1, out for 10, received for 5, parsed for 2.
    fn page(&mut self, at: u64, lane: u16, task: u32) -> u64 {
        self.apply(at, lane, EventKind::TaskStarted { task: TaskId(task) });
        self.rest_of_page(at, lane, task)
    }

    fn rest_of_page(&mut self, at: u64, lane: u16, task: u32) -> u64 {
        self.enter(at + 1, lane, State::Waiting);
        self.enter(at + 11, lane, State::Receiving);
        self.enter(at + 16, lane, State::Computing);
        let response = Some(ResponseSummary { status: 200, bytes: 9, connected: false });
        let outcome = TaskOutcome::Done(Completion { response, product: Product::PastLastPage });
        self.apply(at + 18, lane, EventKind::TaskFinished { task: TaskId(task), outcome });
        at + 18
    }

    fn value(&mut self, at: u64, took: u64, lane: u16, task: u32) {
        self.apply(at, lane, EventKind::TaskStarted { task: TaskId(task) });
        let outcome = TaskOutcome::Done(Completion { response: None, product: Product::Value(1) });
        self.apply(at + took, lane, EventKind::TaskFinished { task: TaskId(task), outcome });
    }

    /// The service and the response time of what goes on at a moment.
    fn times(&self, lane: usize, at: u64) -> (Option<u64>, Option<u64>) {
        let lane = &self.0.lanes()[lane];
        let span = lane.span_at(Nanos(at)).unwrap();
        let (service, response) =
            (self.0.service_time(lane, &span), self.0.response_time(lane, &span));
        (service.map(|time| time.0), response.map(|time| time.0))
    }
}

#[test]
fn service_is_from_sent_to_body_and_response_from_queued_to_body() {
    let mut timed_run = TimedRun::new(&plan(1, 2));
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 2 });
    let next = timed_run.page(100, 0, 1);
    timed_run.apply(next, 0, EventKind::TaskCountChanged { tasks: 3 });
    let last = timed_run.page(next, 0, 2);
    timed_run.page(last, 0, 3);
    assert_eq!(timed_run.times(0, 100), (Some(15), Some(116)));
    assert_eq!(timed_run.times(0, next), (Some(15), Some(next + 16)));
    assert_eq!(
        timed_run.times(0, last),
        (Some(15), Some(last + 16 - next)),
        "queued when it was known"
    );
    timed_run.apply(500, 0, EventKind::TaskStarted { task: TaskId(4) });
    timed_run.enter(510, 0, State::Waiting);
    assert_eq!(timed_run.times(0, 505), (None, None), "it is not over");
    assert_eq!(timed_run.0.enqueue_time(TaskId(4)), None, "nobody said that it is there");
}

#[test]
fn in_a_queue_with_a_bound_a_task_counts_from_when_it_found_room() {
    let mut timed_run = TimedRun::new(&Plan { queue: Some(1), ..cpu_plan(1, 3) });
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 3 });
    for (at, task) in [(5, 1), (7, 2), (40, 3)] {
        timed_run.apply(at, 0, EventKind::TaskEnqueued { tasks: task });
    }
    let at = [1, 2, 3].map(|task| timed_run.0.enqueue_time(TaskId(task)).map(|at| at.0));
    assert_eq!(at, [Some(5), Some(7), Some(40)]);
    timed_run.value(10, 30, 0, 1);
    assert_eq!(timed_run.times(0, 10), (Some(30), Some(35)));
}

#[test]
fn a_page_that_is_asked_for_again_responds_with_its_last_attempt() {
    let mut timed_run = TimedRun::new(&plan(1, 1));
    let task = TaskId(1);
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 1 });
    timed_run.apply(10, 0, EventKind::TaskStarted { task });
    timed_run.enter(11, 0, State::Waiting);
    let failure = Failure::new(FailureKind::Server, "502");
    timed_run.apply(21, 0, EventKind::AttemptFailed { task, failure, retry_at: Nanos(50) });
    timed_run.apply(50, 0, EventKind::TaskRetried { task });
    timed_run.rest_of_page(50, 0, 1);
    assert_eq!(timed_run.times(0, 50), (Some(15), Some(66)));
    assert_eq!(timed_run.times(0, 15).0, Some(10), "until it failed");
    let times = timed_run.0.latency_summary(Nanos::ZERO, Nanos(100));
    let [service, response] = [times.service, times.response].map(Option::unwrap);
    assert_eq!((service.count, service.max, response.max), (1, Nanos(15), Nanos(66)));
}

#[test]
fn only_what_ended_in_a_range_counts() {
    let mut timed_run = TimedRun::new(&cpu_plan(2, 4));
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks: 4 });
    for (at, took, lane, task) in [(0, 10, 0, 1), (0, 20, 1, 2), (10, 30, 0, 3), (20, 5, 1, 4)] {
        timed_run.value(at, took, lane, task);
    }
    let n = |from, to| {
        let times = timed_run.0.latency_summary(Nanos(from), Nanos(to));
        times.service.map_or(0, |service| service.count)
    };
    assert_eq!([n(0, 40), n(0, 10), n(10, 25), n(9, 10), n(26, 39), n(40, 99)], [4, 1, 2, 1, 0, 0]);
    assert_eq!(timed_run.0.state_times_between(Nanos(5), Nanos(15))[State::Computing as usize], 20);
}

#[test]
fn of_very_many_requests_some_are_looked_at() {
    let tasks = 10_000;
    let mut timed_run = TimedRun::new(&cpu_plan(3, tasks));
    timed_run.apply(0, 0, EventKind::TaskCountChanged { tasks });
    for task in 0..tasks {
        let at = u64::from(task / 3) * 100;
        timed_run.value(at, 1 + u64::from(task % 100), (task % 3) as u16, task + 1);
    }
    let times = timed_run.0.latency_summary(Nanos::ZERO, Nanos::MAX);
    let service = times.service.unwrap();
    assert_eq!(times.sample_stride, 10);
    assert!((800..=1_000).contains(&service.count), "{}", service.count);
    assert!((45..55).contains(&service.p50.0) && service.p95.0 > 90, "{service:?}");
}

#[test]
fn a_slowest_hundredth_needs_a_hundred() {
    let of = |n: u64| Quantiles::from_values(&mut (1..=n).rev().map(Nanos).collect::<Vec<_>>());
    assert_eq!(of(0), None);
    assert_eq!(of(99).unwrap().p99, None);
    let hundred = Quantiles {
        count: 100,
        p50: Nanos(50),
        p95: Nanos(95),
        p99: Some(Nanos(99)),
        max: Nanos(100),
    };
    assert_eq!(of(100), Some(hundred));
}

proptest! {
    #![proptest_config(config())]

    /// What a stretch is said to hold is what counting the nanoseconds finds.
    #[test]
    fn a_stretch_holds_what_happened(acts in acts(), a in 0..3_000_u64, width in 1..500_u64) {
        let told = LaneOracle::new(&acts);
        let (a, b) = (a.min(told.now), (a + width).min(told.now));
        let lane = &told.lane;
        let states: Vec<State> = (a..b).map(|t| lane.state_at(Nanos(t))).collect();
        prop_assert_eq!(&states, &told.states[a as usize..b.max(a) as usize]);
        if a >= b {
            return Ok(());
        }
        let contents = lane.summarize_range(Nanos(a), Nanos(b));
        prop_assert_eq!(contents.errors > 0, told.failed(a, b));
        if contents.changes == 0 {
            prop_assert!(states.iter().all(|state| *state == states[0]));
        }
        let all = told.changes.iter().filter(|&&at| (a..b).contains(&at)).count();
        // Being taken from a task to the next is its end and the next one's start.
        prop_assert!(contents.changes <= 2 * all, "{} {all}", contents.changes);
        // Of those without any length, one at the border may be in both stretches.
        let lasting = |span: &Span| span.end.is_none_or(|end| end.0 > a && end > span.start);
        let least = lane.spans().filter(|span| span.start.0 < b && lasting(span)).count();
        let most = lane.spans().filter(|span| span.start.0 < b && span.end.is_none_or(|end| end.0 >= a));
        prop_assert!((least..=most.count()).contains(&contents.attempts));
    }

    /// All requests that went well are there, and none takes longer than its task.
    #[test]
    fn every_request_that_went_well_has_its_times(history in event_history()) {
        let mut run = Run::new(history.plan.clone());
        history.history_steps.iter().for_each(|history_step| run.apply(&history_step.event));
        run.apply(&Event { at: Nanos(0), lane: LaneId(0), kind: EventKind::RunFinished { outcome: RunOutcome::Stopped } });
        let times = run.latency_summary(Nanos::ZERO, Nanos::MAX);
        prop_assert_eq!(times.sample_stride, 1);
        for lane in run.lanes() {
            for span in lane.spans() {
                let Some(service) = run.service_time(lane, &span) else { continue };
                prop_assert!(service <= span.end.unwrap().since(span.start));
                if let Some(response) = run.response_time(lane, &span) {
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
