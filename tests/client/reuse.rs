//! Connections: one a worker, used again.

use std::time::Duration;

use threadline::github::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};
use threadline::model::{LaneId, Plan, TaskId, WorkSpec};

use super::bodies::gzip;
use super::peer::{Peer, PeerStep, head_bytes, response_bytes};
use super::{ClientRun, body, pages, plan, run};

fn server(followers: u32, millis: u64) -> Server {
    let latency = Latency::Uniform {
        latency: Duration::from_millis(millis),
        jitter: Duration::ZERO,
        seed: 0,
    };
    let (faults, wall_clock) = (FaultScript::default(), || 1_700_000_000);
    let user = DEFAULT_USER.to_owned();
    let settings =
        ServerSettings { user, followers, latency, faults, at_once: None, port: 0, wall_clock };
    Server::start(settings).unwrap()
}

fn of_the_server(mut plan: Plan) -> Plan {
    if let WorkSpec::Followers(target) = &mut plan.work {
        DEFAULT_USER.clone_into(&mut target.user);
    }
    plan
}

#[test]
fn one_after_another_is_one_connection() {
    for millis in [0, 1] {
        let server = server(900, millis);
        let client_run = run(&server.url(), of_the_server(pages(30)));
        assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
        let counts = server.request_counts();
        assert_eq!((counts.connections, counts.requests, counts.max_in_flight), (1, 30, 1));
        assert_eq!(client_run.connected(), [(LaneId(0), TaskId(1))]);
    }
}

/// The end of a body comes to light in several ways, some of them only after the last byte.
#[test]
fn a_connection_is_used_again_however_the_body_ended() {
    let last = "link: </x?page=40>; rel=\"last\"\r\n";
    let chunked = format!("HTTP/1.1 200 X\r\n{last}transfer-encoding: chunked\r\n\r\n2\r\n[]\r\n");
    let ways = [
        vec![response_bytes(200, last, "[]")],
        vec![head_bytes(200, last, 2), b"[]".to_vec()],
        vec![head_bytes(200, last, 2), b"[".to_vec(), b"]".to_vec()],
        vec![chunked.clone().into_bytes(), b"0\r\n\r\n".to_vec()],
        vec![(chunked + "0\r\n\r\n").into_bytes()],
        vec![response_bytes(200, &format!("{last}content-encoding: gzip\r\n"), gzip(b"[]"))],
    ];
    for (number, parts) in ways.into_iter().enumerate() {
        let peer = Peer::start(move |_| parts.iter().cloned().map(PeerStep::Send).collect());
        let client_run = run(&peer.url(), pages(40));
        assert!(client_run.run.is_complete(), "{number}: {:?}", client_run.run.failure());
        assert_eq!(client_run.connected(), [(LaneId(0), TaskId(1))], "{number}");
    }
}

#[test]
fn each_worker_has_one_connection_and_one_request_at_a_time() {
    let server = server(3_000, 5);
    let plan = of_the_server(plan(threadline::model::Workload::Followers, 8, 100));
    let client_run = run(&server.url(), plan);
    assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
    let counts = server.request_counts();
    assert_eq!((counts.connections, counts.requests, counts.in_flight), (8, 100, 0));
    assert_eq!(counts.max_in_flight, 8);
    let lanes: Vec<u16> = client_run.connected().iter().map(|(lane, _)| lane.0).collect();
    let mut once = lanes.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), lanes.len(), "a lane connected twice: {lanes:?}");
}

#[test]
fn both_modes_bring_the_same_followers_in_the_same_order() {
    let server = server(127, 0);
    let ids = |client_run: &ClientRun| {
        client_run.run.followers().map(|follower| follower.id).collect::<Vec<u64>>()
    };
    let sequential = run(&server.url(), of_the_server(pages(5)));
    let threads = of_the_server(plan(threadline::model::Workload::Followers, 5, 5));
    let threads = run(&server.url(), threads);
    assert_eq!(ids(&sequential).len(), 127);
    assert_eq!(ids(&sequential), ids(&threads));
}

/// The profile's count and the list disagree: what exists is fetched, once.
#[test]
fn the_pages_that_exist_decide() {
    for (followers, guess) in [(127, 3), (127, 9), (0, 4), (30, 2), (31, 1)] {
        for workers in [1, 4] {
            let server = server(followers, 0);
            let plan = plan(threadline::model::Workload::Followers, workers, guess);
            let client_run = run(&server.url(), of_the_server(plan));
            assert!(client_run.run.is_complete());
            assert_eq!(client_run.run.known_tasks(), followers.div_ceil(30).max(1));
            assert_eq!(client_run.run.follower_count(), u64::from(followers));
            if workers == 1 {
                // A full page without links may be one of several, so one more is asked for.
                let pages =
                    followers.div_ceil(30).max(1) + u32::from((followers, guess) == (30, 2));
                assert_eq!(server.request_counts().requests, u64::from(pages), "one too many");
            }
        }
    }
}

#[test]
fn localhost_is_a_name_for_the_built_in_server() {
    let server = server(127, 0);
    let url = format!("http://localhost:{}", server.address().port());
    let client_run = run(&url, of_the_server(pages(5)));
    assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
}

#[test]
fn a_server_that_closes_after_each_answer_is_connected_to_again() {
    let peer = Peer::start(|request| {
        let body = body(request.page(), 2);
        vec![PeerStep::Send(response_bytes(200, "connection: close\r\n", body)), PeerStep::Close]
    });
    let client_run = run(&peer.url(), pages(1));
    assert!(client_run.run.is_complete());
    let peer = Peer::start(|request| {
        let link = "link: </x?page=4>; rel=\"last\"\r\nconnection: close\r\n";
        vec![PeerStep::Send(response_bytes(200, link, body(request.page(), 2))), PeerStep::Close]
    });
    let client_run = run(&peer.url(), pages(4));
    assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
    assert_eq!(client_run.connected().len(), 4);
}
