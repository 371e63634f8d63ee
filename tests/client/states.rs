//! What a lane says that its thread does, proved by a server that waits for it to be said.

use crossbeam_channel::unbounded;
use threadline::model::{ResponseSummary, State, TaskOutcome, Workload};

use super::peer::{Peer, PeerStep, head_bytes, response_bytes};
use super::{ClientRun, body, pages, plan, run};
use threadline::github::Api;

#[test]
fn a_request_waits_connects_waits_receives_and_computes() {
    use State::{Computing, Connecting, Receiving, Waiting};
    let (answer_now, may_answer) = unbounded();
    let (finish_now, may_finish) = unbounded();
    let peer = Peer::start(move |request| {
        let body = body(request.page(), 30).into_bytes();
        let (first, rest) = body.split_at(body.len() / 2);
        let link = "link: </x?page=2>; rel=\"last\"\r\n";
        vec![
            PeerStep::Wait(may_answer.clone()),
            PeerStep::Send(head_bytes(200, link, body.len())),
            PeerStep::Send(first.to_vec()),
            PeerStep::Wait(may_finish.clone()),
            PeerStep::Send(rest.to_vec()),
        ]
    });
    let mut client_run = ClientRun::start(Api::new(&peer.url(), None).unwrap(), pages(2));
    // Nothing is received before the server answers, and nothing computed before it has ended.
    client_run.until(Connecting);
    client_run.until(Waiting);
    assert!(client_run.handle.events().is_empty());
    answer_now.send(()).unwrap();
    client_run.until(Receiving);
    assert!(client_run.handle.events().is_empty());
    finish_now.send(()).unwrap();
    client_run.until(Computing);
    client_run.until(Waiting);
    assert!(client_run.handle.events().is_empty());
    answer_now.send(()).unwrap();
    client_run.until(Receiving);
    finish_now.send(()).unwrap();
    let client_run = client_run.wait_for_end();
    assert_eq!(client_run.states(1), [Waiting, Connecting, Waiting, Receiving, Computing]);
    assert_eq!(client_run.states(2), [Waiting, Receiving, Computing]);
    let sums = client_run.run.lanes()[0]
        .state_times_between(threadline::model::Nanos::ZERO, client_run.run.duration().unwrap());
    for state in [Connecting, Waiting, Receiving, Computing] {
        assert!(sums[state as usize] > 0, "no time in {state:?}");
    }
}

/// A connection that is not there yet is being connected to.
#[test]
fn nobody_listens() {
    let peer = Peer::start(|_| Vec::new());
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    assert_ne!(port, peer.port());
    let client_run = run(&format!("http://127.0.0.1:{port}"), pages(1));
    assert_eq!(client_run.states(1), [State::Waiting, State::Connecting]);
    let failure = super::failure_of(&client_run);
    assert_eq!(failure.kind, threadline::model::FailureKind::Unreachable);
    assert!(failure.message.contains("cannot be reached (Connection refused"), "{failure}");
}

#[test]
fn a_profile_is_a_task_of_its_own() {
    let peer =
        Peer::answering(response_bytes(200, "", r#"{"login":"OctoCat","followers":127,"id":1}"#));
    let client_run = run(&peer.url(), plan(Workload::Profile, 1, 1));
    let profile = client_run.run.profile().unwrap();
    assert_eq!((profile.login.as_str(), profile.followers), ("OctoCat", 127));
    assert_eq!(peer.requests()[0].target, "/users/octocat");
    assert!(client_run.run.is_complete());
}

#[test]
fn the_cost_of_a_page_is_reported() {
    let peer = Peer::answering(response_bytes(
        200,
        "x-ratelimit-limit: 60\r\nx-ratelimit-remaining: 59\r\nx-ratelimit-reset: 1700000000\r\n",
        body(1, 3),
    ));
    let client_run = run(&peer.url(), pages(1));
    let quota = client_run.run.quota().unwrap();
    assert_eq!((quota.limit, quota.remaining, quota.reset), (60, 59, 1_700_000_000));
    let (_, record) = client_run.run.tasks().next().unwrap();
    let Some(TaskOutcome::Done(done)) = &record.outcome else { unreachable!() };
    let bytes = body(1, 3).len() as u64;
    assert_eq!(done.response, Some(ResponseSummary { status: 200, bytes, connected: true }));
}
