//! A stop ends requests in flight, whatever the server does.

use std::net::TcpListener;

use threadline::github::Api;
use threadline::model::{RunOutcome, State, TaskOutcome, Workload};

use super::peer::{Peer, PeerStep, head_bytes, response_bytes};
use super::{ClientRun, body, pages, plan};

/// Stops `workers` once they have said together so many times that they are in `state`, on a server
/// that then says nothing more.
fn stopped_in(state: State, times: u16, workers: u16, steps: fn() -> Vec<PeerStep>) {
    let peer = Peer::start(move |_| steps());
    let plan = plan(Workload::Followers, workers, u32::from(workers) + 5);
    let mut client_run = ClientRun::start(Api::new(&peer.url(), None).unwrap(), plan);
    for _ in 0..times {
        client_run.until(state);
    }
    client_run.handle.stop();
    let client_run = client_run.wait_for_end();
    assert_eq!(client_run.run.outcome(), Some(&RunOutcome::Stopped));
    assert_eq!(client_run.run.in_flight(), 0);
    let stopped = |outcome: &Option<TaskOutcome>| *outcome == Some(TaskOutcome::Stopped);
    let tasks: Vec<_> = client_run.run.tasks().collect();
    assert!(tasks.len() >= usize::from(workers));
    assert!(tasks.iter().all(|(_, record)| stopped(&record.outcome)), "{tasks:?}");
}

#[test]
fn while_the_server_does_not_answer() {
    // Each waits once before it connects, and then for the answer.
    stopped_in(State::Waiting, 2, 1, || vec![PeerStep::Stall]);
    stopped_in(State::Waiting, 40, 20, || vec![PeerStep::Stall]);
}

#[test]
fn in_the_middle_of_a_body() {
    let half = || {
        vec![
            PeerStep::Send(head_bytes(200, "", 1_000)),
            PeerStep::Send(vec![b'['; 10]),
            PeerStep::Stall,
        ]
    };
    stopped_in(State::Receiving, 1, 1, half);
    stopped_in(State::Receiving, 20, 20, half);
}

/// Nobody answers the handshake that https begins with.
#[test]
fn while_connecting() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let mut client_run = ClientRun::start(Api::new(&url, None).unwrap(), pages(1));
    client_run.until(State::Connecting);
    client_run.handle.stop();
    let client_run = client_run.wait_for_end();
    assert_eq!(client_run.run.outcome(), Some(&RunOutcome::Stopped));
}

#[test]
fn what_was_fetched_before_is_kept() {
    let peer = Peer::start(|request| match request.page() {
        1 => vec![PeerStep::Send(response_bytes(
            200,
            "link: </x?page=9>; rel=\"last\"\r\n",
            body(1, 4),
        ))],
        _ => vec![PeerStep::Stall],
    });
    let mut client_run = ClientRun::start(Api::new(&peer.url(), None).unwrap(), pages(9));
    client_run.until(State::Computing);
    client_run.until(State::Waiting);
    client_run.handle.stop();
    let client_run = client_run.wait_for_end();
    assert_eq!((client_run.run.done_tasks(), client_run.run.follower_count()), (1, 4));
    assert_eq!((client_run.run.queued_tasks(), client_run.run.is_complete()), (7, false));
}
