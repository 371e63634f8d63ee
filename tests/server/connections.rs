//! How connections are kept, delayed, given up and closed.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::num::NonZeroU16;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use threadline::github::server::{
    DEFAULT_USER, FaultScript, Latency, LatencyProfile, Server, ServerError, ServerSettings,
};

use crate::client::*;

#[test]
fn a_connection_serves_request_after_request() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    for page in 1..=5 {
        let response = client.get(&followers(&format!("?page={page}")));
        assert_eq!(response.users().len(), if page < 5 { 30 } else { 7 });
        assert_eq!(response.header("connection"), None);
    }
    let counts = server.request_counts();
    assert_eq!((counts.connections, counts.requests), (1, 5));
    assert_eq!(counts.max_in_flight, 1);
}

#[test]
fn requests_sent_ahead_are_answered_in_turn() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    let pages = [5, 1, 4, 2];
    let ahead: String =
        pages.map(|page| request("GET", &followers(&format!("?page={page}")))).concat();
    let (now, later) = ahead.split_at(ahead.len() - 20);
    client.send(now);
    let mut answers = vec![client.response(), client.response(), client.response()];
    client.send(later);
    answers.push(client.response());
    for (page, answer) in pages.into_iter().zip(answers) {
        let alone = RawClient::to(&server).get(&followers(&format!("?page={page}")));
        assert_eq!(answer.body, alone.body);
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = quick(127);
    let mut client = RawClient::to(&server);
    let whole = client.get(&followers("?page=2"));
    client.send(&request("HEAD", &followers("?page=2")));
    let head = client.head();
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "link"] {
        assert_eq!(head.header(name), whole.header(name));
    }
    assert_eq!(client.get("/rate_limit").status, 200);
}

