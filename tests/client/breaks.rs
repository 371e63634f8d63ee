//! Connections that break: in the head, in the body, between two requests.

use threadline::model::{End, FailureKind};

use super::peer::{Peer, Step, answer, head};
use super::{body, failure, pages, run};

fn half() -> Vec<u8> {
    let body = body(1, 30).into_bytes();
    let mut bytes = head(200, "", body.len());
    bytes.extend_from_slice(&body[..body.len() / 2]);
    bytes
}

#[test]
fn a_connection_that_breaks_says_so() {
    type Steps = fn() -> Vec<Step>;
    let cases: [(&str, Steps); 6] = [
        ("closed before the head", || vec![Step::Close]),
        ("reset before the head", || vec![Step::Reset]),
        ("closed in the head", || {
            vec![Step::Send(b"HTTP/1.1 200 OK\r\ncontent-le".to_vec()), Step::Close]
        }),
        ("closed in the body", || vec![Step::Send(half()), Step::Close]),
        ("reset in the body", || vec![Step::Send(half()), Step::Reset]),
        ("closed in a chunk", || {
            let chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n50\r\n[".to_vec();
            vec![Step::Send(chunks), Step::Close]
        }),
    ];
    for (name, steps) in cases {
        let peer = Peer::start(move |_| steps());
        let failure = failure(&peer.url());
        assert_eq!(failure.kind, FailureKind::Unreachable, "{name}: {failure}");
        let words = format!("the connection to 127.0.0.1:{} broke in page 1 (", peer.port());
        assert!(failure.message.starts_with(&words), "{name}: {failure}");
        assert!(failure.message.ends_with("try again"), "{name}: {failure}");
        assert!(!failure.message.contains("os error"), "{name}: {failure}");
    }
}

#[test]
fn an_answer_that_is_not_http_is_a_failure() {
    for bytes in
        ["SSH-2.0-OpenSSH_9.6\r\n", "HTTP/9 200\r\n\r\n", "HTTP/1.1 200 OK\r\nx: \u{1b}[2J\r\n\r\n"]
    {
        let peer = Peer::start(move |_| vec![Step::Send(bytes.as_bytes().to_vec()), Step::Close]);
        failure(&peer.url());
    }
}

/// A page that breaks costs that page, and the lane goes on with a new connection.
#[test]
fn the_other_pages_are_kept() {
    let peer = Peer::start(|request| match request.page() {
        2 => vec![Step::Send(half()), Step::Reset],
        page => {
            let link = "link: </x?page=4>; rel=\"last\"\r\n";
            vec![Step::Send(answer(200, link, body(page, 2)))]
        }
    });
    let sitting = run(&peer.url(), pages(4));
    assert_eq!(sitting.run.end(), Some(&End::Finished));
    assert_eq!((sitting.run.done_tasks(), sitting.run.follower_count()), (3, 6));
    assert_eq!(sitting.run.failed_task().unwrap().0, 2);
    let connected: Vec<u32> = sitting.connected().iter().map(|(_, task)| task.0).collect();
    assert_eq!(connected, [1, 3]);
}
