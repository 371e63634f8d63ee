//! Clients that mean harm, or are broken: the server goes on serving the others.

use std::io::Write as _;
use std::net::Shutdown;
use std::thread;

use threadline::github::server::Server;

use crate::client::*;

/// The others are served.
fn assert_well(server: &Server) {
    let response = RawClient::to(server).get(&followers(""));
    assert_eq!((response.status, response.users().len()), (200, 30));
}

#[test]
fn half_a_request_is_no_request() {
    let server = quick(127);
    let whole = request("GET", &followers(""));
    let halves = [1, 4, 20, whole.len() - 1].map(|length| {
        let mut client = RawClient::to(&server);
        client.stream.write_all(&whole.as_bytes()[..length]).unwrap();
        client
    });
    assert_well(&server);
    assert_eq!(server.request_counts().requests, 1);
    for mut client in halves {
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.rest(), (Vec::new(), true));
    }
    assert_well(&server);
}

#[test]
fn a_head_may_come_byte_by_byte() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    for byte in request("GET", &followers("?page=5")).as_bytes() {
        client.stream.write_all(std::slice::from_ref(byte)).unwrap();
        assert_well(&server);
    }
    assert_eq!(client.response().users().len(), 7);
}

#[test]
fn headers_without_end_are_refused() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    client.send("GET / HTTP/1.1\r\n");
    let line = b"x-endless: and another one\r\n".repeat(100);
    // It closes some time; until then it takes what comes.
    while client.stream.write_all(&line).is_ok() {
        assert!(server.request_counts().requests <= 1);
    }
    assert_well(&server);
}

#[test]
fn ten_thousand_requests_at_once_are_answered_in_turn() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    let mut stream = client.stream.try_clone().unwrap();
    let sending = thread::Builder::new().spawn(move || {
        let ahead = request("GET", "/rate_limit").repeat(10_000);
        stream.write_all(ahead.as_bytes()).unwrap();
    });
    for number in 1..=10_000_u32 {
        let id = client.response().header("x-github-request-id").unwrap().to_owned();
        assert!(id.starts_with(&format!("C0DE:{number:06X}:")), "{id}");
    }
    sending.unwrap().join().unwrap();
    assert_eq!(server.request_counts().requests, 10_000);
}

#[test]
fn who_asks_and_never_listens_waits_alone() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    client.stream.set_nonblocking(true).unwrap();
    let ahead = request("GET", &followers("?per_page=100")).repeat(100);
    // Until neither side takes more.
    while client.stream.write_all(ahead.as_bytes()).is_ok() {}
    assert_well(&server);
    drop(client);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn garbage_is_refused_whatever_it_is() {
    let server = quick(127);
    let mut chance = fastrand::Rng::with_seed(7);
    for _ in 0..100 {
        let mut client = RawClient::to(&server);
        let bytes: Vec<u8> = (0..chance.usize(1..5_000)).map(|_| chance.u8(..)).collect();
        // The server may have closed before all is sent, and then resets.
        _ = client.stream.write_all(&bytes);
        _ = client.stream.shutdown(Shutdown::Write);
        let (answer, _) = client.rest();
        assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    }
    assert_well(&server);
}

#[test]
fn many_idle_connections_leave_room_for_others() {
    let server = quick(127);
    let idle: Vec<RawClient> = (0..40).map(|_| RawClient::to(&server)).collect();
    assert_well(&server);
    drop(idle);
    assert_well(&server);
    assert_eq!(server.request_counts().connections, 42);
}
