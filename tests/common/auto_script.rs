//! Fabricates the events of a run that adapts its concurrency, at a service that works on eight
//! requests at once, each for 50 ms.

use std::collections::VecDeque;
use std::sync::Arc;

use threadline::model::{
    ChangeReason, Completion, Event, EventKind, Follower, LaneId, Nanos, Plan, Product,
    ResponseSummary, RunOutcome, State, TaskId, TaskOutcome,
};

/// The changes of the concurrency: the time in milliseconds, the new number of requests in flight,
/// and the reason.
const CHANGES: [(u64, u16, ChangeReason); 5] = [
    (0, 4, ChangeReason::Start),
    (52, 8, ChangeReason::NoQueue { tenths: 0 }),
    (104, 16, ChangeReason::NoQueue { tenths: 2 }),
    (209, 10, ChangeReason::Queue { tenths: 54 }),
    (312, 9, ChangeReason::Queue { tenths: 23 }),
];

/// The number of requests that the service works on at once.
const CAPACITY: usize = 8;

/// The time that a request takes at the service, and the time to parse a response, in milliseconds.
const SERVICE_TIME: u64 = 50;
const PARSE: u64 = 1;

/// Returns the events of a run of `plan`, in order.
pub(super) fn events(plan: &Plan) -> VecDeque<Event> {
    let event =
        |at: u64, lane: u16, kind| Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind };
    let mut events: Vec<Event> =
        plan.opening().map(|(lane, kind)| event(0, lane.0, kind)).collect();
    events.push(event(0, 0, EventKind::TaskCountChanged { tasks: plan.tasks }));
    let change = |(time, in_flight, reason)| {
        event(time, 0, EventKind::ConcurrencyChanged { in_flight, reason })
    };
    let mut free: Vec<u64> = (0..plan.workers).filter_map(opening_time).collect();
    let mut service = [0; CAPACITY];
    for task in (1..=plan.tasks).map(TaskId) {
        let lanes = free.iter().copied().zip(0_u16..);
        let (sent, lane) = lanes.filter(|&(at, lane)| lane < limit(at)).min().expect("a lane");
        let service_free = service.iter_mut().min().expect("a capacity above 0");
        let answered = sent.max(*service_free) + SERVICE_TIME;
        *service_free = answered;
        let enter = |time, state| event(time, lane, EventKind::StateEntered { state });
        events.push(event(sent, lane, EventKind::TaskStarted { task }));
        events.push(enter(sent, State::Waiting));
        events.push(enter(answered, State::Computing));
        let finished = answered + PARSE;
        free[usize::from(lane)] = finished;
        events.push(event(finished, lane, EventKind::TaskFinished { task, outcome: page(task) }));
    }
    let last = free.iter().max().copied().unwrap_or(0);
    events.extend(CHANGES.into_iter().filter(|&(time, ..)| time < last).map(change));
    events.sort_by_key(|event| event.at);
    events.push(event(
        last,
        0,
        EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
    ));
    events.into()
}

/// Returns the concurrency at a time.
fn limit(at: u64) -> u16 {
    CHANGES.iter().rfind(|(time, ..)| *time <= at).map_or(0, |(_, limit, _)| *limit)
}

/// Returns the time from which a lane may have tasks, or `None` if it never may.
fn opening_time(lane: u16) -> Option<u64> {
    CHANGES.iter().find(|(_, limit, _)| *limit > lane).map(|(time, ..)| *time)
}

fn page(task: TaskId) -> TaskOutcome {
    let id = u64::from(task.0);
    let follower = Follower { id, login: format!("follower-{id}").into(), html_url: "".into() };
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 9_000, connected: false }),
        product: Product::Followers(Arc::new([follower].into_iter().collect())),
    })
}
