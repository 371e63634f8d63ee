//! A server that refuses more than six requests at once, and the conclusion from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crossbeam_channel::{Receiver, Sender, unbounded};
use threadline::analysis::verdict::Verdict;
use threadline::model::{EventKind, Nanos};

use super::{FaultLauncher, FaultRun, HANG_TIMEOUT, RETRY_POLICY, plan};
use crate::peer::{Peer, PeerStep, response_bytes};

const PAGES: u32 = 40;
const WORKERS: u16 = 12;
const CEILING: usize = 6;

/// A server that works on six requests until the test ends them, and refuses others.
struct CeilingServer {
    peer: Peer,
    /// Set once the server answers each request at once.
    is_open: Arc<AtomicBool>,
    in_work: Arc<AtomicUsize>,
    /// One message per request: whether it was accepted.
    arrivals: Receiver<bool>,
    release_page: Sender<()>,
    release_refusal: Sender<()>,
}

impl CeilingServer {
    fn start() -> Self {
        let (is_open, in_work) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (open, working) = (Arc::clone(&is_open), Arc::clone(&in_work));
        let (arrived, arrivals) = unbounded();
        let (release_page, page_released) = unbounded();
        let (release_refusal, refusal_released) = unbounded();
        let peer = Peer::start(move |request| {
            let links = format!("link: </x?page={PAGES}>; rel=\"last\"\r\n");
            let body = format!(r#"[{{"id":{},"login":"u","html_url":""}}]"#, request.page());
            let page = PeerStep::Send(response_bytes(200, &links, body));
            if open.load(Ordering::SeqCst) {
                return vec![page];
            }
            let below_ceiling = |count: usize| (count < CEILING).then_some(count + 1);
            let admitted =
                working.fetch_update(Ordering::SeqCst, Ordering::SeqCst, below_ceiling).is_ok();
            arrived.send(admitted).unwrap();
            if admitted {
                return vec![PeerStep::Wait(page_released.clone()), page];
            }
            let refusal = response_bytes(429, "retry-after: 1\r\n", "");
            vec![PeerStep::Wait(refusal_released.clone()), PeerStep::Send(refusal)]
        });
        Self { peer, is_open, in_work, arrivals, release_page, release_refusal }
    }

    /// Waits for requests, and returns the number that was refused.
    fn await_requests(&self, count: usize) -> usize {
        let admitted = (0..count).map(|_| self.arrivals.recv_timeout(HANG_TIMEOUT).unwrap());
        admitted.filter(|admitted| !admitted).count()
    }

    fn finish_page(&self) {
        self.in_work.fetch_sub(1, Ordering::SeqCst);
        self.release_page.send(()).unwrap();
    }
}

/// Waits until this number of requests was refused, and returns the end of the last one's wait.
fn await_refusals(fault_run: &mut FaultRun, count: usize) -> Nanos {
    let mut retry_at = Nanos::ZERO;
    for _ in 0..count {
        let is_refusal = |kind: &EventKind| matches!(kind, EventKind::AttemptFailed { .. });
        let event = fault_run.wait_for(|event| is_refusal(&event.kind));
        if let EventKind::AttemptFailed { retry_at: until, .. } = event.kind {
            retry_at = until;
        }
    }
    retry_at
}

/// Waits until this number of pages is done.
fn await_pages(fault_run: &mut FaultRun, count: u32) {
    while fault_run.run.progress().done_tasks() < count {
        fault_run.next();
    }
}

/// Twelve requests at once, six of which are refused; then six, and seven, of which one is refused.
#[test]
fn server_that_refuses_more_than_six_at_once_is_reported_with_its_cost() {
    let server = CeilingServer::start();
    let launcher = FaultLauncher::new(&server.peer.url(), RETRY_POLICY);
    let mut fault_run = launcher.start(plan(1, PAGES, WORKERS));

    assert_eq!(server.await_requests(12), 6);
    fault_run.move_to(Nanos::from_millis(1));
    (0..6).for_each(|_| server.release_refusal.send(()).unwrap());
    let again = await_refusals(&mut fault_run, 6);
    fault_run.move_to(Nanos::from_millis(50));
    (0..6).for_each(|_| server.finish_page());
    await_pages(&mut fault_run, 6);

    fault_run.move_to(again);
    assert_eq!(server.await_requests(6), 0);
    let sent = again + Nanos::from_millis(50);
    fault_run.move_to(sent);
    for _ in 0..6 {
        server.finish_page();
        assert_eq!(server.await_requests(1), 0);
    }
    // A whole round succeeded, so the limit grew to seven.
    assert_eq!(server.await_requests(1), 1);
    fault_run.move_to(sent + Nanos::from_millis(1));
    server.release_refusal.send(()).unwrap();
    let again = await_refusals(&mut fault_run, 1);
    fault_run.move_to(sent + Nanos::from_millis(50));
    server.is_open.store(true, Ordering::SeqCst);
    (0..6).for_each(|_| server.finish_page());
    await_pages(&mut fault_run, 18);

    fault_run.move_to(again);
    fault_run.run_to_end();
    assert!(fault_run.run.is_complete(), "{:?}", fault_run.run.failure());
    let runs = [fault_run.run];
    let sentence = Verdict::new(&runs, None).conclusion().unwrap().sentence();
    let expected = "The server refused more than 6 at once, 2 times, costing 2 of 2 s: use 6; ";
    assert!(sentence.starts_with(expected), "{sentence}");
}
