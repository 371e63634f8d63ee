//! Faults of time, of the connection and of heads: what is on the wire.

use std::time::Duration;

use threadline::github::server::Server;

use crate::client::*;

/// Asks for page 1 of a server that plays this fault.
fn ask(fault: &str) -> (Server, RawClient) {
    let server = faulty(127, fault);
    let mut client = RawClient::to(&server);
    client.send(&request("GET", &followers("")));
    (server, client)
}

/// The page as it is: a fault that was met lets one request pass.
fn honest(server: &Server) -> ServerResponse {
    RawClient::to(server).get(&followers(""))
}

/// The end of the head.
fn end(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4
}

#[test]
fn instead_of_an_answer_the_connection_ends_or_breaks() {
    for (fault, closed) in [("close", true), ("reset", false)] {
        let (server, mut client) = ask(&format!(r#"{{"fault":"{fault}"}}"#));
        assert_eq!(client.rest(), (Vec::new(), closed), "{fault}");
        assert_eq!(server.request_counts().in_flight, 0);
        assert_eq!(RawClient::to(&server).get(&followers("")).status, 200);
    }
}

#[test]
fn within_a_body_the_connection_ends_or_breaks() {
    for (fault, closed) in [("close_in_body", true), ("reset_in_body", false)] {
        let (server, mut client) = ask(&format!(r#"{{"fault":"{fault}"}}"#));
        let head = client.head();
        let whole = honest(&server);
        client.ahead = head.body.clone();
        let (body, was_closed) = client.rest();
        assert_eq!(was_closed, closed, "{fault}");
        assert_eq!(head.number("content-length") as usize, whole.body.len());
        assert_eq!(body.len(), whole.body.len() / 2);
        assert!(head.header("connection").is_none(), "{fault} is announced");
    }
}

#[test]
fn a_stalled_request_is_in_flight_until_the_client_goes() {
    let (server, mut client) = ask(r#"{"fault":"stall"}"#);
    until(|| server.request_counts().in_flight == 1);
    assert!(client.is_left_waiting(&server));
    // Whoever has sent more may leave, too.
    client.send(&request("GET", "/rate_limit"));
    assert!(client.is_left_waiting(&server));
    drop(client);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn a_body_stalls_after_its_half() {
    let (server, mut client) = ask(r#"{"fault":"stall_in_body"}"#);
    let head = client.head();
    let half = head.number("content-length") as usize / 2;
    client.ahead = head.body;
    while client.ahead.len() < half {
        client.more();
    }
    assert_eq!(client.ahead, honest(&server).body[..half]);
    assert!(client.is_left_waiting(&server));
    drop(client);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn a_body_drips() {
    let server = faulty(0, r#"{"fault":"drip","every_ms":25}"#);
    let begin = now();
    assert_eq!(RawClient::to(&server).get(&followers("")).text(), "[]");
    assert!(begin.elapsed() >= Duration::from_millis(25));

    let (server, mut client) = ask(r#"{"fault":"drip","every_ms":3600000}"#);
    let head = client.head();
    client.ahead = head.body;
    while client.ahead.is_empty() {
        client.more();
    }
    assert_eq!(client.ahead, b"[");
    assert!(client.is_left_waiting(&server));
    drop(client);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn an_answer_is_late() {
    let begin = now();
    let (server, mut client) = ask(r#"{"fault":"slow","wait_ms":30}"#);
    assert_eq!(client.response().body, honest(&server).body);
    assert!(begin.elapsed() >= Duration::from_millis(30));
    let (server, mut client) = ask(r#"{"fault":"slow"}"#);
    assert!(client.is_left_waiting(&server));
}

#[test]
fn garbage_is_no_http() {
    let (_server, mut client) = ask(r#"{"fault":"garbage"}"#);
    let (bytes, closed) = client.rest();
    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP/") && closed);
}

#[test]
fn a_head_never_ends() {
    let (server, mut client) = ask(r#"{"fault":"endless_headers"}"#);
    while client.ahead.len() < 1_000_000 {
        client.more();
    }
    assert!(client.ahead.starts_with(b"HTTP/1.1 200 OK\r\ndate: "));
    assert!(!client.ahead.windows(4).any(|four| four == b"\r\n\r\n"));
    drop(client);
    until(|| server.request_counts().in_flight == 0);
}

#[test]
fn a_header_is_huge() {
    let (server, mut client) = ask(r#"{"fault":"huge_header","bytes":100000}"#);
    let response = client.response();
    assert_eq!(response.header("x-huge").unwrap().len(), 100_000);
    assert_eq!(response.body, honest(&server).body);
    assert_eq!(client.get(&followers("")).status, 200);
}

#[test]
fn a_head_names_two_lengths() {
    let (_server, mut client) = ask(r#"{"fault":"duplicate_headers"}"#);
    let response = client.response();
    let lengths = response.head.lines().filter_map(|line| line.strip_prefix("content-length: "));
    let lengths: Vec<usize> = lengths.map(|length| length.parse().unwrap()).collect();
    assert_eq!(lengths, [response.body.len(), response.body.len() + 1]);
}

#[test]
fn a_head_holds_escape_sequences() {
    let (server, mut client) = ask(r#"{"fault":"escapes_in_headers"}"#);
    let response = client.response();
    assert!(response.header("x-accepted-oauth-scopes").unwrap().starts_with("\u{1b}[2J"));
    assert_eq!(response.body, honest(&server).body);
}

#[test]
fn a_connection_that_was_to_end_ends_after_a_fault_too() {
    let faults = ["deep", "drip", "huge_header", "escapes_in_headers"];
    for fault in faults {
        let server = faulty(
            1,
            &format!(r#"{{"fault":"{fault}"}}"#).replace("drip\"", "drip\",\"every_ms\":0"),
        );
        let mut client = RawClient::to(&server);
        let path = followers("");
        client.send(&format!("GET {path} HTTP/1.1\r\nuser-agent: x\r\nconnection: close\r\n\r\n"));
        let (bytes, closed) = client.rest();
        assert!(closed && bytes.len() > end(&bytes), "{fault}");
    }
}
