//! Keep-alive, pipelining, latency, concurrency and shutdown of the built-in server.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::num::NonZeroU16;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use threadline::server::{
    DEFAULT_USER, FaultScript, Latency, LatencyProfile, Server, ServerError, ServerSettings,
};

use crate::server::raw_client::*;

#[test]
fn connection_is_kept_alive_for_many_requests() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    for page in 1..=5 {
        let response = client.get(&followers_path(&format!("?page={page}")));
        assert_eq!(response.users().len(), if page < 5 { 30 } else { 7 });
        assert_eq!(response.header("connection"), None);
    }
    let counts = server.request_counts();
    assert_eq!((counts.connections, counts.requests), (1, 5));
    assert_eq!(counts.max_in_flight, 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    let pages = [5, 1, 4, 2];
    let requests: String =
        pages.map(|page| request("GET", &followers_path(&format!("?page={page}")))).concat();
    let (now, later) = requests.split_at(requests.len() - 20);
    client.send(now);
    let mut responses =
        vec![client.read_response(), client.read_response(), client.read_response()];
    client.send(later);
    responses.push(client.read_response());
    for (page, response) in pages.into_iter().zip(responses) {
        let alone = RawClient::connect(&server).get(&followers_path(&format!("?page={page}")));
        assert_eq!(response.body, alone.body);
    }
}

#[test]
fn head_returns_the_headers_of_get_without_the_body() {
    let server = instant_server(127);
    let mut client = RawClient::connect(&server);
    let whole = client.get(&followers_path("?page=2"));
    client.send(&request("HEAD", &followers_path("?page=2")));
    let head = client.read_head();
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "link"] {
        assert_eq!(head.header(name), whole.header(name));
    }
    assert_eq!(client.get("/rate_limit").status, 200);
}

