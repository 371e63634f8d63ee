//! Hostile and broken clients: the server keeps serving the others.

use std::io::Write as _;
use std::net::Shutdown;
use std::thread;

use threadline::server::Server;

use crate::server::raw_client::*;

/// Asserts that the server still serves other clients.
fn assert_serves_others(server: &Server) {
    let response = RawClient::connect(server).get(&followers_path(""));
    assert_eq!((response.status, response.users().len()), (200, 30));
}

#[test]
fn incomplete_request_is_neither_counted_nor_answered() {
    let server = instant_server(127);
    let complete = request("GET", &followers_path(""));
    let clients = [1, 4, 20, complete.len() - 1].map(|length| {
        let mut client = RawClient::connect(&server);
        client.stream.write_all(&complete.as_bytes()[..length]).unwrap();
        client
    });
    assert_serves_others(&server);
    assert_eq!(server.request_counts().requests, 1);
    for mut client in clients {
        client.stream.shutdown(Shutdown::Write).unwrap();
        assert_eq!(client.read_to_end(), (Vec::new(), true));
    }
    assert_serves_others(&server);
}

#[test]
fn request_sent_byte_by_byte_is_answered() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    for byte in request("GET", &followers_path("?page=5")).as_bytes() {
        client.stream.write_all(std::slice::from_ref(byte)).unwrap();
        assert_serves_others(&server);
    }
    assert_eq!(client.read_response().users().len(), 7);
}

#[test]
fn endless_request_headers_close_the_connection() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    client.send("GET / HTTP/1.1\r\n");
    let line = b"x-endless: and another one\r\n".repeat(100);
    // The server accepts data until it closes the connection.
    while client.stream.write_all(&line).is_ok() {
        assert!(server.request_counts().requests <= 1);
    }
    assert_serves_others(&server);
}

#[test]
fn ten_thousand_pipelined_requests_are_answered_in_order() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    let mut stream = client.stream.try_clone().unwrap();
    let sending = thread::Builder::new().spawn(move || {
        let requests = request("GET", "/rate_limit").repeat(10_000);
        stream.write_all(requests.as_bytes()).unwrap();
    });
    for number in 1..=10_000_u32 {
        let id = client.read_response().header("x-github-request-id").unwrap().to_owned();
        assert!(id.starts_with(&format!("C0DE:{number:06X}:")), "{id}");
    }
    sending.unwrap().join().unwrap();
    assert_eq!(server.request_counts().requests, 10_000);
}

#[test]
fn client_that_never_reads_blocks_no_other_client() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    client.stream.set_nonblocking(true).unwrap();
    let requests = request("GET", &followers_path("?per_page=100")).repeat(100);
    // Writes until the buffers of both sides are full.
    while client.stream.write_all(requests.as_bytes()).is_ok() {}
    assert_serves_others(&server);
    drop(client);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn random_bytes_get_a_4xx_response_or_none() {
    let server = instant_server(127);
    let mut rng = fastrand::Rng::with_seed(7);
    for _ in 0..100 {
        let mut client = RawClient::connect(&server);
        let bytes: Vec<u8> = (0..rng.usize(1..5_000)).map(|_| rng.u8(..)).collect();
        // The server may close before everything is sent, which resets the connection.
        _ = client.stream.write_all(&bytes);
        _ = client.stream.shutdown(Shutdown::Write);
        let (response, _) = client.read_to_end();
        assert!(response.is_empty() || response.starts_with(b"HTTP/1.1 4"), "{response:?}");
    }
    assert_serves_others(&server);
}

#[test]
fn idle_connections_do_not_block_others() {
    let server = instant_server(127);
    let idle: Vec<RawClient> = (0..40).map(|_| RawClient::connect(&server)).collect();
    assert_serves_others(&server);
    drop(idle);
    assert_serves_others(&server);
    assert_eq!(server.request_counts().connections, 42);
}
