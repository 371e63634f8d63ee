//! A server that writes on a connection while its lane has nothing to ask: no later request may be
//! answered by that.

use std::fmt::Debug;
use std::sync::Arc;

use crossbeam_channel::unbounded;
use threadline::engine::{Clock, Launcher};
use threadline::github::{Api, RetryPolicy};
use threadline::model::{EventKind, Mode, Plan, Run, TaskId, Workload};

use super::peer::{Peer, PeerStep, response_bytes};
use super::{ClientRun, body, plan};

const LAST: u32 = 4;

type Unasked = fn() -> Vec<PeerStep>;

/// Bytes that a server writes without a request.
const UNASKED: [(&str, Unasked); 6] = [
    ("another answer", || vec![PeerStep::Send(page(77, LAST))]),
    ("a late 408", || vec![PeerStep::Send(late_408())]),
    ("a late 408 and an end", || vec![PeerStep::Send(late_408()), PeerStep::Shutdown]),
    ("garbage", || vec![PeerStep::Send(b"\0\xff".to_vec())]),
    ("a line break", || vec![PeerStep::Send(b"\r\n".to_vec())]),
    ("an end", || vec![PeerStep::Shutdown]),
];

fn late_408() -> Vec<u8> {
    response_bytes(408, "connection: close\r\n", "")
}

/// When it does.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Right behind an answer.
    BehindAnAnswer,
    /// Once the lane has nothing to ask.
    OnAnIdleLane,
}

fn page(page: u32, last: u32) -> Vec<u8> {
    response_bytes(200, &format!("link: </x?page={last}>; rel=\"last\"\r\n"), body(page, 2))
}

/// Fetches two pages side by side. The answer to the second says that there are two more; it comes
/// after the connection of the first was written on unasked. The two more are answered once both
/// lanes have asked, so that each lane asks twice.
fn run(mode: Mode, moment: Moment, unasked: Unasked) -> ClientRun {
    let (idle, is_idle) = unbounded();
    let (written, is_written) = unbounded();
    let (announce, may_announce) = unbounded();
    let (answer_both, may_answer) = unbounded();
    let peer = Peer::start(move |request| match request.page() {
        1 => {
            let mut steps = vec![PeerStep::Send(page(1, 2))];
            if matches!(moment, Moment::OnAnIdleLane) {
                steps.push(PeerStep::Wait(is_idle.clone()));
            }
            steps.extend(unasked());
            steps.push(PeerStep::Report(written.clone()));
            steps
        }
        2 => vec![PeerStep::Wait(may_announce.clone()), PeerStep::Send(page(2, LAST))],
        number => vec![PeerStep::Wait(may_answer.clone()), PeerStep::Send(page(number, LAST))],
    });
    let plan = Plan { mode, ..plan(Workload::Followers, 2, 2) };
    let once = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    let api = Some(Arc::new(Api::new(&peer.url(), None).unwrap()));
    let program = Some(env!("CARGO_BIN_EXE_threadline").into());
    let launcher = Launcher::with_processes(api, once, Clock::system(), program);
    let handle = launcher.start(plan.clone());
    let mut client_run = ClientRun { handle, run: Run::new(plan), events: Vec::new() };
    while !matches!(client_run.next().kind, EventKind::TaskFinished { task: TaskId(1), .. }) {}
    idle.send(()).unwrap();
    is_written.recv_timeout(super::HANGS).unwrap();
    announce.send(()).unwrap();
    let is_started = |client_run: &ClientRun, task| {
        client_run
            .events
            .iter()
            .any(|event| event.kind == EventKind::TaskStarted { task: TaskId(task) })
    };
    while !(is_started(&client_run, 3) && is_started(&client_run, LAST)) {
        client_run.next();
    }
    answer_both.send(()).unwrap();
    answer_both.send(()).unwrap();
    client_run.wait_for_end()
}

/// The followers on the four pages.
const ALL: [u64; 8] = [1_000, 1_001, 2_000, 2_001, 3_000, 3_001, 4_000, 4_001];

fn assert_has_all(client_run: &ClientRun, case: impl Debug) {
    let ids: Vec<u64> = client_run.run.followers().map(|follower| follower.id).collect();
    let failure = client_run.run.failure();
    assert!(client_run.run.is_complete() && ids == ALL, "{case:?}: {failure:?}, {ids:?}");
}

#[test]
fn unasked_bytes_answer_no_later_request() {
    for moment in [Moment::BehindAnAnswer, Moment::OnAnIdleLane] {
        for (name, unasked) in UNASKED {
            assert_has_all(&run(Mode::Threads, moment, unasked), (name, moment));
        }
    }
}

#[test]
fn unasked_bytes_answer_no_later_request_in_any_mode() {
    let another_answer = || vec![PeerStep::Send(page(77, LAST))];
    for mode in [Mode::Gil, Mode::Processes] {
        assert_has_all(&run(mode, Moment::OnAnIdleLane, another_answer), mode);
    }
}

#[test]
fn a_connection_that_idled_in_silence_is_reused() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let client_run = run(mode, Moment::OnAnIdleLane, Vec::new);
        assert_has_all(&client_run, mode);
        assert_eq!(client_run.connected().len(), 2, "{mode:?}");
    }
}
