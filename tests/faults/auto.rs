//! Threads that find out how many they should be: what makes them fewer, and which lanes work.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::github::RetryPolicy;
use threadline::model::{
    ChangeReason, EventKind, Mode, Nanos, Plan, Run, RunOutcome, State, TaskId, Workload,
};

use super::peer::{Peer, PeerStep as Reply, response_bytes};
use super::{FaultLauncher, FaultRun, HANGS, QUIET, RETRY_POLICY, plan};

const PAGES: u32 = 40;
const MAX_WORKERS: u16 = 40;

fn auto(mode: Mode) -> Plan {
    Plan { auto: true, mode, ..plan(Workload::Followers, 1, PAGES, MAX_WORKERS) }
}

/// What is said to a request.
type ReplyFn = Arc<dyn Fn(u32) -> Vec<Reply> + Send + Sync>;

/// A server that answers when the test says so, and what the test says.
struct HeldServer {
    peer: Peer,
    arrivals: Receiver<u32>,
    said: Arc<Mutex<ReplyFn>>,
}

fn page(page: u32) -> Vec<Reply> {
    let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
    let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
    vec![Reply::Send(response_bytes(200, &links, body))]
}

impl HeldServer {
    fn new() -> Self {
        let (arrived, arrivals) = unbounded();
        let said: Arc<Mutex<ReplyFn>> = Arc::new(Mutex::new(Arc::new(page)));
        let says = Arc::clone(&said);
        let peer = Peer::start(move |request| {
            let says = Arc::clone(&says.lock().unwrap());
            let steps = says(request.page());
            arrived.send(request.page()).unwrap();
            steps
        });
        Self { peer, arrivals, said }
    }

    /// Requests from now on are answered like this, each for a word of the test.
    fn set_replies(&self, said: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static) -> Sender<()> {
        let (go, gone) = unbounded();
        let held = move |page| [vec![Reply::Wait(gone.clone())], said(page)].into_iter().flatten();
        *self.said.lock().unwrap() = Arc::new(move |page| held(page).collect());
        go
    }

    fn await_requests(&self, count: usize) -> BTreeSet<u32> {
        (0..count).map(|_| self.arrivals.recv_timeout(HANGS).unwrap()).collect()
    }

    fn assert_no_more(&self) {
        let more = self.arrivals.recv_timeout(QUIET);
        assert!(more.is_err(), "{more:?} is too many");
    }
}

/// Lets so many requests be answered.
fn release_replies(go: &Sender<()>, count: u32) {
    (0..count).for_each(|_| go.send(()).unwrap());
}

/// The first four are answered after 50 ms, and eight that are `said` something else wait.
fn eight_wait(
    server: &HeldServer,
    mode: Mode,
    retry_policy: RetryPolicy,
    said: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static,
) -> (FaultRun, Sender<()>) {
    let first = server.set_replies(page);
    let fault_run = FaultLauncher::new(&server.peer.url(), retry_policy).start(auto(mode));
    assert_eq!(server.await_requests(4), (1..=4).collect(), "{mode}");
    server.assert_no_more();
    let then = server.set_replies(said);
    fault_run.move_to(Nanos::from_millis(50));
    release_replies(&first, 4);
    assert_eq!(server.await_requests(8), (5..=12).collect(), "{mode}");
    server.assert_no_more();
    (fault_run, then)
}

fn steps(fault_run: &FaultRun) -> Vec<(u16, ChangeReason)> {
    fault_run.run.limit_changes().iter().map(|step| (step.to, step.reason)).collect()
}

fn free() -> ChangeReason {
    ChangeReason::NoQueue { tenths: 0 }
}

#[test]
fn lanes_work_only_as_far_as_they_are_allowed_and_the_others_are_idle() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let server = HeldServer::new();
        let (mut fault_run, go) = eight_wait(&server, mode, RETRY_POLICY, page);
        while fault_run.run.started_tasks() < 12 {
            fault_run.next();
        }
        assert_eq!(steps(&fault_run), [(4, ChangeReason::Start), (8, free())], "{mode}");
        let lanes = fault_run.run.lanes();
        assert!(lanes[..4].iter().all(|lane| lane.spans().count() == 2), "{mode}");
        assert!(lanes[4..8].iter().all(|lane| lane.spans().count() == 1), "{mode}");
        let told = |lane: u16| fault_run.events.iter().any(|event| event.lane.0 == lane);
        assert!((8..MAX_WORKERS).all(|lane| !told(lane)), "{mode}: no thread for nothing");
        release_replies(&go, PAGES);
        fault_run.end();
        assert!(fault_run.run.is_complete(), "{mode}: {:?}", fault_run.run.failure());
        let held = |kind: &EventKind| *kind == EventKind::StateEntered { state: State::Throttled };
        assert_eq!(fault_run.moments(held), [], "{mode}");
    }
}

