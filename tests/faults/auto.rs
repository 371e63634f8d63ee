//! Threads that find out how many they should be: what makes them fewer, and which lanes work.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::github::Patience;
use threadline::model::{End, Kind, Mode, Nanos, Plan, Run, State, TaskId, Why, Workload};

use super::peer::{Peer, Step as Reply, answer};
use super::{Going, HANGS, PATIENT, QUIET, Sitting, plan};

const PAGES: u32 = 40;
const MOST: u16 = 40;

fn auto(mode: Mode) -> Plan {
    Plan { auto: true, mode, ..plan(Workload::Followers, 1, PAGES, MOST) }
}

/// What is said to a request.
type Said = Arc<dyn Fn(u32) -> Vec<Reply> + Send + Sync>;

/// A server that answers when the test says so, and what the test says.
struct Held {
    peer: Peer,
    arrivals: Receiver<u32>,
    said: Arc<Mutex<Said>>,
}

fn page(page: u32) -> Vec<Reply> {
    let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
    let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
    vec![Reply::Send(answer(200, &links, body))]
}

impl Held {
    fn new() -> Self {
        let (arrived, arrivals) = unbounded();
        let said: Arc<Mutex<Said>> = Arc::new(Mutex::new(Arc::new(page)));
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
    fn says(&self, said: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static) -> Sender<()> {
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
fn let_go(go: &Sender<()>, count: u32) {
    (0..count).for_each(|_| go.send(()).unwrap());
}

/// The first four are answered after 50 ms, and eight that are `said` something else wait.
fn eight_wait(
    server: &Held,
    mode: Mode,
    patience: Patience,
    said: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static,
) -> (Going, Sender<()>) {
    let first = server.says(page);
    let going = Sitting::new(&server.peer.url(), patience).start(auto(mode));
    assert_eq!(server.await_requests(4), (1..=4).collect(), "{mode}");
    server.assert_no_more();
    let then = server.says(said);
    going.move_to(Nanos::from_millis(50));
    let_go(&first, 4);
    assert_eq!(server.await_requests(8), (5..=12).collect(), "{mode}");
    server.assert_no_more();
    (going, then)
}

fn steps(going: &Going) -> Vec<(u16, Why)> {
    going.run.steps().iter().map(|step| (step.to, step.why)).collect()
}

fn free() -> Why {
    Why::NoQueue { tenths: 0 }
}

#[test]
fn lanes_work_only_as_far_as_they_are_allowed_and_the_others_are_idle() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let server = Held::new();
        let (mut going, go) = eight_wait(&server, mode, PATIENT, page);
        while going.run.started_tasks() < 12 {
            going.next();
        }
        assert_eq!(steps(&going), [(4, Why::Start), (8, free())], "{mode}");
        let lanes = going.run.lanes();
        assert!(lanes[..4].iter().all(|lane| lane.spans().count() == 2), "{mode}");
        assert!(lanes[4..8].iter().all(|lane| lane.spans().count() == 1), "{mode}");
        let told = |lane: u16| going.events.iter().any(|event| event.lane.0 == lane);
        assert!((8..MOST).all(|lane| !told(lane)), "{mode}: no thread for nothing");
        let_go(&go, PAGES);
        going.end();
        assert!(going.run.is_whole(), "{mode}: {:?}", going.run.failure());
        let held = |kind: &Kind| *kind == Kind::Entered { state: State::Throttled };
        assert_eq!(going.moments(held), [], "{mode}");
    }
}

/// Eight requests are out, and come to nothing one after another: half as many go out after that, and
/// not half of the half for each.
#[test]
fn what_all_meet_halves_once() {
    let faults: [(fn() -> Reply, Why); 4] = [
        (|| Reply::Send(answer(429, "retry-after: 60\r\n", "")), Why::RateLimit),
        (|| Reply::Send(answer(502, "", "")), Why::ServerError),
        (|| Reply::Reset, Why::Broken),
        (|| Reply::Stall, Why::TimedOut),
    ];
    for (fault, why) in faults {
        let timeout = Duration::from_secs(if why == Why::TimedOut { 3 } else { 30 });
        let server = Held::new();
        let (mut going, go) =
            eight_wait(&server, Mode::Threads, Patience { timeout, ..PATIENT }, move |_| {
                vec![fault()]
            });
        let last = server.says(page);
        let_go(&go, 8);
        for _ in 0..8 {
            going.until(|event| matches!(event.kind, Kind::AttemptFailed { .. }));
        }
        assert_eq!(steps(&going), [(4, Why::Start), (8, free()), (4, why)]);
        let again = going.run.tasks().filter_map(|(task, _)| {
            going.run.failed_attempts(task).last().map(|attempt| attempt.again)
        });
        going.move_to(again.max().unwrap());
        server.await_requests(4);
        server.assert_no_more();
        let_go(&last, PAGES);
        going.end();
        assert!(going.run.is_whole(), "{why}: {:?}", going.run.failure());
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
                return vec![Reply::Send(answer(503, "retry-after: 5\r\n", ""))];
            }
            page(asked)
        });
        let mut going = Sitting::new(&peer.url(), PATIENT).start(auto(mode));
        let waits = |run: &Run, page| !run.failed_attempts(TaskId(page)).is_empty();
        // The clock stands still.
        while going.run.done_tasks() < PAGES - 4 || !(1..=4).all(|page| waits(&going.run, page)) {
            going.next();
        }
        going.move_to(Nanos::from_millis(5_000));
        going.end_at_once();
        assert!(going.run.is_whole(), "{mode}: {:?}", going.run.failure());
    }
}

/// The last requests of a quota are not asked for all at once.
#[test]
fn no_more_than_the_quota_has_left_are_in_flight() {
    let server = Held::new();
    let go = server.says(|asked| {
        let headers = format!(
            "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: {}\r\nx-ratelimit-reset: 1700003600\r\n\
             link: </x?page=4>; rel=\"last\"\r\n",
            4 - asked
        );
        let body = format!(r#"[{{"id":{asked},"login":"u","html_url":""}}]"#);
        vec![Reply::Send(answer(200, &headers, body))]
    });
    let plan = Plan { tasks: 4, ..auto(Mode::Threads) };
    let mut going = Sitting::new(&server.peer.url(), PATIENT).start(plan);
    server.await_requests(4);
    let_go(&go, 4);
    going.end_at_once();
    let last = going.run.steps().last().copied().unwrap();
    assert_eq!((last.to, last.why), (1, Why::Quota));
}

#[test]
fn a_stop_lets_lanes_go_that_wait_for_their_turn() {
    let server = Held::new();
    let (mut going, _go) = eight_wait(&server, Mode::Threads, PATIENT, page);
    going.handle.stop();
    going.end_at_once();
    assert_eq!(going.run.end(), Some(&End::Stopped));
    let last = going.run.steps().last().copied();
    assert_eq!(last.map(|step| step.to), Some(8));
}
