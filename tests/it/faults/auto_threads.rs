//! `--threads auto` with failing servers: when the concurrency limit falls, and which lanes work.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::http::RetryPolicy;
use threadline::model::{
    ChangeReason, EventKind, Mode, Nanos, Plan, Run, RunOutcome, State, TaskId,
};

use super::{FaultLauncher, FaultRun, HANG_TIMEOUT, QUIET_PERIOD, RETRY_POLICY, plan};
use crate::peer::{Peer, PeerStep as Reply, response_bytes};

const PAGES: u32 = 40;
const MAX_WORKERS: u16 = 40;

fn auto(mode: Mode) -> Plan {
    Plan { auto: true, mode, ..plan(1, PAGES, MAX_WORKERS) }
}

/// Returns the steps that answer a request for this page.
type ReplyFn = Arc<dyn Fn(u32) -> Vec<Reply> + Send + Sync>;

/// A server that answers each request once the test allows it.
struct HeldServer {
    peer: Peer,
    arrivals: Receiver<u32>,
    replies: Arc<Mutex<ReplyFn>>,
}

fn page(page: u32) -> Vec<Reply> {
    let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
    let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
    vec![Reply::Send(response_bytes(200, &links, body))]
}

impl HeldServer {
    fn new() -> Self {
        let (arrived, arrivals) = unbounded();
        let replies: Arc<Mutex<ReplyFn>> = Arc::new(Mutex::new(Arc::new(page)));
        let shared = Arc::clone(&replies);
        let peer = Peer::start(move |request| {
            let reply = Arc::clone(&shared.lock().unwrap());
            let steps = reply(request.page());
            arrived.send(request.page()).unwrap();
            steps
        });
        Self { peer, arrivals, replies }
    }

    /// Sets the replies to later requests; each message to the returned channel releases one.
    fn set_replies(
        &self,
        replies: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static,
    ) -> Sender<()> {
        let (release, released) = unbounded();
        let held =
            move |page| [vec![Reply::Wait(released.clone())], replies(page)].into_iter().flatten();
        *self.replies.lock().unwrap() = Arc::new(move |page| held(page).collect());
        release
    }

    fn await_requests(&self, count: usize) -> BTreeSet<u32> {
        (0..count).map(|_| self.arrivals.recv_timeout(HANG_TIMEOUT).unwrap()).collect()
    }

    fn assert_no_more_requests(&self) {
        let arrival = self.arrivals.recv_timeout(QUIET_PERIOD);
        assert!(arrival.is_err(), "unexpected request: {arrival:?}");
    }
}

/// Releases the replies to `count` requests.
fn release_replies(release: &Sender<()>, count: u32) {
    (0..count).for_each(|_| release.send(()).unwrap());
}

/// Starts a run whose first four requests are answered after 50 ms, and whose next eight wait for
/// the release of these `replies`.
fn start_with_eight_in_flight(
    server: &HeldServer,
    mode: Mode,
    retry_policy: RetryPolicy,
    replies: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static,
) -> (FaultRun, Sender<()>) {
    let first = server.set_replies(page);
    let fault_run = FaultLauncher::new(&server.peer.url(), retry_policy).start(auto(mode));
    assert_eq!(server.await_requests(4), (1..=4).collect(), "{mode}");
    server.assert_no_more_requests();
    let release = server.set_replies(replies);
    fault_run.move_to(Nanos::from_millis(50));
    release_replies(&first, 4);
    assert_eq!(server.await_requests(8), (5..=12).collect(), "{mode}");
    server.assert_no_more_requests();
    (fault_run, release)
}

fn limit_changes(fault_run: &FaultRun) -> Vec<(u16, ChangeReason)> {
    fault_run
        .run
        .limits()
        .concurrency_changes()
        .iter()
        .map(|change| (change.to, change.reason))
        .collect()
}

fn no_queue() -> ChangeReason {
    ChangeReason::NoQueue { tenths: 0 }
}

#[test]
fn lanes_beyond_the_concurrency_limit_stay_idle() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let server = HeldServer::new();
        let (mut fault_run, release) =
            start_with_eight_in_flight(&server, mode, RETRY_POLICY, page);
        while fault_run.run.started_tasks() < 12 {
            fault_run.next();
        }
        assert_eq!(
            limit_changes(&fault_run),
            [(4, ChangeReason::Start), (8, no_queue())],
            "{mode}"
        );
        let lanes = fault_run.run.lanes();
        assert!(lanes[..4].iter().all(|lane| lane.spans().count() == 2), "{mode}");
        assert!(lanes[4..8].iter().all(|lane| lane.spans().count() == 1), "{mode}");
        let is_opening = |kind: &EventKind| matches!(kind, EventKind::LaneOpened { .. });
        let mut events = fault_run.events.iter().filter(|event| !is_opening(&event.kind));
        assert!(events.all(|event| event.lane.0 < 8), "{mode}: a thread for an idle lane");
        release_replies(&release, PAGES);
        fault_run.run_to_end();
        assert!(fault_run.run.is_complete(), "{mode}: {:?}", fault_run.run.failure());
        let is_throttled =
            |kind: &EventKind| *kind == EventKind::StateEntered { state: State::Throttled };
        assert_eq!(fault_run.event_times(is_throttled), [], "{mode}");
    }
}

