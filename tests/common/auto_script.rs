//! What happens in a fabricated run that finds out how many workers it needs, at a service that does
//! eight requests at once in 50 ms.

use std::collections::VecDeque;
use std::sync::Arc;

use threadline::model::{
    ChangeReason, Completion, Event, EventKind, Follower, LaneId, Nanos, Plan, Product,
    ResponseSummary, RunOutcome, State, TaskId, TaskOutcome,
};

/// How many may be in flight, from when on in milliseconds, and why.
const STEPS: [(u64, u16, ChangeReason); 5] = [
    (0, 4, ChangeReason::Start),
    (52, 8, ChangeReason::NoQueue { tenths: 0 }),
    (104, 16, ChangeReason::NoQueue { tenths: 2 }),
    (209, 10, ChangeReason::Queue { tenths: 54 }),
    (312, 9, ChangeReason::Queue { tenths: 23 }),
];

const AT_ONCE: usize = 8;

/// How long a request takes there, and its answer's parsing, in milliseconds.
const TAKES: u64 = 50;
const PARSE: u64 = 1;

/// What happens in a run of `plan`, in order.
pub(super) fn events(plan: &Plan) -> VecDeque<Event> {
    let at =
        |at: u64, lane: u16, kind| Event { at: Nanos::from_millis(at), lane: LaneId(lane), kind };
    let mut events = vec![
        at(0, 0, EventKind::RunStarted { plan: plan.clone() }),
        at(0, 0, EventKind::TaskCountChanged { tasks: plan.tasks }),
    ];
    let allowed = |(when, in_flight, reason)| {
        at(when, 0, EventKind::ConcurrencyChanged { in_flight, reason })
    };
    let mut free: Vec<u64> = (0..plan.workers).filter_map(opens).collect();
    let mut served = [0; AT_ONCE];
    for task in (1..=plan.tasks).map(TaskId) {
        let lanes = free.iter().copied().zip(0_u16..);
        let (sent, lane) = lanes.filter(|&(at, lane)| lane < limit(at)).min().expect("a lane");
        let place = served.iter_mut().min().expect("a place");
        let body = sent.max(*place) + TAKES;
        *place = body;
        let enter = |when, state| at(when, lane, EventKind::StateEntered { state });
        events.push(at(sent, lane, EventKind::TaskStarted { task }));
        events.push(enter(sent, State::Waiting));
        events.push(enter(body, State::Computing));
        free[usize::from(lane)] = body + PARSE;
        events.push(at(body + PARSE, lane, EventKind::TaskFinished { task, outcome: page(task) }));
    }
    let last = free.iter().max().copied().unwrap_or(0);
    events.extend(STEPS.into_iter().filter(|&(when, ..)| when < last).map(allowed));
    events.sort_by_key(|event| event.at);
    events.push(at(last, 0, EventKind::RunFinished { outcome: RunOutcome::Finished }));
    events.into()
}

fn limit(at: u64) -> u16 {
    STEPS.iter().rfind(|(when, ..)| *when <= at).map_or(0, |(_, limit, _)| *limit)
}

/// When a lane may have its first task, if ever.
fn opens(lane: u16) -> Option<u64> {
    STEPS.iter().find(|(_, limit, _)| *limit > lane).map(|(when, ..)| *when)
}

fn page(task: TaskId) -> TaskOutcome {
    let id = u64::from(task.0);
    let follower = Follower { id, login: format!("follower-{id}").into(), html_url: "".into() };
    TaskOutcome::Done(Completion {
        response: Some(ResponseSummary { status: 200, bytes: 9_000, connected: false }),
        product: Product::Followers(Arc::new([follower].into_iter().collect())),
    })
}
