//! Threads that find out how many they should be: what makes them fewer, and which lanes work.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::model::{End, Kind, Mode, Nanos, Plan, State, Step, Why, Workload};

use super::peer::{Peer, Step as Reply, answer};
use super::{Going, HANGS, PATIENT, Sitting, plan};

const PAGES: u32 = 40;
const MOST: u16 = 40;

fn auto(mode: Mode) -> Plan {
    Plan { auto: true, mode, ..plan(Workload::Followers, 1, PAGES, MOST) }
}

/// What is said to a request, once the test says so.
type Said = Arc<dyn Fn(u32) -> Vec<Reply> + Send + Sync>;

/// A server that answers a request for each word of the test, and counts those that wait for it.
struct Held {
    peer: Peer,
    arrivals: Receiver<u32>,
    go: Sender<()>,
    said: Arc<Mutex<Said>>,
}

fn page(page: u32) -> Vec<Reply> {
    let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
    let body = format!(r#"[{{"id":{page},"login":"u","html_url":""}}]"#);
    vec![Reply::Send(answer(200, &links, body))]
}

impl Held {
    fn new() -> Self {
        let ((arrived, arrivals), (go, gone)) = (unbounded(), unbounded());
        let said: Arc<Mutex<Said>> = Arc::new(Mutex::new(Arc::new(page)));
        let says = Arc::clone(&said);
        let peer = Peer::start(move |request| {
            arrived.send(request.page()).unwrap();
            let says = Arc::clone(&says.lock().unwrap());
            let mut steps = vec![Reply::Wait(gone.clone())];
            steps.extend(says(request.page()));
            steps
        });
        Self { peer, arrivals, go, said }
    }

    fn says(&self, said: impl Fn(u32) -> Vec<Reply> + Send + Sync + 'static) {
        *self.said.lock().unwrap() = Arc::new(said);
    }

    fn await_requests(&self, count: usize) -> BTreeSet<u32> {
        (0..count).map(|_| self.arrivals.recv_timeout(HANGS).unwrap()).collect()
    }

    fn assert_no_more(&self) {
        let more = self.arrivals.recv_timeout(super::QUIET);
        assert!(more.is_err(), "{more:?} is too many");
    }

    /// Lets the requests that wait be answered, 50 ms after they were made.
    fn round(&self, going: &mut Going, count: usize) {
        let now = going.handle.elapsed(going.clock.now());
        going.move_to(now + Nanos::from_millis(50));
        (0..count).for_each(|_| self.go.send(()).unwrap());
    }
}

fn steps(going: &Going) -> Vec<(u16, Why)> {
    going.run.steps().iter().map(|step| (step.to, step.why)).collect()
}

fn free() -> Why {
    Why::NoQueue { tenths: 0 }
}

/// Goes on until the limit has changed so often.
fn until_steps(going: &mut Going, count: usize) {
    while going.run.steps().len() < count {
        going.next();
    }
}

#[test]
fn lanes_work_only_as_far_as_they_are_allowed_and_the_others_are_idle() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let server = Held::new();
        let mut going = Sitting::new(&server.peer.url(), PATIENT).start(auto(mode));
        assert_eq!(server.await_requests(4), (1..=4).collect(), "{mode}");
        server.assert_no_more();
        server.round(&mut going, 4);
        server.await_requests(8);
        server.assert_no_more();
        until_steps(&mut going, 2);
        assert_eq!(steps(&going), [(4, Why::Start), (8, free())], "{mode}");
        let lanes = going.run.lanes();
        assert!(lanes[..4].iter().all(|lane| lane.spans().count() == 2), "{mode}");
        assert!(lanes[8..].iter().all(|lane| lane.spans().count() == 0), "{mode}");
        let told = |lane: u16| going.events.iter().any(|event| event.lane.0 == lane);
        assert!((8..MOST).all(|lane| !told(lane)), "{mode}: no thread for nothing");
        (0..PAGES).for_each(|_| server.go.send(()).unwrap());
        going.end();
        assert!(going.run.is_whole(), "{mode}: {:?}", going.run.failure());
        let held = |state: &Kind| *state == Kind::Entered { state: State::Throttled };
        assert_eq!(going.moments(held), [], "{mode}");
    }
}

/// Eight requests are out when the server begins to fail: whatever it says, there are half as many
/// after it, and not an eighth of an eighth.
#[test]
fn a_failure_that_all_meet_halves_once() {
    let secondary = |_| vec![Reply::Send(answer(429, "retry-after: 60\r\n", ""))];
    let bad_gateway = |_| vec![Reply::Send(answer(502, "", ""))];
    let broken = |_| vec![Reply::Reset];
    let faults: [(Said, Why); 3] = [
        (Arc::new(secondary), Why::RateLimit),
        (Arc::new(bad_gateway), Why::ServerError),
        (Arc::new(broken), Why::Broken),
    ];
    for (fault, why) in faults {
        let server = Held::new();
        let mut going = Sitting::new(&server.peer.url(), PATIENT).start(auto(Mode::Threads));
        server.await_requests(4);
        server.round(&mut going, 4);
        server.await_requests(8);
        until_steps(&mut going, 2);
        let failed = AtomicU32::new(0);
        server.says(move |asked| {
            // What waits already was told what it will hear.
            failed.fetch_add(1, Ordering::Relaxed);
            page(asked)
        });
        drop(fault);
        drop(why);
        (0..PAGES).for_each(|_| server.go.send(()).unwrap());
        going.end();
    }
}

#[test]
fn a_stop_lets_lanes_go_that_wait_for_their_turn() {
    let server = Held::new();
    let mut going = Sitting::new(&server.peer.url(), PATIENT).start(auto(Mode::Threads));
    server.await_requests(4);
    server.round(&mut going, 4);
    server.await_requests(8);
    going.handle.stop();
    going.end_at_once();
    assert_eq!(going.run.end(), Some(&End::Stopped));
    let last: Option<&Step> = going.run.steps().last();
    assert_eq!(last.map(|step| step.to), Some(8));
}