/// Eight requests are in flight when they fail one after another.
#[test]
fn failure_of_all_lanes_halves_the_limit_once() {
    let faults: [(fn() -> Reply, ChangeReason); 4] = [
        (|| Reply::Send(response_bytes(429, "retry-after: 60\r\n", "")), ChangeReason::RateLimit),
        (|| Reply::Send(response_bytes(502, "", "")), ChangeReason::ServerError),
        (|| Reply::Reset, ChangeReason::Broken),
        (|| Reply::Stall, ChangeReason::TimedOut),
    ];
    for (fault, reason) in faults {
        let timeout = Duration::from_secs(if reason == ChangeReason::TimedOut { 3 } else { 30 });
        let server = HeldServer::new();
        let (mut fault_run, release) = start_with_eight_in_flight(
            &server,
            Mode::Threads,
            RetryPolicy { timeout, ..RETRY_POLICY },
            move |_| vec![fault()],
        );
        let release_retries = server.set_replies(page);
        release_replies(&release, 8);
        for _ in 0..8 {
            fault_run.wait_for(|event| matches!(event.kind, EventKind::AttemptFailed { .. }));
        }
        assert_eq!(
            limit_changes(&fault_run),
            [(4, ChangeReason::Start), (8, no_queue()), (4, reason)]
        );
        let retry_times = fault_run.run.tasks().iter().filter_map(|(task, _)| {
            fault_run.run.tasks().failed_attempts(task).last().map(|attempt| attempt.retry_at)
        });
        fault_run.move_to(retry_times.max().unwrap());
        server.await_requests(4);
        server.assert_no_more_requests();
        release_replies(&release_retries, PAGES);
        fault_run.run_to_end();
        assert!(fault_run.run.is_complete(), "{reason}: {:?}", fault_run.run.failure());
    }
}

/// The four lanes that wait are as many as the limit allows.
#[test]
fn lanes_that_wait_for_a_retry_release_their_permits() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let failed = Mutex::new(BTreeSet::new());
        let peer = Peer::start(move |request| {
            let number = request.page();
            if number <= 4 && failed.lock().unwrap().insert(number) {
                return vec![Reply::Send(response_bytes(503, "retry-after: 5\r\n", ""))];
            }
            page(number)
        });
        let mut fault_run = FaultLauncher::new(&peer.url(), RETRY_POLICY).start(auto(mode));
        let has_failed = |run: &Run, page| !run.tasks().failed_attempts(TaskId(page)).is_empty();
        // The clock does not move until all other pages are done.
        while fault_run.run.progress().done_tasks() < PAGES - 4
            || !(1..=4).all(|page| has_failed(&fault_run.run, page))
        {
            fault_run.next();
        }
        fault_run.move_to(Nanos::from_millis(5_000));
        fault_run.run_to_end_on_stopped_clock();
        assert!(fault_run.run.is_complete(), "{mode}: {:?}", fault_run.run.failure());
    }
}

#[test]
fn concurrency_is_limited_to_the_remaining_quota() {
    let server = HeldServer::new();
    let release = server.set_replies(|page| {
        let headers = format!(
            "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: {}\r\nx-ratelimit-reset: 1700003600\r\n\
             link: </x?page=4>; rel=\"last\"\r\n",
            4 - page
        );
        let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
        vec![Reply::Send(response_bytes(200, &headers, body))]
    });
    let plan = Plan { tasks: 4, ..auto(Mode::Threads) };
    let mut fault_run = FaultLauncher::new(&server.peer.url(), RETRY_POLICY).start(plan);
    server.await_requests(4);
    release_replies(&release, 4);
    fault_run.run_to_end_on_stopped_clock();
    let last = fault_run.run.limits().concurrency_changes().last().copied().unwrap();
    assert_eq!((last.to, last.reason), (1, ChangeReason::Quota));
}

#[test]
fn stop_ends_lanes_that_wait_for_a_permit() {
    let server = HeldServer::new();
    let (mut fault_run, _release) =
        start_with_eight_in_flight(&server, Mode::Threads, RETRY_POLICY, page);
    fault_run.handle.stop();
    fault_run.run_to_end_on_stopped_clock();
    assert_eq!(fault_run.run.outcome(), Some(&RunOutcome::Stopped));
    let last = fault_run.run.limits().concurrency_changes().last().copied();
    assert_eq!(last.map(|change| change.to), Some(8));
}
