//! Stopping a run cancels its requests in flight, whatever the server does.

use std::net::TcpListener;

use threadline::github::Api;
use threadline::model::{RunOutcome, State, TaskOutcome};

use super::{ClientRun, page_body, pages, plan};
use crate::peer::{Peer, PeerStep, head_bytes, response_bytes};

/// Stops a run once its workers have entered `state` `times` times in total, on a server that then
/// sends nothing more, and checks that all tasks were stopped.
fn assert_stops_in(state: State, times: u16, workers: u16, steps: fn() -> Vec<PeerStep>) {
    let peer = Peer::start(move |_| steps());
    let plan = plan(workers, u32::from(workers) + 5);
    let mut client_run = ClientRun::start(Api::new(&peer.url(), None).unwrap(), plan);
    for _ in 0..times {
        client_run.wait_for_state(state);
    }
    client_run.handle.stop();
    let client_run = client_run.wait_for_end();
    assert_eq!(client_run.run.outcome(), Some(&RunOutcome::Stopped));
    assert_eq!(client_run.run.timing().in_flight(), 0);
    let stopped = |outcome: &Option<TaskOutcome>| *outcome == Some(TaskOutcome::Stopped);
    let tasks: Vec<_> = client_run.run.tasks().iter().collect();
    assert!(tasks.len() >= usize::from(workers));
    assert!(tasks.iter().all(|(_, record)| stopped(&record.outcome)), "{tasks:?}");
}

#[test]
fn stop_cancels_requests_waiting_for_a_response() {
    // Each worker waits once before it connects, and once for the response.
    assert_stops_in(State::Waiting, 2, 1, || vec![PeerStep::Stall]);
    assert_stops_in(State::Waiting, 40, 20, || vec![PeerStep::Stall]);
}

#[test]
fn stop_cancels_requests_in_the_middle_of_a_body() {
    let half_body = || {
        vec![
            PeerStep::Send(head_bytes(200, "", 1_000)),
            PeerStep::Send(vec![b'['; 10]),
            PeerStep::Stall,
        ]
    };
    assert_stops_in(State::Receiving, 1, 1, half_body);
    assert_stops_in(State::Receiving, 20, 20, half_body);
}

/// The listener never answers the TLS handshake.
#[test]
fn stop_cancels_a_request_that_connects() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let mut client_run = ClientRun::start(Api::new(&url, None).unwrap(), pages(1));
    client_run.wait_for_state(State::Connecting);
    client_run.handle.stop();
    let client_run = client_run.wait_for_end();
    assert_eq!(client_run.run.outcome(), Some(&RunOutcome::Stopped));
}

#[test]
fn stop_keeps_the_pages_fetched_before() {
    let peer = Peer::start(|request| match request.page() {
        1 => vec![PeerStep::Send(response_bytes(
            200,
            "link: </x?page=9>; rel=\"last\"\r\n",
            page_body(1, 4),
        ))],
        _ => vec![PeerStep::Stall],
    });
    let mut client_run = ClientRun::start(Api::new(&peer.url(), None).unwrap(), pages(9));
    client_run.wait_for_state(State::Computing);
    client_run.wait_for_state(State::Waiting);
    client_run.handle.stop();
    let client_run = client_run.wait_for_end();
    assert_eq!(
        (client_run.run.progress().done_tasks(), client_run.run.progress().result_count()),
        (1, 4)
    );
    assert_eq!((client_run.run.queued_tasks(), client_run.run.is_complete()), (7, false));
}
