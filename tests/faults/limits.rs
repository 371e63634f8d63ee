//! Rate limits: while one lasts nothing is asked, and after a secondary one less at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::github::Patience;
use threadline::model::{
    End, FailureKind, Kind, LimitKind, Mode, Nanos, Outcome, Plan, Run, State, TaskId, Workload,
};

use super::peer::{Peer, Step, answer};
use super::server::faulty;
use super::{Going, HANGS, PATIENT, QUIET, Sitting, plan};

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
                let refusal = answer(429, headers, "");
                return vec![Step::Wait(refusals.clone()), Step::Send(refusal)];
            }
            let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
            let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
            vec![Step::Wait(answered.clone()), Step::Send(answer(200, &links, body))]
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

    fn let_go(&mut self, through: &Sender<()>, count: usize) {
        (0..count).for_each(|_| through.send(()).unwrap());
        self.held -= count;
    }
}

/// Goes on until every lane is held back.
fn until_all_are_held(going: &mut Going) {
    let held = |run: &Run| {
        let last = |lane: &threadline::model::Lane| lane.state() == State::Throttled;
        run.lanes().iter().all(last)
    };
    while !held(&going.run) {
        going.next();
    }
}

/// All workers have a request out when the first of them meets a limit. Others are answered well all
/// the same, and again others meet it, too, each a little later.
#[test]
fn a_limit_holds_all_back_and_counts_once_however_many_meet_it() {
    for (headers, kind) in [(PRIMARY, LimitKind::Primary), (SECONDARY, LimitKind::Secondary)] {
        for limited in [1, 4, usize::from(WORKERS)] {
            let mut valve = Valve::new(limited, headers);
            let sitting = Sitting::new(&valve.peer.url(), PATIENT);
            let mut going = sitting.start(plan(Workload::Followers, 1, PAGES, WORKERS));
            valve.await_held(usize::from(WORKERS));
            let end = meet_limit(&mut going, &mut valve, limited);
            going.assert_all_are_held();
            valve.assert_no_more();

            going.move_to(Nanos(end.0 - 1));
            going.assert_all_are_held();
            valve.assert_no_more();

            going.move_to(end);
            let most = if kind == LimitKind::Secondary { WORKERS / 2 } else { WORKERS };
            valve.await_held(usize::from(most));
            valve.assert_no_more();
            grow(&mut valve, usize::from(most));
            (0..PAGES).for_each(|_| valve.answer.send(()).unwrap());
            going.end();

            assert!(going.run.is_whole(), "{:?}", going.run.failure());
            assert_eq!(going.ids(), (1..=u64::from(PAGES)).collect::<Vec<_>>());
            assert_eq!(valve.peer.asked().len(), PAGES as usize + limited);
            let [limit] = going.run.limits() else { panic!("{:?}", going.run.limits()) };
            assert_eq!((limit.kind, limit.until), (kind, end));
            assert_eq!(limit.until_utc, 1_700_000_060);
            let said: Vec<u16> =
                if most == WORKERS { Vec::new() } else { (most..=WORKERS).collect() };
            assert_eq!(narrowed(&going), said);
        }
    }
}

/// So many of the workers' requests meet a limit, a millisecond after each other; returns when the
/// last one's ends, with all lanes held back.
fn meet_limit(going: &mut Going, valve: &mut Valve, limited: usize) -> Nanos {
    let (refuse, answer) = (valve.refuse.clone(), valve.answer.clone());
    let mut at = Nanos::ZERO;
    for number in 0..limited {
        going.move_to(at);
        valve.let_go(&refuse, 1);
        going.until(|event| matches!(event.kind, Kind::AttemptFailed { .. }));
        if number == 0 {
            let well = usize::from(WORKERS) - limited;
            valve.let_go(&answer, well);
            for _ in 0..well {
                going.until(|event| matches!(event.kind, Kind::Finished { .. }));
            }
        }
        at = at + Nanos::from_millis(1);
    }
    until_all_are_held(going);
    Nanos(at.0 - 1_000_000) + Nanos::from_millis(60_000)
}

