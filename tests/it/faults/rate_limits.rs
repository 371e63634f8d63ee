//! Rate limits: no requests while one lasts, and fewer in flight after a secondary one.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::http::RetryPolicy;
use threadline::model::{
    EventKind, FailureKind, LimitKind, Mode, Nanos, Plan, Run, RunOutcome, State, TaskId,
    TaskOutcome,
};

use super::{FaultLauncher, FaultRun, HANG_TIMEOUT, QUIET_PERIOD, RETRY_POLICY, plan};
use crate::builtin_server::faulty;
use crate::peer::{Peer, PeerStep, response_bytes};

const WORKERS: u16 = 8;
const PAGES: u32 = 40;

const PRIMARY: &str = "x-ratelimit-remaining: 0\r\nretry-after: 60\r\n";
const SECONDARY: &str = "retry-after: 60\r\n";

/// A server that rejects its first requests with a rate limit and answers the others with a page,
/// each once the test allows it.
struct LimitingServer {
    peer: Peer,
    arrivals: Receiver<u32>,
    release_rejection: Sender<()>,
    release_page: Sender<()>,
    /// The number of requests without a response.
    held: usize,
}

impl LimitingServer {
    fn new(limited: usize, headers: &'static str) -> Self {
        let ((arrived, arrivals), number) = (unbounded(), AtomicUsize::new(0));
        let (release_rejection, rejection_released) = unbounded();
        let (release_page, page_released) = unbounded();
        let peer = Peer::start(move |request| {
            let page = request.page();
            arrived.send(page).unwrap();
            if number.fetch_add(1, Ordering::SeqCst) < limited {
                let rejection = response_bytes(429, headers, "");
                return vec![PeerStep::Wait(rejection_released.clone()), PeerStep::Send(rejection)];
            }
            let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
            let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
            vec![
                PeerStep::Wait(page_released.clone()),
                PeerStep::Send(response_bytes(200, &links, body)),
            ]
        });
        Self { peer, arrivals, release_rejection, release_page, held: 0 }
    }

    /// Waits until `count` requests are without a response.
    fn await_held(&mut self, count: usize) {
        while self.held < count {
            self.arrivals.recv_timeout(HANG_TIMEOUT).unwrap();
            self.held += 1;
        }
    }

    fn assert_no_more_requests(&self) {
        let arrival = self.arrivals.recv_timeout(QUIET_PERIOD);
        assert!(arrival.is_err(), "unexpected request: {arrival:?}");
    }

    fn release_replies(&mut self, release: &Sender<()>, count: usize) {
        (0..count).for_each(|_| release.send(()).unwrap());
        self.held -= count;
    }
}

/// Waits until every lane is throttled.
fn wait_until_all_are_throttled(fault_run: &mut FaultRun) {
    let all_are_throttled = |run: &Run| {
        let is_throttled = |lane: &threadline::model::Lane| lane.state() == State::Throttled;
        run.lanes().iter().all(is_throttled)
    };
    while !all_are_throttled(&fault_run.run) {
        fault_run.next();
    }
}

