//! Connection reuse: each worker keeps one connection.

use std::time::Duration;

use threadline::model::{LaneId, Plan, TaskId, WorkSpec};
use threadline::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};

use super::response_bodies::gzip;
use super::{ClientRun, page_body, pages, plan, run_to_end};
use crate::peer::{Peer, PeerStep, head_bytes, response_bytes};

fn start_server(followers: u32, millis: u64) -> Server {
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

fn for_default_user(mut plan: Plan) -> Plan {
    if let WorkSpec::Followers(target) = &mut plan.work {
        DEFAULT_USER.clone_into(&mut target.user);
    }
    plan
}

#[test]
fn sequential_run_uses_one_connection() {
    for millis in [0, 1] {
        let server = start_server(900, millis);
        let client_run = run_to_end(&server.url(), for_default_user(pages(30)));
        assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
        let counts = server.request_counts();
        assert_eq!((counts.connections, counts.requests, counts.max_in_flight), (1, 30, 1));
        assert_eq!(client_run.connecting_tasks(), [(LaneId(0), TaskId(1))]);
    }
}

/// Some encodings show the end of a body only after its last byte.
#[test]
fn connection_is_reused_however_the_body_ends() {
    let last = "link: </x?page=40>; rel=\"last\"\r\n";
    let chunked = format!("HTTP/1.1 200 X\r\n{last}transfer-encoding: chunked\r\n\r\n2\r\n[]\r\n");
    let responses = [
        vec![response_bytes(200, last, "[]")],
        vec![head_bytes(200, last, 2), b"[]".to_vec()],
        vec![head_bytes(200, last, 2), b"[".to_vec(), b"]".to_vec()],
        vec![chunked.clone().into_bytes(), b"0\r\n\r\n".to_vec()],
        vec![(chunked + "0\r\n\r\n").into_bytes()],
        vec![response_bytes(200, &format!("{last}content-encoding: gzip\r\n"), gzip(b"[]"))],
    ];
    for (number, parts) in responses.into_iter().enumerate() {
        let peer = Peer::start(move |_| parts.iter().cloned().map(PeerStep::Send).collect());
        let client_run = run_to_end(&peer.url(), pages(40));
        assert!(client_run.run.is_complete(), "{number}: {:?}", client_run.run.failure());
        assert_eq!(client_run.connecting_tasks(), [(LaneId(0), TaskId(1))], "{number}");
    }
}

#[test]
fn each_worker_has_one_connection_and_one_request_at_a_time() {
    let server = start_server(3_000, 5);
    let plan = for_default_user(plan(8, 100));
    let client_run = run_to_end(&server.url(), plan);
    assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
    let counts = server.request_counts();
    assert_eq!((counts.connections, counts.requests, counts.in_flight), (8, 100, 0));
    assert_eq!(counts.max_in_flight, 8);
    let lanes: Vec<u16> = client_run.connecting_tasks().iter().map(|(lane, _)| lane.0).collect();
    let mut distinct = lanes.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), lanes.len(), "a lane connected twice: {lanes:?}");
}

#[test]
fn both_modes_fetch_the_same_followers_in_the_same_order() {
    let server = start_server(127, 0);
    let ids = |client_run: &ClientRun| {
        client_run.run.followers().map(|follower| follower.id).collect::<Vec<u64>>()
    };
    let sequential = run_to_end(&server.url(), for_default_user(pages(5)));
    let threads = for_default_user(plan(5, 5));
    let threads = run_to_end(&server.url(), threads);
    assert_eq!(ids(&sequential).len(), 127);
    assert_eq!(ids(&sequential), ids(&threads));
}

/// The number of pages that are requested first, and the list disagree.
#[test]
fn existing_pages_are_fetched_whatever_the_first_wave() {
    for (followers, guess) in [(127, 3), (127, 9), (0, 4), (30, 2), (31, 1)] {
        for workers in [1, 4] {
            let server = start_server(followers, 0);
            let plan = plan(workers, guess);
            let client_run = run_to_end(&server.url(), for_default_user(plan));
            assert!(client_run.run.is_complete());
            assert_eq!(client_run.run.progress().known_tasks(), followers.div_ceil(30).max(1));
            assert_eq!(client_run.run.progress().result_count(), u64::from(followers));
            if workers == 1 {
                // A full page without links may not be the last, so one more is requested.
                let pages =
                    followers.div_ceil(30).max(1) + u32::from((followers, guess) == (30, 2));
                assert_eq!(server.request_counts().requests, u64::from(pages), "requests");
            }
        }
    }
}

#[test]
fn built_in_server_is_reachable_as_localhost() {
    let server = start_server(127, 0);
    let url = format!("http://localhost:{}", server.address().port());
    let client_run = run_to_end(&url, for_default_user(pages(5)));
    assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
}

#[test]
fn client_reconnects_to_a_server_that_closes_after_each_response() {
    let peer = Peer::start(|request| {
        let body = page_body(request.page(), 2);
        vec![PeerStep::Send(response_bytes(200, "connection: close\r\n", body)), PeerStep::Close]
    });
    let client_run = run_to_end(&peer.url(), pages(1));
    assert!(client_run.run.is_complete());
    let peer = Peer::start(|request| {
        let link = "link: </x?page=4>; rel=\"last\"\r\nconnection: close\r\n";
        vec![
            PeerStep::Send(response_bytes(200, link, page_body(request.page(), 2))),
            PeerStep::Close,
        ]
    });
    let client_run = run_to_end(&peer.url(), pages(4));
    assert!(client_run.run.is_complete(), "{:?}", client_run.run.failure());
    assert_eq!(client_run.connecting_tasks().len(), 4);
}
