//! States that a lane reports, checked by a server that waits for each report.

use crossbeam_channel::unbounded;
use threadline::model::{ResponseSummary, State, TaskOutcome};

use super::{ClientRun, page_body, pages, run_to_end};
use crate::peer::{Peer, PeerStep, head_bytes, response_bytes};
use threadline::github::Api;

#[test]
fn lane_reports_each_state_of_a_request_in_order() {
    use State::{Computing, Connecting, Receiving, Waiting};
    let (allow_response, may_respond) = unbounded();
    let (allow_end, may_end) = unbounded();
    let peer = Peer::start(move |request| {
        let body = page_body(request.page(), 30).into_bytes();
        let (first, rest) = body.split_at(body.len() / 2);
        let link = "link: </x?page=2>; rel=\"last\"\r\n";
        vec![
            PeerStep::Wait(may_respond.clone()),
            PeerStep::Send(head_bytes(200, link, body.len())),
            PeerStep::Send(first.to_vec()),
            PeerStep::Wait(may_end.clone()),
            PeerStep::Send(rest.to_vec()),
        ]
    });
    let mut client_run = ClientRun::start(Api::new(&peer.url(), None).unwrap(), pages(2));
    // Receiving must not begin before the server responds, nor computing before the body ends.
    client_run.wait_for_state(Connecting);
    client_run.wait_for_state(Waiting);
    assert!(client_run.handle.events().is_empty());
    allow_response.send(()).unwrap();
    client_run.wait_for_state(Receiving);
    assert!(client_run.handle.events().is_empty());
    allow_end.send(()).unwrap();
    client_run.wait_for_state(Computing);
    client_run.wait_for_state(Waiting);
    assert!(client_run.handle.events().is_empty());
    allow_response.send(()).unwrap();
    client_run.wait_for_state(Receiving);
    allow_end.send(()).unwrap();
    let client_run = client_run.wait_for_end();
    assert_eq!(client_run.states(1), [Waiting, Connecting, Waiting, Receiving, Computing]);
    assert_eq!(client_run.states(2), [Waiting, Receiving, Computing]);
    let state_times = client_run.run.lanes()[0]
        .state_times_between(threadline::model::Nanos::ZERO, client_run.run.duration().unwrap());
    for state in [Connecting, Waiting, Receiving, Computing] {
        assert!(state_times[state] > 0, "no time in {state:?}");
    }
}

#[test]
fn refused_connection_fails_in_the_connecting_state() {
    let peer = Peer::start(|_| Vec::new());
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    assert_ne!(port, peer.port());
    let client_run = run_to_end(&format!("http://127.0.0.1:{port}"), pages(1));
    assert_eq!(client_run.states(1), [State::Waiting, State::Connecting]);
    let failure = super::run_failure(&client_run);
    assert_eq!(failure.kind, threadline::model::FailureKind::Unreachable);
    assert!(failure.message.contains("cannot be reached (Connection refused"), "{failure}");
}

#[test]
fn page_reports_quota_status_and_size() {
    let peer = Peer::answering(response_bytes(
        200,
        "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: 59\r\nx-ratelimit-reset: 1700000000\r\n",
        page_body(1, 3),
    ));
    let client_run = run_to_end(&peer.url(), pages(1));
    let quota = client_run.run.limits().quota().unwrap();
    assert_eq!((quota.limit, quota.remaining, quota.reset), (60, 59, 1_700_000_000));
    let (_, record) = client_run.run.tasks().iter().next().unwrap();
    let Some(TaskOutcome::Done(done)) = &record.outcome else { unreachable!() };
    let bytes = page_body(1, 3).len() as u64;
    assert_eq!(done.response, Some(ResponseSummary { status: 200, bytes, connected: true }));
}
