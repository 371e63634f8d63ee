//! Rate limits: while one lasts nothing is asked, and after a secondary one less at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::github::RetryPolicy;
use threadline::model::{
    EventKind, FailureKind, LimitKind, Mode, Nanos, Plan, Run, RunOutcome, State, TaskId,
    TaskOutcome, Workload,
};

use super::builtin_server::faulty;
use super::peer::{Peer, PeerStep, response_bytes};
use super::{FaultLauncher, FaultRun, HANGS, QUIET, RETRY_POLICY, plan};

const WORKERS: u16 = 8;
const PAGES: u32 = 40;

const PRIMARY: &str = "x-ratelimit-remaining: 0\r\nretry-after: 60\r\n";
const SECONDARY: &str = "retry-after: 60\r\n";

/// A server that answers when the test says so: the first of its requests with a limit, the others
/// with a page.
struct Valve {
    peer: Peer,
    arrivals: Receiver<u32>,
    refuse: Sender<()>,
    answer: Sender<()>,
    /// Requests that have arrived, and were not answered yet.
    held: usize,
}

impl Valve {
    fn new(limited: usize, headers: &'static str) -> Self {
        let ((arrived, arrivals), number) = (unbounded(), AtomicUsize::new(0));
        let ((refuse, refusals), (answers, answered)) = (unbounded(), unbounded());
        let peer = Peer::start(move |request| {
            let page = request.page();
            arrived.send(page).unwrap();
            if number.fetch_add(1, Ordering::SeqCst) < limited {
                let refusal = response_bytes(429, headers, "");
                return vec![PeerStep::Wait(refusals.clone()), PeerStep::Send(refusal)];
            }
            let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
            let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
            vec![
                PeerStep::Wait(answered.clone()),
                PeerStep::Send(response_bytes(200, &links, body)),
            ]
        });
        Self { peer, arrivals, refuse, answer: answers, held: 0 }
    }

    /// Waits until so many requests wait for their answer.
    fn await_held(&mut self, wanted: usize) {
        while self.held < wanted {
            self.arrivals.recv_timeout(HANGS).unwrap();
            self.held += 1;
        }
    }

    fn assert_no_more(&self) {
        let arrival = self.arrivals.recv_timeout(QUIET);
        assert!(arrival.is_err(), "page {arrival:?} was asked for, too");
    }

    fn release_replies(&mut self, through: &Sender<()>, count: usize) {
        (0..count).for_each(|_| through.send(()).unwrap());
        self.held -= count;
    }
}

/// Goes on until every lane is held back.
fn until_all_are_held(fault_run: &mut FaultRun) {
    let held = |run: &Run| {
        let last = |lane: &threadline::model::Lane| lane.state() == State::Throttled;
        run.lanes().iter().all(last)
    };
    while !held(&fault_run.run) {
        fault_run.next();
    }
}

/// All workers have a request out when the first of them meets a limit. Others are answered well all
/// the same, and again others meet it, too, each a little later.
#[test]
fn a_limit_holds_all_back_and_counts_once_however_many_meet_it() {
    for (headers, kind) in [(PRIMARY, LimitKind::Primary), (SECONDARY, LimitKind::Secondary)] {
        for limited in [1, 4, usize::from(WORKERS)] {
            let mut valve = Valve::new(limited, headers);
            let launcher = FaultLauncher::new(&valve.peer.url(), RETRY_POLICY);
            let mut fault_run = launcher.start(plan(Workload::Followers, 1, PAGES, WORKERS));
            valve.await_held(usize::from(WORKERS));
            let end = meet_limit(&mut fault_run, &mut valve, limited);
            fault_run.assert_all_are_held();
            valve.assert_no_more();

            fault_run.move_to(Nanos(end.0 - 1));
            fault_run.assert_all_are_held();
            valve.assert_no_more();

            fault_run.move_to(end);
            let most = if kind == LimitKind::Secondary { WORKERS / 2 } else { WORKERS };
            valve.await_held(usize::from(most));
            valve.assert_no_more();
            grow(&mut valve, usize::from(most));
            (0..PAGES).for_each(|_| valve.answer.send(()).unwrap());
            fault_run.end();

            assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
            assert_eq!(fault_run.ids(), (1..=u64::from(PAGES)).collect::<Vec<_>>());
            assert_eq!(valve.peer.requests().len(), PAGES as usize + limited);
            let [limit] = fault_run.run.limits() else { panic!("{:?}", fault_run.run.limits()) };
            assert_eq!((limit.kind, limit.until), (kind, end));
            assert_eq!(limit.until_utc, 1_700_000_060);
            let said: Vec<u16> =
                if most == WORKERS { Vec::new() } else { (most..=WORKERS).collect() };
            assert_eq!(narrowed(&fault_run), said);
        }
    }
}