/// All workers have a request in flight when the first of them hits a limit. Some of the others
/// hit it too, each a little later, and the rest succeed.
#[test]
fn limit_throttles_all_lanes_and_counts_once_however_many_requests_hit_it() {
    for (headers, kind) in [(PRIMARY, LimitKind::Primary), (SECONDARY, LimitKind::Secondary)] {
        for limited in [1, 4, usize::from(WORKERS)] {
            let mut server = LimitingServer::new(limited, headers);
            let launcher = FaultLauncher::new(&server.peer.url(), RETRY_POLICY);
            let mut fault_run = launcher.start(plan(1, PAGES, WORKERS));
            server.await_held(usize::from(WORKERS));
            let end = hit_limit(&mut fault_run, &mut server, limited);
            fault_run.assert_all_lanes_are_throttled();
            server.assert_no_more_requests();

            fault_run.move_to(Nanos(end.0 - 1));
            fault_run.assert_all_lanes_are_throttled();
            server.assert_no_more_requests();

            fault_run.move_to(end);
            let allowed = if kind == LimitKind::Secondary { WORKERS / 2 } else { WORKERS };
            server.await_held(usize::from(allowed));
            server.assert_no_more_requests();
            check_growth(&mut server, usize::from(allowed));
            (0..PAGES).for_each(|_| server.release_page.send(()).unwrap());
            fault_run.run_to_end();

            assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
            assert_eq!(fault_run.follower_ids(), (1..=u64::from(PAGES)).collect::<Vec<_>>());
            assert_eq!(server.peer.requests().len(), PAGES as usize + limited);
            let [limit] = fault_run.run.limits().reached() else {
                panic!("{:?}", fault_run.run.limits().reached())
            };
            assert_eq!((limit.kind, limit.until), (kind, end));
            assert_eq!(limit.until_utc, 1_700_000_060);
            let changes: Vec<u16> =
                if allowed == WORKERS { Vec::new() } else { (allowed..=WORKERS).collect() };
            assert_eq!(concurrency_changes(&fault_run), changes);
        }
    }
}

/// Lets `limited` requests hit a limit, a millisecond apart, and the others succeed. Waits until
/// all lanes are throttled, and returns the end of the last limit.
fn hit_limit(fault_run: &mut FaultRun, server: &mut LimitingServer, limited: usize) -> Nanos {
    let (rejection, page) = (server.release_rejection.clone(), server.release_page.clone());
    let mut at = Nanos::ZERO;
    for number in 0..limited {
        fault_run.move_to(at);
        server.release_replies(&rejection, 1);
        fault_run.wait_for(|event| matches!(event.kind, EventKind::AttemptFailed { .. }));
        if number == 0 {
            let successes = usize::from(WORKERS) - limited;
            server.release_replies(&page, successes);
            for _ in 0..successes {
                fault_run.wait_for(|event| matches!(event.kind, EventKind::TaskFinished { .. }));
            }
        }
        at = at + Nanos::from_millis(1);
    }
    wait_until_all_are_throttled(fault_run);
    Nanos(at.0 - 1_000_000) + Nanos::from_millis(60_000)
}

/// The request was sent before the first limit, and is rejected after its end.
#[test]
fn late_rejection_is_a_limit_of_its_own() {
    let mut server = LimitingServer::new(2, PRIMARY);
    let launcher = FaultLauncher::new(&server.peer.url(), RETRY_POLICY);
    let mut fault_run = launcher.start(plan(1, PAGES, 2));
    let (rejection, page) = (server.release_rejection.clone(), server.release_page.clone());
    server.await_held(2);
    server.release_replies(&rejection, 1);
    fault_run.wait_for(|event| matches!(event.kind, EventKind::AttemptFailed { .. }));
    fault_run.move_to(Nanos::from_millis(60_000));
    server.await_held(2);
    server.release_replies(&page, 1);
    fault_run.wait_for(|event| matches!(event.kind, EventKind::TaskFinished { .. }));
    server.release_replies(&rejection, 1);
    (0..PAGES).for_each(|_| page.send(()).unwrap());
    fault_run.run_to_end();
    assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
    let ends: Vec<Nanos> =
        fault_run.run.limits().reached().iter().map(|limit| limit.until).collect();
    assert_eq!(ends, [60_000, 120_000].map(Nanos::from_millis));
}

/// Checks that each round of successful requests allows one more in flight, up to all workers.
fn check_growth(server: &mut LimitingServer, mut allowed: usize) {
    while allowed < usize::from(WORKERS) {
        for _ in 1..allowed {
            server.release_replies(&server.release_page.clone(), 1);
            server.await_held(allowed);
        }
        server.release_replies(&server.release_page.clone(), 1);
        allowed += 1;
        server.await_held(allowed);
    }
    server.assert_no_more_requests();
}

