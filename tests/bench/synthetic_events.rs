//! Synthetic runs for benchmarks: any number of events, in chronological order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use threadline::model::{
    Completion, Event, EventKind, Follower, FollowerPage, LaneId, Nanos, Plan, Product, Quota,
    ResponseSummary, RunOutcome, State, TaskId, TaskOutcome,
};

/// The kind of the tasks in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EventMix {
    /// A page of followers on a kept-alive connection: 6 events, 5 state changes.
    Pages,
    /// A task that alternately computes and waits for a lock: 102 events, 102 state changes.
    Turns,
    /// The same under a GIL, which one lane holds at a time: 100 events, 100 state changes.
    Holds,
}

impl EventMix {
    /// Returns the number of events per task.
    pub(crate) const fn events(self) -> u32 {
        match self {
            Self::Pages => 6,
            Self::Turns => 102,
            Self::Holds => 100,
        }
    }
}

/// Returns the events of a run of `plan`, in which each worker does one task after another.
pub(crate) fn events(plan: &Plan, mix: EventMix) -> Vec<Event> {
    if let EventMix::Holds = mix {
        return gil_events(plan);
    }
    let (login, html_url) = ("octocat".into(), "https://github.com/octocat".into());
    let page = Arc::new([Follower { id: 1, login, html_url }].into_iter().collect());
    let count = (LaneId(0), EventKind::TaskCountChanged { tasks: plan.tasks });
    let opening = plan.opening().chain([count]);
    let mut events: Vec<Event> =
        opening.map(|(lane, kind)| Event { at: Nanos::ZERO, lane, kind }).collect();
    let mut rng = fastrand::Rng::with_seed(7);
    // The lanes, ordered by the time of their next event.
    let mut lanes: BinaryHeap<Reverse<(u64, u16)>> =
        (0..plan.workers).map(|lane| Reverse((u64::from(lane) * 1_000, lane))).collect();
    let mut progress = vec![(TaskId(0), 0_u32); usize::from(plan.workers)];
    let mut next = 1;
    while let Some(Reverse((at, lane))) = lanes.pop() {
        let Some((task, step)) = progress.get_mut(usize::from(lane)) else { continue };
        if *step == 0 {
            if next > plan.tasks {
                continue;
            }
            *task = TaskId(next);
            next += 1;
        }
        let (kind, pause) = mix.step(*task, *step, &page, &mut rng);
        events.push(Event { at: Nanos(at), lane: LaneId(lane), kind });
        *step = (*step + 1) % mix.events();
        lanes.push(Reverse((at + pause, lane)));
    }
    let at = events.last().map_or(Nanos::ZERO, |event| event.at);
    events.push(Event {
        at,
        lane: LaneId(0),
        kind: EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None },
    });
    events
}

/// Returns the events of lanes that hold the GIL in turns of about 5 ms.
fn gil_events(plan: &Plan) -> Vec<Event> {
    let slices = EventMix::Holds.events() / 2;
    let mut rng = fastrand::Rng::with_seed(7);
    let mut events = Vec::new();
    let mut at = 0;
    let mut push = |at, lane, kind| events.push(Event { at: Nanos(at), lane: LaneId(lane), kind });
    plan.opening().for_each(|(lane, kind)| push(0, lane.0, kind));
    push(0, 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    let wave = |first: u32| (first..plan.tasks.min(first + u32::from(plan.workers))).zip(0..);
    for first in (0..plan.tasks).step_by(usize::from(plan.workers.max(1))) {
        for slice in 0..slices {
            for (task, lane) in wave(first).map(|(task, lane)| (TaskId(task + 1), lane)) {
                at += rng.u64(1_000..60_000);
                let begin = EventKind::StateEntered { state: State::Computing };
                push(at, lane, if slice == 0 { EventKind::TaskStarted { task } } else { begin });
                at += rng.u64(5_000_000..5_200_000);
                let done = Completion { response: None, product: Product::Value(at) };
                let end = EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) };
                let wait = EventKind::StateEntered { state: State::LockWait };
                push(at, lane, if slice + 1 == slices { end } else { wait });
            }
        }
    }
    push(at, 0, EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None });
    events
}

impl EventMix {
    /// Returns the event of a step of a task, and the time until its next one.
    fn step(
        self,
        task: TaskId,
        step: u32,
        page: &Arc<FollowerPage>,
        rng: &mut fastrand::Rng,
    ) -> (EventKind, u64) {
        let last = self.events() - 1;
        if step == 0 {
            return (EventKind::TaskStarted { task }, 20_000);
        }
        if step == last {
            let product = Product::Followers(Arc::clone(page));
            let done = Completion {
                response: Some(ResponseSummary { status: 200, bytes: 31_500, connected: false }),
                product,
            };
            return (EventKind::TaskFinished { task, outcome: TaskOutcome::Done(done) }, 5_000);
        }
        let entered = |state| EventKind::StateEntered { state };
        match (self, step) {
            (Self::Pages, 1) => (entered(State::Waiting), rng.u64(40_000_000..60_000_000)),
            (Self::Pages, 2) => (entered(State::Receiving), 10_000),
            (Self::Pages, 3) => {
                let quota = Quota { limit: 5_000, remaining: task.0, reset: 1_700_000_000 };
                (EventKind::QuotaReported(quota), rng.u64(1_000_000..8_000_000))
            }
            (Self::Pages, _) => (entered(State::Computing), rng.u64(200_000..600_000)),
            (_, _) if step % 2 == 1 => (entered(State::LockWait), rng.u64(1_000_000..9_000_000)),
            (_, _) => (entered(State::Computing), rng.u64(4_000_000..6_000_000)),
        }
    }
}
