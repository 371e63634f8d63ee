//! Timing, connection and header faults of the built-in server, as they appear on the wire.

use std::time::Duration;

use threadline::server::Server;

use crate::server::raw_client::*;

/// Requests page 1 from a server with this fault, without reading the response.
fn request_with_fault(fault: &str) -> (Server, RawClient) {
    let server = faulty_server(127, fault);
    let mut client = RawClient::connect(&server);
    client.send(&request("GET", &followers_path("")));
    (server, client)
}

/// Fetches page 1 without the fault, which lets one request pass after it was applied.
fn fetch_normal_page(server: &Server) -> ServerResponse {
    RawClient::connect(server).get(&followers_path(""))
}

/// Returns the length of the head, including its blank line.
fn head_length(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4
}

#[test]
fn close_and_reset_end_the_connection_before_any_byte() {
    for (fault, closed) in [("close", true), ("reset", false)] {
        let (server, mut client) = request_with_fault(&format!(r#"{{"fault":"{fault}"}}"#));
        assert_eq!(client.read_to_end(), (Vec::new(), closed), "{fault}");
        assert_eq!(server.request_counts().in_flight, 0);
        assert_eq!(RawClient::connect(&server).get(&followers_path("")).status, 200);
    }
}

#[test]
fn close_in_body_and_reset_in_body_end_the_connection_after_half_the_body() {
    for (fault, closed) in [("close_in_body", true), ("reset_in_body", false)] {
        let (server, mut client) = request_with_fault(&format!(r#"{{"fault":"{fault}"}}"#));
        let head = client.read_head();
        let normal = fetch_normal_page(&server);
        client.buffer = head.body.clone();
        let (body, was_closed) = client.read_to_end();
        assert_eq!(was_closed, closed, "{fault}");
        assert_eq!(head.numeric_header("content-length") as usize, normal.body.len());
        assert_eq!(body.len(), normal.body.len() / 2);
        assert!(head.header("connection").is_none(), "{fault} is announced");
    }
}

#[test]
fn stalled_request_is_in_flight_until_the_client_disconnects() {
    let (server, mut client) = request_with_fault(r#"{"fault":"stall"}"#);
    wait_until(|| server.request_counts().in_flight == 1);
    assert!(client.receives_nothing(&server));
    // Disconnecting works with a pipelined request, too.
    client.send(&request("GET", "/rate_limit"));
    assert!(client.receives_nothing(&server));
    drop(client);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn stall_in_body_stops_after_half_the_body() {
    let (server, mut client) = request_with_fault(r#"{"fault":"stall_in_body"}"#);
    let head = client.read_head();
    let half = head.numeric_header("content-length") as usize / 2;
    client.buffer = head.body;
    while client.buffer.len() < half {
        client.read_more();
    }
    assert_eq!(client.buffer, fetch_normal_page(&server).body[..half]);
    assert!(client.receives_nothing(&server));
    drop(client);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn drip_sends_the_body_byte_by_byte() {
    let server = faulty_server(0, r#"{"fault":"drip","every_ms":25}"#);
    let begin = now();
    assert_eq!(RawClient::connect(&server).get(&followers_path("")).text(), "[]");
    assert!(begin.elapsed() >= Duration::from_millis(25));

    let (server, mut client) = request_with_fault(r#"{"fault":"drip","every_ms":3600000}"#);
    let head = client.read_head();
    client.buffer = head.body;
    while client.buffer.is_empty() {
        client.read_more();
    }
    assert_eq!(client.buffer, b"[");
    assert!(client.receives_nothing(&server));
    drop(client);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn slow_delays_the_response() {
    let begin = now();
    let (server, mut client) = request_with_fault(r#"{"fault":"slow","wait_ms":30}"#);
    assert_eq!(client.read_response().body, fetch_normal_page(&server).body);
    assert!(begin.elapsed() >= Duration::from_millis(30));
    let (server, mut client) = request_with_fault(r#"{"fault":"slow"}"#);
    assert!(client.receives_nothing(&server));
}

#[test]
fn garbage_is_not_http_and_closes_the_connection() {
    let (_server, mut client) = request_with_fault(r#"{"fault":"garbage"}"#);
    let (bytes, closed) = client.read_to_end();
    assert!(!bytes.is_empty() && !bytes.starts_with(b"HTTP/") && closed);
}

#[test]
fn endless_headers_never_end_the_head() {
    let (server, mut client) = request_with_fault(r#"{"fault":"endless_headers"}"#);
    while client.buffer.len() < 1_000_000 {
        client.read_more();
    }
    assert!(client.buffer.starts_with(b"HTTP/1.1 200 OK\r\ndate: "));
    assert!(!client.buffer.windows(4).any(|window| window == b"\r\n\r\n"));
    drop(client);
    wait_until(|| server.request_counts().in_flight == 0);
}

#[test]
fn huge_header_has_the_given_size() {
    let (server, mut client) = request_with_fault(r#"{"fault":"huge_header","bytes":100000}"#);
    let response = client.read_response();
    assert_eq!(response.header("x-huge").unwrap().len(), 100_000);
    assert_eq!(response.body, fetch_normal_page(&server).body);
    assert_eq!(client.get(&followers_path("")).status, 200);
}

#[test]
fn duplicate_headers_give_two_content_lengths() {
    let (_server, mut client) = request_with_fault(r#"{"fault":"duplicate_headers"}"#);
    let response = client.read_response();
    let lengths = response.head.lines().filter_map(|line| line.strip_prefix("content-length: "));
    let lengths: Vec<usize> = lengths.map(|length| length.parse().unwrap()).collect();
    assert_eq!(lengths, [response.body.len(), response.body.len() + 1]);
}

#[test]
fn escapes_in_headers_send_terminal_escape_sequences() {
    let (server, mut client) = request_with_fault(r#"{"fault":"escapes_in_headers"}"#);
    let response = client.read_response();
    assert!(response.header("x-accepted-oauth-scopes").unwrap().starts_with("\u{1b}[2J"));
    assert_eq!(response.body, fetch_normal_page(&server).body);
}

#[test]
fn connection_close_is_obeyed_after_a_fault() {
    let faults = ["deep", "drip", "huge_header", "escapes_in_headers"];
    for fault in faults {
        let server = faulty_server(
            1,
            &format!(r#"{{"fault":"{fault}"}}"#).replace("drip\"", "drip\",\"every_ms\":0"),
        );
        let mut client = RawClient::connect(&server);
        let path = followers_path("");
        client.send(&format!("GET {path} HTTP/1.1\r\nuser-agent: x\r\nconnection: close\r\n\r\n"));
        let (bytes, closed) = client.read_to_end();
        assert!(closed && bytes.len() > head_length(&bytes), "{fault}");
    }
}