/// Its request left before the limit of the others, and is refused when that is long over.
#[test]
fn a_refusal_that_comes_late_is_a_limit_of_its_own() {
    let mut valve = Valve::new(2, PRIMARY);
    let sitting = Sitting::new(&valve.peer.url(), PATIENT);
    let mut going = sitting.start(plan(Workload::Followers, 1, PAGES, 2));
    let (refuse, answer) = (valve.refuse.clone(), valve.answer.clone());
    valve.await_held(2);
    valve.let_go(&refuse, 1);
    going.until(|event| matches!(event.kind, Kind::AttemptFailed { .. }));
    going.move_to(Nanos::from_millis(60_000));
    valve.await_held(2);
    valve.let_go(&answer, 1);
    going.until(|event| matches!(event.kind, Kind::Finished { .. }));
    valve.let_go(&refuse, 1);
    (0..PAGES).for_each(|_| answer.send(()).unwrap());
    going.end();
    assert!(going.run.is_whole(), "{:?}", going.run.failure());
    let ends: Vec<Nanos> = going.run.limits().iter().map(|limit| limit.until).collect();
    assert_eq!(ends, [60_000, 120_000].map(Nanos::from_millis));
}

/// One more may be in flight after each round that goes well.
fn grow(valve: &mut Valve, mut most: usize) {
    while most < usize::from(WORKERS) {
        for _ in 1..most {
            valve.let_go(&valve.answer.clone(), 1);
            valve.await_held(most);
        }
        valve.let_go(&valve.answer.clone(), 1);
        most += 1;
        valve.await_held(most);
    }
    valve.assert_no_more();
}

/// How many were allowed in flight, each time that this was said.
fn narrowed(going: &Going) -> Vec<u16> {
    let said = going.events.iter().filter_map(|event| match event.kind {
        Kind::Allowed { in_flight, .. } => Some(in_flight),
        _ => None,
    });
    said.collect()
}