/// So many of the workers' requests meet a limit, a millisecond after each other; returns when the
/// last one's ends, with all lanes held back.
fn meet_limit(fault_run: &mut FaultRun, valve: &mut Valve, limited: usize) -> Nanos {
    let (refuse, answer) = (valve.refuse.clone(), valve.answer.clone());
    let mut at = Nanos::ZERO;
    for number in 0..limited {
        fault_run.move_to(at);
        valve.release_replies(&refuse, 1);
        fault_run.until(|event| matches!(event.kind, EventKind::AttemptFailed { .. }));
        if number == 0 {
            let well = usize::from(WORKERS) - limited;
            valve.release_replies(&answer, well);
            for _ in 0..well {
                fault_run.until(|event| matches!(event.kind, EventKind::TaskFinished { .. }));
            }
        }
        at = at + Nanos::from_millis(1);
    }
    until_all_are_held(fault_run);
    Nanos(at.0 - 1_000_000) + Nanos::from_millis(60_000)
}

/// Its request left before the limit of the others, and is refused when that is long over.
#[test]
fn a_refusal_that_comes_late_is_a_limit_of_its_own() {
    let mut valve = Valve::new(2, PRIMARY);
    let launcher = FaultLauncher::new(&valve.peer.url(), RETRY_POLICY);
    let mut fault_run = launcher.start(plan(Workload::Followers, 1, PAGES, 2));
    let (refuse, answer) = (valve.refuse.clone(), valve.answer.clone());
    valve.await_held(2);
    valve.release_replies(&refuse, 1);
    fault_run.until(|event| matches!(event.kind, EventKind::AttemptFailed { .. }));
    fault_run.move_to(Nanos::from_millis(60_000));
    valve.await_held(2);
    valve.release_replies(&answer, 1);
    fault_run.until(|event| matches!(event.kind, EventKind::TaskFinished { .. }));
    valve.release_replies(&refuse, 1);
    (0..PAGES).for_each(|_| answer.send(()).unwrap());
    fault_run.end();
    assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
    let ends: Vec<Nanos> = fault_run.run.limits().iter().map(|limit| limit.until).collect();
    assert_eq!(ends, [60_000, 120_000].map(Nanos::from_millis));
}

/// One more may be in flight after each round that goes well.
fn grow(valve: &mut Valve, mut most: usize) {
    while most < usize::from(WORKERS) {
        for _ in 1..most {
            valve.release_replies(&valve.answer.clone(), 1);
            valve.await_held(most);
        }
        valve.release_replies(&valve.answer.clone(), 1);
        most += 1;
        valve.await_held(most);
    }
    valve.assert_no_more();
}

/// How many were allowed in flight, each time that this was said.
fn narrowed(fault_run: &FaultRun) -> Vec<u16> {
    let said = fault_run.events.iter().filter_map(|event| match event.kind {
        EventKind::ConcurrencyChanged { in_flight, .. } => Some(in_flight),
        _ => None,
    });
    said.collect()
}

/// A limit that is not waited for ends the run, with what was fetched, and without another request.
#[test]
fn a_limit_that_is_too_long_ends_the_run() {
    let retry_policy = RetryPolicy { max_wait: Duration::from_secs(300), ..RETRY_POLICY };
    for (fault, words) in [
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
            let mut fault_run = launcher.start(plan(Workload::Followers, 5, 6, workers));
            fault_run.end_at_once();
            let Some(RunOutcome::Failed(failure)) = fault_run.run.outcome() else {
                panic!("{:?}", fault_run.run.outcome())
            };
            assert_eq!(failure.kind, FailureKind::RateLimited);
            assert!(failure.message.ends_with(words), "{failure}");
            assert!(fault_run.run.task(TaskId(1)).is_some() && !fault_run.run.is_complete());
            if workers == 1 {
                assert_eq!(
                    (fault_run.run.follower_count(), server.request_counts().requests),
                    (10, 3)
                );
            }
            // The limit is known from now on: the next run asks for nothing.
            let mut next = launcher.start(plan(Workload::Followers, 5, 6, workers));
            next.end_at_once();
            let kind = next.run.failure().map(|failure| failure.kind);
            assert_eq!((kind, next.run.follower_count()), (Some(FailureKind::RateLimited), 0));
            let states = |kind: &EventKind| matches!(kind, EventKind::StateEntered { state } if *state != State::Idle);
            assert_eq!(next.moments(states), []);
        }
    }
}

