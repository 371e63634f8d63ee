//! Servers that write on a connection without a request: the client must not take those bytes for
//! the response to a later request.

use std::fmt::Debug;
use std::sync::Arc;

use crossbeam_channel::unbounded;
use threadline::github::Api;
use threadline::http::RetryPolicy;
use threadline::model::{EventKind, Mode, Plan, Run, TaskId};
use threadline::source::{Clock, Launcher};

use super::{ClientRun, page_body, plan};
use crate::peer::{Peer, PeerStep, response_bytes};

const LAST: u32 = 4;

type UnsolicitedSteps = fn() -> Vec<PeerStep>;

/// Steps that a server takes without a request.
const UNSOLICITED: [(&str, UnsolicitedSteps); 6] = [
    ("another response", || vec![PeerStep::Send(page(77, LAST))]),
    ("a late 408", || vec![PeerStep::Send(late_408())]),
    ("a late 408 and a shutdown", || vec![PeerStep::Send(late_408()), PeerStep::Shutdown]),
    ("garbage", || vec![PeerStep::Send(b"\0\xff".to_vec())]),
    ("a line break", || vec![PeerStep::Send(b"\r\n".to_vec())]),
    ("a shutdown", || vec![PeerStep::Shutdown]),
];

fn late_408() -> Vec<u8> {
    response_bytes(408, "connection: close\r\n", "")
}

/// When the server takes the unsolicited steps.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// Immediately after a response.
    AfterResponse,
    /// Once the lane is idle.
    WhileIdle,
}

fn page(page: u32, last: u32) -> Vec<u8> {
    response_bytes(200, &format!("link: </x?page={last}>; rel=\"last\"\r\n"), page_body(page, 2))
}

/// Fetches two pages in parallel. The second response announces two more pages, and is held back
/// until the server has taken the unsolicited steps on the first connection. Those two pages are
/// held back until both lanes have sent a request, so that each lane sends two.
fn run_with_unsolicited(mode: Mode, moment: Moment, unsolicited: UnsolicitedSteps) -> ClientRun {
    let (idle, is_idle) = unbounded();
    let (written, is_written) = unbounded();
    let (announce, may_announce) = unbounded();
    let (answer_both, may_answer) = unbounded();
    let peer = Peer::start(move |request| match request.page() {
        1 => {
            let mut steps = vec![PeerStep::Send(page(1, 2))];
            if matches!(moment, Moment::WhileIdle) {
                steps.push(PeerStep::Wait(is_idle.clone()));
            }
            steps.extend(unsolicited());
            steps.push(PeerStep::Report(written.clone()));
            steps
        }
        2 => vec![PeerStep::Wait(may_announce.clone()), PeerStep::Send(page(2, LAST))],
        number => vec![PeerStep::Wait(may_answer.clone()), PeerStep::Send(page(number, LAST))],
    });
    let plan = Plan { mode, ..plan(2, 2) };
    let no_retries = RetryPolicy { retries: 0, ..RetryPolicy::default() };
    let api = Some(Arc::new(Api::new(&peer.url(), None).unwrap()));
    let program = Some(env!("CARGO_BIN_EXE_threadline").into());
    let launcher = Launcher::with_processes(api, no_retries, Clock::system(), program);
    let handle = launcher.start(plan.clone());
    let mut client_run = ClientRun { handle, run: Run::new(plan), events: Vec::new() };
    while !matches!(client_run.next().kind, EventKind::TaskFinished { task: TaskId(1), .. }) {}
    idle.send(()).unwrap();
    is_written.recv_timeout(super::HANG_TIMEOUT).unwrap();
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

/// The ids of the followers on the four pages.
const ALL_IDS: [u64; 8] = [1_000, 1_001, 2_000, 2_001, 3_000, 3_001, 4_000, 4_001];

fn assert_has_all_followers(client_run: &ClientRun, case: impl Debug) {
    let ids: Vec<u64> = client_run.run.followers().map(|follower| follower.id).collect();
    let failure = client_run.run.failure();
    assert!(client_run.run.is_complete() && ids == ALL_IDS, "{case:?}: {failure:?}, {ids:?}");
}

#[test]
fn unsolicited_bytes_do_not_answer_a_later_request() {
    for moment in [Moment::AfterResponse, Moment::WhileIdle] {
        for (name, unsolicited) in UNSOLICITED {
            assert_has_all_followers(
                &run_with_unsolicited(Mode::Threads, moment, unsolicited),
                (name, moment),
            );
        }
    }
}

#[test]
fn unsolicited_response_does_not_answer_a_later_request_in_any_mode() {
    let another_response = || vec![PeerStep::Send(page(77, LAST))];
    for mode in [Mode::Gil, Mode::Processes] {
        assert_has_all_followers(
            &run_with_unsolicited(mode, Moment::WhileIdle, another_response),
            mode,
        );
    }
}

#[test]
fn idle_connection_without_unsolicited_bytes_is_reused() {
    for mode in [Mode::Threads, Mode::Gil, Mode::Processes] {
        let client_run = run_with_unsolicited(mode, Moment::WhileIdle, Vec::new);
        assert_has_all_followers(&client_run, mode);
        assert_eq!(client_run.connecting_tasks().len(), 2, "{mode:?}");
    }
}