/// A limit that is not waited for ends the run, with what was fetched, and without another request.
#[test]
fn a_limit_that_is_too_long_ends_the_run() {
    let patience = Patience { max_wait: Duration::from_secs(300), ..PATIENT };
    for (fault, words) in [
        (
            r#""primary_limit","reset_after":300"#,
            "'s rate limit is reached until 22:18 UTC, for 6 min, and --max-wait is 5 min: come back \
             then, or set GH_TOKEN for a larger quota",
        ),
        (
            r#""secondary_limit","retry_after":301"#,
            "'s secondary rate limit is reached until 22:18 UTC, for 6 min, and --max-wait is 5 min: \
             come back then",
        ),
    ] {
        for workers in [1, 4] {
            let server = faulty(28, &format!(r#"{{"page":3,"fault":{fault}}}"#));
            let sitting = Sitting::new(&server.url(), patience);
            let mut going = sitting.start(plan(Workload::Followers, 5, 6, workers));
            going.end_at_once();
            let Some(End::Failed(failure)) = going.run.end() else {
                panic!("{:?}", going.run.end())
            };
            assert_eq!(failure.kind, FailureKind::RateLimited);
            assert!(failure.message.ends_with(words), "{failure}");
            assert!(going.run.task(TaskId(1)).is_some() && !going.run.is_whole());
            if workers == 1 {
                assert_eq!((going.run.follower_count(), server.counts().requests), (10, 3));
            }
            // The limit is known from now on: the next run asks for nothing.
            let mut next = sitting.start(plan(Workload::Followers, 5, 6, workers));
            next.end_at_once();
            let kind = next.run.failure().map(|failure| failure.kind);
            assert_eq!((kind, next.run.follower_count()), (Some(FailureKind::RateLimited), 0));
            let states =
                |kind: &Kind| matches!(kind, Kind::Entered { state } if *state != State::Idle);
            assert_eq!(next.moments(states), []);
        }
    }
}

/// A server that wants more time after an error than a person would give it is not asked again.
#[test]
fn a_wait_that_is_too_long_costs_the_page() {
    let patience = Patience { max_wait: Duration::from_secs(300), ..PATIENT };
    let server = faulty(28, r#"{"page":3,"fault":"status","status":503,"retry_after":301}"#);
    let going = Sitting::new(&server.url(), patience).run(plan(Workload::Followers, 5, 6, 1));
    assert_eq!((going.run.done_tasks(), server.counts().requests), (5, 6));
    assert_eq!(going.run.end(), Some(&End::Finished));
}

/// The first limit is waited for; the next one, whose wait is doubled, is not.
#[test]
fn the_attempt_that_ended_a_run_keeps_its_status() {
    let patience = Patience { max_wait: Duration::from_millis(1_500), ..PATIENT };
    let limit = r#"{"page":2,"times":0,"fault":"secondary_limit","retry_after":1,"lasts":0}"#;
    let server = faulty(15, limit);
    let going = Sitting::new(&server.url(), patience).run(plan(Workload::Followers, 5, 3, 1));
    let statuses = going.events.iter().filter_map(|event| match &event.kind {
        Kind::AttemptFailed { failure, .. }
        | Kind::Finished { outcome: Outcome::Failed(failure), .. } => Some(failure.status),
        _ => None,
    });
    assert_eq!(statuses.collect::<Vec<_>>(), [Some(403); 3]);
}

#[test]
fn a_limit_holds_the_next_run_too() {
    for workers in [1, 4] {
        let server =
            faulty(28, r#"{"page":1,"fault":"secondary_limit","retry_after":60,"lasts":0}"#);
        let sitting = Sitting::new(&server.url(), PATIENT);
        let mut first = sitting.start(plan(Workload::Followers, 5, 6, 1));
        first.until(|event| matches!(event.kind, Kind::Limited(_)));
        first.handle.stop();
        first.end_at_once();
        sitting.clock.advance(Duration::from_secs(20));

        let mut second = sitting.start(plan(Workload::Followers, 5, 6, workers));
        until_all_are_held(&mut second);
        second.assert_all_are_held();
        second.move_to(Nanos(Nanos::from_millis(40_000).0 - 1));
        second.assert_all_are_held();
        assert_eq!(server.counts().requests, 1, "x{workers}");
        let [limit] = second.run.limits() else { panic!("{:?}", second.run.limits()) };
        assert_eq!((limit.kind, limit.until), (LimitKind::Secondary, Nanos::from_millis(40_000)));
        second.move_to(limit.until);
        second.end();
        assert!(second.run.is_whole(), "{:?}", second.run.failure());
        assert_eq!((second.run.limits().len(), server.counts().requests), (1, 7));

        // What is over holds nobody.
        let third = sitting.run(plan(Workload::Followers, 5, 6, workers));
        assert_eq!((third.run.limits().len(), third.run.is_whole()), (1, true), "page 1 again");
    }
}

/// Where the server does not say how long, the wait doubles; in the end it is no use.
#[test]
fn a_limit_that_does_not_end_is_not_waited_for_for_ever() {
    let server = faulty(28, r#"{"times":0,"fault":"secondary_limit","lasts":0}"#);
    let going = Sitting::new(&server.url(), PATIENT).run(plan(Workload::Followers, 5, 6, 1));
    let waits = going.run.limits().iter().map(|limit| limit.until);
    let minutes = [1, 3, 7, 15].map(|minutes| Nanos::from_millis(minutes * 60_000));
    assert_eq!(waits.collect::<Vec<_>>(), minutes);
    assert_eq!(going.moments(|kind| matches!(kind, Kind::Retried { .. })), minutes);
    assert_eq!(server.counts().requests, 5);
    let failure = going.run.failure().unwrap();
    assert_eq!(failure.kind, FailureKind::RateLimited);
    assert!(failure.message.ends_with("though each was waited for: come back later"), "{failure}");
}

/// The profile counted ten pages, the list has two, and the first request meets a secondary limit.
#[test]
fn lanes_whose_pages_do_not_exist_hold_no_permit() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let refused = AtomicUsize::new(0);
        let peer = Peer::start(move |request| {
            let page = request.page();
            if page == 1 && refused.fetch_add(1, Ordering::SeqCst) == 0 {
                return vec![Step::Send(answer(429, "retry-after: 1\r\n", ""))];
            }
            let followers = match page {
                1 | 2 => format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#),
                _ => "[]".to_owned(),
            };
            let links = "link: </x?page=2>; rel=\"last\"\r\n";
            vec![Step::Send(answer(200, links, followers))]
        });
        let plan = Plan { mode, ..plan(Workload::Followers, 1, 10, 3) };
        let going = Sitting::new(&peer.url(), PATIENT).run(plan);
        assert!(going.run.is_whole(), "{mode}: {:?}", going.run.failure());
        assert_eq!(going.ids(), [1, 2], "{mode}");
    }
}
