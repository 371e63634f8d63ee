//! Broken connections, and responses that are not HTTP.

use threadline::model::{FailureKind, RunOutcome};

use super::{page_body, page_failure, pages, run_to_end};
use crate::peer::{Peer, PeerStep, head_bytes, response_bytes};

fn half_response() -> Vec<u8> {
    let body = page_body(1, 30).into_bytes();
    let mut bytes = head_bytes(200, "", body.len());
    bytes.extend_from_slice(&body[..body.len() / 2]);
    bytes
}

#[test]
fn broken_connection_is_reported_as_unreachable() {
    type StepsFn = fn() -> Vec<PeerStep>;
    let cases: [(&str, StepsFn); 6] = [
        ("closed before the head", || vec![PeerStep::Close]),
        ("reset before the head", || vec![PeerStep::Reset]),
        ("closed in the head", || {
            vec![PeerStep::Send(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), PeerStep::Close]
        }),
        ("closed in the body", || vec![PeerStep::Send(half_response()), PeerStep::Close]),
        ("reset in the body", || vec![PeerStep::Send(half_response()), PeerStep::Reset]),
        ("closed in a chunk", || {
            let chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\n[".to_vec();
            vec![PeerStep::Send(chunks), PeerStep::Close]
        }),
    ];
    for (name, steps) in cases {
        let peer = Peer::start(move |_| steps());
        let failure = page_failure(&peer.url());
        assert_eq!(failure.kind, FailureKind::Unreachable, "{name}: {failure}");
        let expected = format!("the connection to 127.0.0.1:{} broke during page 1 (", peer.port());
        assert!(failure.message.starts_with(&expected), "{name}: {failure}");
        assert!(failure.message.ends_with("try again"), "{name}: {failure}");
        assert!(!failure.message.contains("os error"), "{name}: {failure}");
    }
}

#[test]
fn response_that_is_not_http_fails_the_page() {
    for bytes in
        ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/9 200\r\n\r\n", "HTTP/1.1 200 OK\r\nx: \u{1b}[2J\r\n\r\n"]
    {
        let peer =
            Peer::start(move |_| vec![PeerStep::Send(bytes.as_bytes().to_vec()), PeerStep::Close]);
        page_failure(&peer.url());
    }
}

#[test]
fn broken_page_fails_alone_and_the_lane_reconnects() {
    let peer = Peer::start(|request| match request.page() {
        2 => vec![PeerStep::Send(half_response()), PeerStep::Reset],
        page => {
            let link = "link: </x?page=4>; rel=\"last\"\r\n";
            vec![PeerStep::Send(response_bytes(200, link, page_body(page, 2)))]
        }
    });
    let client_run = run_to_end(&peer.url(), pages(4));
    assert_eq!(client_run.run.outcome(), Some(&RunOutcome::Finished));
    assert_eq!(
        (client_run.run.progress().done_tasks(), client_run.run.progress().result_count()),
        (3, 6)
    );
    assert_eq!(client_run.run.failed_task().unwrap().0, 2);
    let connected: Vec<u32> =
        client_run.connecting_tasks().iter().map(|(_, task)| task.0).collect();
    assert_eq!(connected, [1, 3]);
}
