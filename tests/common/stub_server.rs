//! A server on the manual clock that sets a limit to the number of requests: it queues them, refuses them,
//! or answers more slowly. Fabricates the events of runs against it.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use threadline::app::Session;
use threadline::model::{
    Completion, Event, EventKind, Failure, FailureKind, LaneId, LimitKind, Nanos, Plan, Product,
    ReachedLimit, Run, RunOutcome, Selection, Setup, State, SweepSetup, TaskId, TaskOutcome,
    Workload,
};

/// The duration of a limit after a refusal, in microseconds.
const PAUSE: u64 = 1_000_000;

/// A server with its limits. Each request takes `latency` milliseconds, which depends on the number in
/// flight, plus or minus 5 %.
#[derive(Clone, Copy)]
pub(crate) struct StubServer {
    /// The number of requests that it works on at once; the others wait.
    pub(crate) at_once: usize,
    /// The number of requests in flight above which it refuses.
    pub(crate) refuses_above: usize,
    /// The milliseconds of a request by the number in flight.
    pub(crate) latency: fn(usize) -> u64,
    /// The seed of the deviations.
    pub(crate) seed: u64,
}

/// A moment of a run, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    /// A request of a lane is answered, or refused.
    End(u16, bool),
    /// A lane may send its next request.
    Ready(u16),
}

/// A run in progress.
struct StubRun {
    server: StubServer,
    random: fastrand::Rng,
    events: Vec<Event>,
    moments: BinaryHeap<Reverse<(u64, Moment)>>,
    /// The times at which the slots of the server are free.
    slots: Vec<u64>,
    /// The task of each lane.
    tasks: Vec<Option<u32>>,
    next_task: u32,
    last_task: u32,
    in_flight: usize,
    /// The number of requests that may be in flight.
    permits: usize,
    /// The number of answers since that number changed.
    answers: usize,
    /// The lanes that wait for a permit.
    waiting: VecDeque<u16>,
    pause_end: u64,
}

/// Runs a sweep over `pages` pages to its end.
pub(crate) fn sweep_session(server: StubServer, pages: u32, sweep: SweepSetup) -> Session {
    let setup = Setup { sweep, ..Setup::followers(crate::fabricated_runs::target(), None) };
    let mut session = Session::new(setup).with_pages(pages);
    let mut next = session.start_selection(Selection::sweep(Workload::Followers)).pop();
    let mut seed = server.seed;
    while let Some(planned) = next.take() {
        for event in events(StubServer { seed, ..server }, &planned.plan) {
            next = session.apply(planned.run, &event).or(next);
        }
        seed += 1_000;
    }
    assert!(session.active().is_none());
    session
}

/// Returns the events of a run.
fn events(server: StubServer, plan: &Plan) -> Vec<Event> {
    let lanes = usize::from(plan.workers);
    let mut run = StubRun {
        random: fastrand::Rng::with_seed(server.seed),
        slots: vec![0; server.at_once],
        server,
        events: Vec::new(),
        moments: (0..plan.workers).map(|lane| Reverse((0, Moment::Ready(lane)))).collect(),
        tasks: vec![None; lanes],
        next_task: 1,
        last_task: plan.tasks,
        in_flight: 0,
        permits: lanes,
        answers: 0,
        waiting: VecDeque::new(),
        pause_end: 0,
    };
    plan.opening().for_each(|(lane, kind)| run.emit(0, lane.0, kind));
    run.emit(0, 0, EventKind::TaskCountChanged { tasks: plan.tasks });
    let mut end = 0;
    while let Some(Reverse((at, moment))) = run.moments.pop() {
        end = at;
        match moment {
            Moment::Ready(lane) => run.send(at, lane),
            Moment::End(lane, refused) => run.finish(at, lane, refused),
        }
    }
    run.emit(end, 0, EventKind::RunFinished { outcome: RunOutcome::Finished, machine_load: None });
    run.events
}

impl StubRun {
    fn emit(&mut self, at: u64, lane: u16, kind: EventKind) {
        self.events.push(Event { at: Nanos(at * 1_000), lane: LaneId(lane), kind });
    }

    /// Sends the next request of a lane, unless it has to wait.
    fn send(&mut self, at: u64, lane: u16) {
        let retried = self.tasks[usize::from(lane)];
        if retried.is_none() && self.next_task > self.last_task {
            return;
        }
        if at < self.pause_end || self.in_flight >= self.permits {
            if retried.is_none() {
                self.emit(at, lane, EventKind::StateEntered { state: State::Throttled });
            }
            return self.waiting.push_back(lane);
        }
        let task = TaskId(retried.unwrap_or(self.next_task));
        let kind = match retried {
            Some(_) => EventKind::TaskRetried { task },
            None => EventKind::TaskStarted { task },
        };
        self.next_task += u32::from(retried.is_none());
        self.tasks[usize::from(lane)] = Some(task.0);
        self.emit(at, lane, kind);
        self.emit(at, lane, EventKind::StateEntered { state: State::Waiting });
        self.in_flight += 1;
        let end = if self.in_flight > self.server.refuses_above {
            (at + 1_000, Moment::End(lane, true))
        } else {
            let deviation = 0.95 + 0.1 * self.random.f64();
            let latency = (self.server.latency)(self.in_flight) as f64 * 1e3 * deviation;
            let slot = self.slots.iter_mut().min().unwrap();
            *slot = at.max(*slot) + latency as u64;
            (*slot, Moment::End(lane, false))
        };
        self.moments.push(Reverse(end));
    }

    /// Ends the request of a lane. After a refusal, all lanes pause, and half as many requests may be in
    /// flight; one more after each round of answers.
    fn finish(&mut self, at: u64, lane: u16, refused: bool) {
        self.in_flight -= 1;
        let task = TaskId(self.tasks[usize::from(lane)].unwrap());
        if refused {
            if at >= self.pause_end {
                self.pause_end = at + PAUSE;
                (self.permits, self.answers) = ((self.permits / 2).max(1), 0);
                let until = Nanos(self.pause_end * 1_000);
                let limit = ReachedLimit { kind: LimitKind::Secondary, until, until_utc: 0 };
                self.emit(at, lane, EventKind::RateLimited(limit));
            }
            let failure = Failure::new(FailureKind::RateLimited, "refused").with_status(429);
            let retry_at = Nanos(self.pause_end * 1_000);
            self.emit(at, lane, EventKind::AttemptFailed { task, failure, retry_at });
        } else {
            self.tasks[usize::from(lane)] = None;
            let product = Product::Followers(Arc::new([].into_iter().collect()));
            let outcome = TaskOutcome::Done(Completion { response: None, product });
            self.emit(at, lane, EventKind::TaskFinished { task, outcome });
            self.answers += 1;
            if self.answers >= self.permits && self.permits < self.tasks.len() {
                (self.permits, self.answers) = (self.permits + 1, 0);
            }
        }
        let next = at.max(self.pause_end);
        self.moments.push(Reverse((next, Moment::Ready(lane))));
        let waiting = std::mem::take(&mut self.waiting);
        self.moments.extend(waiting.into_iter().map(|lane| Reverse((next, Moment::Ready(lane)))));
    }
}

/// Returns the sweep of a session.
pub(crate) fn sweep_of(session: &Session) -> &threadline::analysis::Sweep {
    session.sweep(Selection::sweep(Workload::Followers)).unwrap()
}

/// Returns the last run of a sweep.
pub(crate) fn last_run(session: &Session) -> &Run {
    &session.runs(Selection::sweep(Workload::Followers))[0]
}