/// Returns the number of requests allowed in flight after each change.
fn concurrency_changes(fault_run: &FaultRun) -> Vec<u16> {
    let changes = fault_run.events.iter().filter_map(|event| match event.kind {
        EventKind::ConcurrencyChanged { in_flight, .. } => Some(in_flight),
        _ => None,
    });
    changes.collect()
}

/// The run keeps the pages that it has, and sends no further request.
#[test]
fn limit_longer_than_max_wait_ends_the_run() {
    let retry_policy = RetryPolicy { max_wait: Duration::from_secs(300), ..RETRY_POLICY };
    for (fault, expected) in [
        (
            r#""primary_limit","reset_after":300"#,
            "'s rate limit is reached until 22:18 UTC, for 6 min, and --max-wait is 5 min; come back \
             then, or set GH_TOKEN for a larger quota",
        ),
        (
            r#""secondary_limit","retry_after":301"#,
            "'s secondary rate limit is reached until 22:18 UTC, for 6 min, and --max-wait is 5 min; \
             come back then",
        ),
    ] {
        for workers in [1, 4] {
            let server = faulty(28, &format!(r#"{{"page":3,"fault":{fault}}}"#));
            let launcher = FaultLauncher::new(&server.url(), retry_policy);
            let mut fault_run = launcher.start(plan(5, 6, workers));
            fault_run.run_to_end_on_stopped_clock();
            let Some(RunOutcome::Failed(failure)) = fault_run.run.outcome() else {
                panic!("{:?}", fault_run.run.outcome())
            };
            assert_eq!(failure.kind, FailureKind::RateLimited);
            assert!(failure.message.ends_with(expected), "{failure}");
            assert!(fault_run.run.tasks().get(TaskId(1)).is_some() && !fault_run.run.is_complete());
            if workers == 1 {
                assert_eq!(
                    (fault_run.run.progress().result_count(), server.request_counts().requests),
                    (10, 3)
                );
            }
            // The launcher remembers the limit, so the next run sends no request.
            let mut next = launcher.start(plan(5, 6, workers));
            next.run_to_end_on_stopped_clock();
            let kind = next.run.failure().map(|failure| failure.kind);
            assert_eq!(
                (kind, next.run.progress().result_count()),
                (Some(FailureKind::RateLimited), 0)
            );
            let is_active = |kind: &EventKind| matches!(kind, EventKind::StateEntered { state } if *state != State::Idle);
            assert_eq!(next.event_times(is_active), []);
        }
    }
}

#[test]
fn retry_after_longer_than_max_wait_fails_the_page() {
    let retry_policy = RetryPolicy { max_wait: Duration::from_secs(300), ..RETRY_POLICY };
    let server = faulty(28, r#"{"page":3,"fault":"status","status":503,"retry_after":301}"#);
    let fault_run = FaultLauncher::new(&server.url(), retry_policy).run(plan(5, 6, 1));
    assert_eq!((fault_run.run.progress().done_tasks(), server.request_counts().requests), (5, 6));
    assert_eq!(fault_run.run.outcome(), Some(&RunOutcome::Finished));
}

/// The run waits for the first limit, but not for the second, whose wait is doubled.
#[test]
fn attempt_that_ends_a_run_keeps_its_status() {
    let retry_policy = RetryPolicy { max_wait: Duration::from_millis(1_500), ..RETRY_POLICY };
    let limit = r#"{"page":2,"times":0,"fault":"secondary_limit","retry_after":1,"lasts":0}"#;
    let server = faulty(15, limit);
    let fault_run = FaultLauncher::new(&server.url(), retry_policy).run(plan(5, 3, 1));
    let statuses = fault_run.events.iter().filter_map(|event| match &event.kind {
        EventKind::AttemptFailed { failure, .. }
        | EventKind::TaskFinished { outcome: TaskOutcome::Failed(failure), .. } => {
            Some(failure.status)
        }
        _ => None,
    });
    assert_eq!(statuses.collect::<Vec<_>>(), [Some(403); 3]);
}

#[test]
fn limit_applies_to_the_next_run() {
    for workers in [1, 4] {
        let server =
            faulty(28, r#"{"page":1,"fault":"secondary_limit","retry_after":60,"lasts":0}"#);
        let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
        let mut first = launcher.start(plan(5, 6, 1));
        first.wait_for(|event| matches!(event.kind, EventKind::RateLimited(_)));
        first.handle.stop();
        first.run_to_end_on_stopped_clock();
        launcher.clock.advance(Duration::from_secs(20));

        let mut second = launcher.start(plan(5, 6, workers));
        wait_until_all_are_throttled(&mut second);
        second.assert_all_lanes_are_throttled();
        second.move_to(Nanos(Nanos::from_millis(40_000).0 - 1));
        second.assert_all_lanes_are_throttled();
        assert_eq!(server.request_counts().requests, 1, "x{workers}");
        let [limit] = second.run.limits().reached() else {
            panic!("{:?}", second.run.limits().reached())
        };
        assert_eq!((limit.kind, limit.until), (LimitKind::Secondary, Nanos::from_millis(40_000)));
        second.move_to(limit.until);
        second.run_to_end();
        assert!(second.run.is_complete(), "{:?}", second.run.failure());
        assert_eq!((second.run.limits().reached().len(), server.request_counts().requests), (1, 7));

        // A limit that has ended no longer applies.
        let third = launcher.run(plan(5, 6, workers));
        assert_eq!(
            (third.run.limits().reached().len(), third.run.is_complete()),
            (1, true),
            "page 1 again"
        );
    }
}

/// Without a retry-after header the wait doubles each time.
#[test]
fn run_fails_when_a_limit_is_reached_five_times_in_a_row() {
    let server = faulty(28, r#"{"times":0,"fault":"secondary_limit","lasts":0}"#);
    let fault_run = FaultLauncher::new(&server.url(), RETRY_POLICY).run(plan(5, 6, 1));
    let waits = fault_run.run.limits().reached().iter().map(|limit| limit.until);
    let minutes = [1, 3, 7, 15].map(|minutes| Nanos::from_millis(minutes * 60_000));
    assert_eq!(waits.collect::<Vec<_>>(), minutes);
    assert_eq!(
        fault_run.event_times(|kind| matches!(kind, EventKind::TaskRetried { .. })),
        minutes
    );
    assert_eq!(server.request_counts().requests, 5);
    let failure = fault_run.run.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert!(
        failure.message.ends_with("times in a row despite waiting; try again later"),
        "{failure}"
    );
}

/// Ten pages are requested first, the list has two, and the first request hits a secondary limit.
#[test]
fn lanes_whose_pages_do_not_exist_hold_no_permit() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let refused = AtomicUsize::new(0);
        let peer = Peer::start(move |request| {
            let page = request.page();
            if page == 1 && refused.fetch_add(1, Ordering::SeqCst) == 0 {
                return vec![PeerStep::Send(response_bytes(429, "retry-after: 1\r\n", ""))];
            }
            let followers = match page {
                1 | 2 => format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#),
                _ => "[]".to_owned(),
            };
            let links = "link: </x?page=2>; rel=\"last\"\r\n";
            vec![PeerStep::Send(response_bytes(200, links, followers))]
        });
        let plan = Plan { mode, ..plan(1, 10, 3) };
        let fault_run = FaultLauncher::new(&peer.url(), RETRY_POLICY).run(plan);
        assert!(fault_run.run.is_complete(), "{mode}: {:?}", fault_run.run.failure());
        assert_eq!(fault_run.follower_ids(), [1, 2], "{mode}");
    }
}
