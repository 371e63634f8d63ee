//! Timing and connection faults of the built-in server, as they appear on the wire.

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
fn close_in_body_ends_the_connection_after_half_the_body() {
    let (server, mut client) = request_with_fault(r#"{"fault":"close_in_body"}"#);
    let head = client.read_head();
    let normal = fetch_normal_page(&server);
    client.buffer = head.body.clone();
    let (body, was_closed) = client.read_to_end();
    assert!(was_closed);
    assert_eq!(head.numeric_header("content-length") as usize, normal.body.len());
    assert_eq!(body.len(), normal.body.len() / 2);
    assert!(head.header("connection").is_none(), "the end is announced");
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
fn connection_close_is_obeyed_after_a_fault() {
    for fault in ["escapes", "html", "no_links", "truncated_json"] {
        let server = faulty_server(1, &format!(r#"{{"fault":"{fault}"}}"#));
        let mut client = RawClient::connect(&server);
        let path = followers_path("");
        client.send(&format!("GET {path} HTTP/1.1\r\nuser-agent: x\r\nconnection: close\r\n\r\n"));
        let (bytes, closed) = client.read_to_end();
        assert!(closed && bytes.len() > head_length(&bytes), "{fault}");
    }
}