/// A server that wants more time after an error than a person would give it is not asked again.
#[test]
fn a_wait_that_is_too_long_costs_the_page() {
    let retry_policy = RetryPolicy { max_wait: Duration::from_secs(300), ..RETRY_POLICY };
    let server = faulty(28, r#"{"page":3,"fault":"status","status":503,"retry_after":301}"#);
    let fault_run =
        FaultLauncher::new(&server.url(), retry_policy).run(plan(Workload::Followers, 5, 6, 1));
    assert_eq!((fault_run.run.done_tasks(), server.request_counts().requests), (5, 6));
    assert_eq!(fault_run.run.outcome(), Some(&RunOutcome::Finished));
}

/// The first limit is waited for; the next one, whose wait is doubled, is not.
#[test]
fn the_attempt_that_ended_a_run_keeps_its_status() {
    let retry_policy = RetryPolicy { max_wait: Duration::from_millis(1_500), ..RETRY_POLICY };
    let limit = r#"{"page":2,"times":0,"fault":"secondary_limit","retry_after":1,"lasts":0}"#;
    let server = faulty(15, limit);
    let fault_run =
        FaultLauncher::new(&server.url(), retry_policy).run(plan(Workload::Followers, 5, 3, 1));
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
fn a_limit_holds_the_next_run_too() {
    for workers in [1, 4] {
        let server =
            faulty(28, r#"{"page":1,"fault":"secondary_limit","retry_after":60,"lasts":0}"#);
        let launcher = FaultLauncher::new(&server.url(), RETRY_POLICY);
        let mut first = launcher.start(plan(Workload::Followers, 5, 6, 1));
        first.until(|event| matches!(event.kind, EventKind::RateLimited(_)));
        first.handle.stop();
        first.end_at_once();
        launcher.clock.advance(Duration::from_secs(20));

        let mut second = launcher.start(plan(Workload::Followers, 5, 6, workers));
        until_all_are_held(&mut second);
        second.assert_all_are_held();
        second.move_to(Nanos(Nanos::from_millis(40_000).0 - 1));
        second.assert_all_are_held();
        assert_eq!(server.request_counts().requests, 1, "x{workers}");
        let [limit] = second.run.limits() else { panic!("{:?}", second.run.limits()) };
        assert_eq!((limit.kind, limit.until), (LimitKind::Secondary, Nanos::from_millis(40_000)));
        second.move_to(limit.until);
        second.end();
        assert!(second.run.is_complete(), "{:?}", second.run.failure());
        assert_eq!((second.run.limits().len(), server.request_counts().requests), (1, 7));

        // What is over holds nobody.
        let third = launcher.run(plan(Workload::Followers, 5, 6, workers));
        assert_eq!((third.run.limits().len(), third.run.is_complete()), (1, true), "page 1 again");
    }
}

/// Where the server does not say how long, the wait doubles; in the end it is no use.
#[test]
fn a_limit_that_does_not_end_is_not_waited_for_for_ever() {
    let server = faulty(28, r#"{"times":0,"fault":"secondary_limit","lasts":0}"#);
    let fault_run =
        FaultLauncher::new(&server.url(), RETRY_POLICY).run(plan(Workload::Followers, 5, 6, 1));
    let waits = fault_run.run.limits().iter().map(|limit| limit.until);
    let minutes = [1, 3, 7, 15].map(|minutes| Nanos::from_millis(minutes * 60_000));
    assert_eq!(waits.collect::<Vec<_>>(), minutes);
    assert_eq!(fault_run.moments(|kind| matches!(kind, EventKind::TaskRetried { .. })), minutes);
    assert_eq!(server.request_counts().requests, 5);
    let failure = fault_run.run.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert!(
        failure.message.ends_with("times in a row despite waiting; try again later"),
        "{failure}"
    );
}

/// The profile counted ten pages, the list has two, and the first request meets a secondary limit.
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
        let plan = Plan { mode, ..plan(Workload::Followers, 1, 10, 3) };
        let fault_run = FaultLauncher::new(&peer.url(), RETRY_POLICY).run(plan);
        assert!(fault_run.run.is_complete(), "{mode}: {:?}", fault_run.run.failure());
        assert_eq!(fault_run.ids(), [1, 2], "{mode}");
    }
}