#[test]
fn a_connection_ends_when_the_client_says_so_or_sends_a_body() {
    let server = quick(3);
    let path = followers("");
    for (rest, status) in [
        (format!("GET {path} HTTP/1.1\r\nconnection: close\r\n"), 200),
        (format!("GET {path} HTTP/1.0\r\n"), 200),
        (format!("POST {path} HTTP/1.1\r\ncontent-length: 9000000\r\n"), 404),
        (format!("PUT {path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n"), 404),
    ] {
        let mut client = RawClient::to(&server);
        client.send(&format!("{rest}user-agent: tests\r\n\r\nand what follows"));
        let response = client.response();
        assert_eq!(response.status, status, "{rest}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(client.is_closed());
    }
}

#[test]
fn an_answer_waits_and_then_comes_in_parts() {
    let text = r#"{"profile_ms":1,"pages":[{"wait_ms":25,"receive_ms":3600000},{"wait_ms":10,"receive_ms":30}]}"#;
    let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
    let server = Server::start(settings(127, latency)).unwrap();

    let begin = now();
    let mut client = RawClient::to(&server);
    client.send(&request("GET", &followers("?page=1")));
    let head = client.head();
    assert!(begin.elapsed() >= Duration::from_millis(25));
    // The rest of this body takes an hour: what is here is a part of it.
    assert!(head.body.len() < head.number("content-length") as usize / 4);

    let begin = now();
    let mut client = RawClient::to(&server);
    let response = client.get(&followers("?page=2"));
    assert!(begin.elapsed() >= Duration::from_millis(40));
    assert_eq!(response.users().len(), 30);
}

#[test]
fn a_request_in_flight_is_counted_until_the_client_gives_it_up() {
    let server = Server::start(settings(127, uniform(AN_HOUR))).unwrap();
    let clients: Vec<RawClient> = (1..=5)
        .map(|page| {
            let mut client = RawClient::to(&server);
            client.send(&request("GET", &followers(&format!("?page={page}"))));
            client
        })
        .collect();
    until(|| server.request_counts().in_flight == 5);
    drop(clients);
    until(|| server.request_counts().in_flight == 0);
    let mut client = RawClient::to(&server);
    client.send(&request("GET", &followers("")));
    until(|| server.request_counts().requests == 6);
    assert_eq!(server.request_counts().max_in_flight, 5);
}

#[test]
fn many_connections_are_served_at_once() {
    let server = Server::start(settings(127, uniform(Duration::from_millis(1)))).unwrap();
    let mut clients: Vec<RawClient> = (0..80).map(|_| RawClient::to(&server)).collect();
    for client in &mut clients {
        client.send(&request("GET", &followers("?page=5")));
    }
    for client in &mut clients {
        assert_eq!(client.response().users().len(), 7);
    }
    assert_eq!(server.request_counts().connections, 80);
}

#[test]
fn no_more_requests_are_worked_on_at_once_than_there_is_room_for() {
    let latency = uniform(Duration::from_millis(20));
    let at_once = NonZeroU16::new(2);
    let server = Server::start(ServerSettings { at_once, ..settings(127, latency) }).unwrap();
    let begin = now();
    let mut clients: Vec<RawClient> = (0..6).map(|_| RawClient::to(&server)).collect();
    for client in &mut clients {
        client.send(&request("GET", &followers("?page=5")));
    }
    for client in &mut clients {
        assert_eq!(client.response().users().len(), 7);
    }
    assert!(begin.elapsed() >= Duration::from_millis(60), "three rounds of two");
    assert_eq!(server.request_counts().connections, 6);
}

/// The first is never answered, the second hangs up in the line: the third is next.
#[test]
fn whoever_goes_gives_up_the_turn() {
    let fault = r#"{"faults":[{"page":1,"fault":"stall"}]}"#;
    let server = Server::start(ServerSettings {
        faults: FaultScript::parse(fault).unwrap(),
        at_once: NonZeroU16::new(1),
        ..settings(127, uniform(Duration::ZERO))
    });
    let server = server.unwrap();
    let mut clients: Vec<RawClient> = Vec::new();
    for page in 1..=3 {
        let mut client = RawClient::to(&server);
        client.send(&request("GET", &followers(&format!("?page={page}"))));
        clients.push(client);
        until(|| server.request_counts().in_flight == page);
    }
    drop(clients.remove(1));
    until(|| server.request_counts().in_flight == 2);
    drop(clients.remove(0));
    assert_eq!(clients[0].response().users().len(), 30);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn dropping_the_server_ends_it_at_once() {
    let text = r#"{"profile_ms":3600000,"pages":[{"wait_ms":0,"receive_ms":3600000}]}"#;
    let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
    let server = Server::start(settings(127, latency)).unwrap();
    let idle = RawClient::to(&server);
    let mut waiting = RawClient::to(&server);
    waiting.send(&request("GET", &format!("/users/{DEFAULT_USER}")));
    let mut receiving = RawClient::to(&server);
    receiving.send(&request("GET", &followers("")));
    assert_eq!(receiving.head().status, 200);
    let mut unfinished = RawClient::to(&server);
    unfinished.send("GET /");
    until(|| server.request_counts().in_flight == 2);

    let (done, ended) = mpsc::channel();
    let dropping = thread::Builder::new().spawn(move || {
        drop(server);
        done.send(()).unwrap();
    });
    assert!(dropping.is_ok());
    assert_eq!(ended.recv_timeout(HANGS), Ok(()));
    for client in [idle, waiting, receiving, unfinished] {
        let mut rest = Vec::new();
        let mut stream = client.stream;
        // Closed or reset, but not open any more.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock);
        }
    }
}

#[test]
fn only_this_machine_gets_in() {
    let server = quick(3);
    assert_eq!(server.address().ip(), Ipv4Addr::LOCALHOST);
    assert_eq!(server.url(), format!("http://127.0.0.1:{}", server.address().port()));
    // Bound to all addresses, the server would answer on this one, too.
    let other = SocketAddr::from(([127, 0, 0, 2], server.address().port()));
    assert!(TcpStream::connect_timeout(&other, Duration::from_millis(200)).is_err());
}

#[test]
fn a_port_can_be_chosen_and_chosen_again_but_not_shared() {
    let first = quick(3);
    let port = first.address().port();
    // The server closes this one first, so the port lingers for a while as this connection's end.
    let mut open = RawClient::to(&first);
    assert_eq!(open.get("/rate_limit").status, 200);
    let chosen = || Server::start(ServerSettings { port, ..settings(3, uniform(Duration::ZERO)) });
    let error = chosen().unwrap_err();
    assert!(matches!(error, ServerError::PortInUse { port: p } if p == port));
    assert_eq!(
        error.to_string(),
        format!("port {port} of 127.0.0.1 is in use; choose another, or 0 for any that is free")
    );
    drop(first);
    assert_eq!(chosen().unwrap().address().port(), port);
}