/// Eight requests are out, and come to nothing one after another: half as many go out after that, and
/// not half of the half for each.
#[test]
fn what_all_meet_halves_once() {
    let faults: [(fn() -> Reply, ChangeReason); 4] = [
        (|| Reply::Send(response_bytes(429, "retry-after: 60\r\n", "")), ChangeReason::RateLimit),
        (|| Reply::Send(response_bytes(502, "", "")), ChangeReason::ServerError),
        (|| Reply::Reset, ChangeReason::Broken),
        (|| Reply::Stall, ChangeReason::TimedOut),
    ];
    for (fault, why) in faults {
        let timeout = Duration::from_secs(if why == ChangeReason::TimedOut { 3 } else { 30 });
        let server = HeldServer::new();
        let (mut fault_run, go) = eight_wait(
            &server,
            Mode::Threads,
            RetryPolicy { timeout, ..RETRY_POLICY },
            move |_| vec![fault()],
        );
        let last = server.set_replies(page);
        release_replies(&go, 8);
        for _ in 0..8 {
            fault_run.until(|event| matches!(event.kind, EventKind::AttemptFailed { .. }));
        }
        assert_eq!(steps(&fault_run), [(4, ChangeReason::Start), (8, free()), (4, why)]);
        let again = fault_run.run.tasks().filter_map(|(task, _)| {
            fault_run.run.failed_attempts(task).last().map(|attempt| attempt.retry_at)
        });
        fault_run.move_to(again.max().unwrap());
        server.await_requests(4);
        server.assert_no_more();
        release_replies(&last, PAGES);
        fault_run.end();
        assert!(fault_run.run.is_complete(), "{why}: {:?}", fault_run.run.failure());
    }
}

/// Lanes that wait until they may ask again leave their places to others, here all that there are.
#[test]
fn who_waits_for_a_retry_holds_nobody_up() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let failed = Mutex::new(BTreeSet::new());
        let peer = Peer::start(move |request| {
            let asked = request.page();
            if asked <= 4 && failed.lock().unwrap().insert(asked) {
                return vec![Reply::Send(response_bytes(503, "retry-after: 5\r\n", ""))];
            }
            page(asked)
        });
        let mut fault_run = FaultLauncher::new(&peer.url(), RETRY_POLICY).start(auto(mode));
        let waits = |run: &Run, page| !run.failed_attempts(TaskId(page)).is_empty();
        // The clock stands still.
        while fault_run.run.done_tasks() < PAGES - 4
            || !(1..=4).all(|page| waits(&fault_run.run, page))
        {
            fault_run.next();
        }
        fault_run.move_to(Nanos::from_millis(5_000));
        fault_run.end_at_once();
        assert!(fault_run.run.is_complete(), "{mode}: {:?}", fault_run.run.failure());
    }
}

/// The last requests of a quota are not asked for all at once.
#[test]
fn no_more_than_the_quota_has_left_are_in_flight() {
    let server = HeldServer::new();
    let go = server.set_replies(|asked| {
        let headers = format!(
            "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: {}\r\nx-ratelimit-reset: 1700003600\r\n\
             link: </x?page=4>; rel=\"last\"\r\n",
            4 - asked
        );
        let body = format!(r#"[{{"id":{asked},"login":"u","html_url":""}}]"#);
        vec![Reply::Send(response_bytes(200, &headers, body))]
    });
    let plan = Plan { tasks: 4, ..auto(Mode::Threads) };
    let mut fault_run = FaultLauncher::new(&server.peer.url(), RETRY_POLICY).start(plan);
    server.await_requests(4);
    release_replies(&go, 4);
    fault_run.end_at_once();
    let last = fault_run.run.limit_changes().last().copied().unwrap();
    assert_eq!((last.to, last.reason), (1, ChangeReason::Quota));
}

#[test]
fn a_stop_lets_lanes_go_that_wait_for_their_turn() {
    let server = HeldServer::new();
    let (mut fault_run, _go) = eight_wait(&server, Mode::Threads, RETRY_POLICY, page);
    fault_run.handle.stop();
    fault_run.end_at_once();
    assert_eq!(fault_run.run.outcome(), Some(&RunOutcome::Stopped));
    let last = fault_run.run.limit_changes().last().copied();
    assert_eq!(last.map(|step| step.to), Some(8));
}