#[test]
fn connection_closes_when_requested_or_when_the_request_has_a_body() {
    let server = instant_server(3);
    let path = followers_path("");
    for (head, status) in [
        (format!("GET {path} HTTP/1.1\r\nconnection: close\r\n"), 200),
        (format!("GET {path} HTTP/1.0\r\n"), 200),
        (format!("POST {path} HTTP/1.1\r\ncontent-length: 9000000\r\n"), 404),
        (format!("PUT {path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n"), 404),
    ] {
        let mut client = RawClient::connect(&server);
        client.send(&format!("{head}user-agent: tests\r\n\r\nand what follows"));
        let response = client.read_response();
        assert_eq!(response.status, status, "{head}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(client.is_closed());
    }
}

#[test]
fn latency_profile_sets_waiting_and_receiving_time() {
    let text = r#"{"profile_ms":1,"pages":[{"wait_ms":25,"receive_ms":3600000},{"wait_ms":10,"receive_ms":30}]}"#;
    let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
    let server = Server::start(settings(127, latency)).unwrap();

    let begin = now();
    let mut client = RawClient::connect(&server);
    client.send(&request("GET", &followers_path("?page=1")));
    let head = client.read_head();
    assert!(begin.elapsed() >= Duration::from_millis(25));
    // The body takes an hour, so only its beginning can be here.
    assert!(head.body.len() < head.numeric_header("content-length") as usize / 4);

    let begin = now();
    let mut client = RawClient::connect(&server);
    let response = client.get(&followers_path("?page=2"));
    assert!(begin.elapsed() >= Duration::from_millis(40));
    assert_eq!(response.users().len(), 30);
}

#[test]
fn request_is_in_flight_until_the_client_disconnects() {
    let server = Server::start(settings(127, constant_latency(ONE_HOUR))).unwrap();
    let clients: Vec<RawClient> = (1..=5)
        .map(|page| {
            let mut client = RawClient::connect(&server);
            client.send(&request("GET", &followers_path(&format!("?page={page}"))));
            client
        })
        .collect();
    wait_until(|| server.request_counts().in_flight == 5);
    drop(clients);
    wait_until(|| server.request_counts().in_flight == 0);
    let mut client = RawClient::connect(&server);
    client.send(&request("GET", &followers_path("")));
    wait_until(|| server.request_counts().requests == 6);
    assert_eq!(server.request_counts().max_in_flight, 5);
}

#[test]
fn many_connections_are_served_concurrently() {
    let server = Server::start(settings(127, constant_latency(Duration::from_millis(1)))).unwrap();
    let mut clients: Vec<RawClient> = (0..80).map(|_| RawClient::connect(&server)).collect();
    for client in &mut clients {
        client.send(&request("GET", &followers_path("?page=5")));
    }
    for client in &mut clients {
        assert_eq!(client.read_response().users().len(), 7);
    }
    assert_eq!(server.request_counts().connections, 80);
}

#[test]
fn at_once_limits_the_requests_processed_concurrently() {
    let latency = constant_latency(Duration::from_millis(20));
    let at_once = NonZeroU16::new(2);
    let server = Server::start(ServerSettings { at_once, ..settings(127, latency) }).unwrap();
    let begin = now();
    let mut clients: Vec<RawClient> = (0..6).map(|_| RawClient::connect(&server)).collect();
    for client in &mut clients {
        client.send(&request("GET", &followers_path("?page=5")));
    }
    for client in &mut clients {
        assert_eq!(client.read_response().users().len(), 7);
    }
    assert!(begin.elapsed() >= Duration::from_millis(60), "three rounds of two requests");
    assert_eq!(server.request_counts().connections, 6);
}

/// The first request stalls and the second disconnects while queued, so the third is served next.
#[test]
fn disconnected_clients_free_their_slots() {
    let fault = r#"{"faults":[{"page":1,"fault":"stall"}]}"#;
    let server = Server::start(ServerSettings {
        faults: FaultScript::parse(fault).unwrap(),
        at_once: NonZeroU16::new(1),
        ..settings(127, constant_latency(Duration::ZERO))
    });
    let server = server.unwrap();
    let mut clients: Vec<RawClient> = Vec::new();
    for page in 1..=3 {
        let mut client = RawClient::connect(&server);
        client.send(&request("GET", &followers_path(&format!("?page={page}"))));
        clients.push(client);
        wait_until(|| server.request_counts().in_flight == page);
    }
    drop(clients.remove(1));
    wait_until(|| server.request_counts().in_flight == 2);
    drop(clients.remove(0));
    assert_eq!(clients[0].read_response().users().len(), 30);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn dropping_the_server_closes_all_connections_immediately() {
    let text = r#"{"profile_ms":3600000,"pages":[{"wait_ms":0,"receive_ms":3600000}]}"#;
    let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
    let server = Server::start(settings(127, latency)).unwrap();
    let idle = RawClient::connect(&server);
    let mut waiting = RawClient::connect(&server);
    waiting.send(&request("GET", &format!("/users/{DEFAULT_USER}")));
    let mut receiving = RawClient::connect(&server);
    receiving.send(&request("GET", &followers_path("")));
    assert_eq!(receiving.read_head().status, 200);
    let mut unfinished = RawClient::connect(&server);
    unfinished.send("GET /");
    wait_until(|| server.request_counts().in_flight == 2);

    let (done, ended) = mpsc::channel();
    let dropping = thread::Builder::new().spawn(move || {
        drop(server);
        done.send(()).unwrap();
    });
    assert!(dropping.is_ok());
    assert_eq!(ended.recv_timeout(HANG_TIMEOUT), Ok(()));
    for client in [idle, waiting, receiving, unfinished] {
        let mut rest = Vec::new();
        let mut stream = client.stream;
        // Closed or reset, but no longer open.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock);
        }
    }
}

#[test]
fn server_listens_on_loopback_only() {
    let server = instant_server(3);
    assert_eq!(server.address().ip(), Ipv4Addr::LOCALHOST);
    assert_eq!(server.url(), format!("http://127.0.0.1:{}", server.address().port()));
    // A server bound to all addresses would accept connections on this one, too.
    let other = SocketAddr::from(([127, 0, 0, 2], server.address().port()));
    assert!(TcpStream::connect_timeout(&other, Duration::from_millis(200)).is_err());
}

#[test]
fn chosen_port_can_be_reused_but_not_shared() {
    let first = instant_server(3);
    let port = first.address().port();
    // The server closes this connection first, which leaves the port in TIME_WAIT.
    let mut open = RawClient::connect(&first);
    assert_eq!(open.get("/rate_limit").status, 200);
    let start =
        || Server::start(ServerSettings { port, ..settings(3, constant_latency(Duration::ZERO)) });
    let error = start().unwrap_err();
    assert!(matches!(error, ServerError::PortInUse { port: p } if p == port));
    assert_eq!(
        error.to_string(),
        format!("port {port} of 127.0.0.1 is in use; choose another, or 0 for any that is free")
    );
    drop(first);
    assert_eq!(start().unwrap().address().port(), port);
}
