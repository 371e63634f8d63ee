//! Response bodies: invalid pages, size limits, chunked and gzip encoding.

use threadline::model::FailureKind;

use super::{page_body, page_failure, pages, run_failure, run_to_end};
use crate::peer::{Peer, PeerStep, head_bytes, response_bytes};

#[test]
fn invalid_page_fails_with_the_parse_error() {
    let deep = format!(r#"[{{"x":{}"#, "[".repeat(100_000));
    let cases = [
        ("<html>Welcome to the hotel's network</html>", "expected value"),
        ("", "EOF"),
        ("[", "EOF"),
        ("{}", "expected a sequence"),
        ("null", "null"),
        (r#"[{"login":"a","id":1}]"#, "missing field"),
        (r#"[{"login":"a","id":"1","html_url":""}]"#, "expected u64"),
        (r#"[{"login":"a","id":-1,"html_url":""}]"#, "expected u64"),
        (r#"[{"login":"a","id":123456789012345678901234567890,"html_url":""}]"#, "expected u64"),
        (r#"[{"login":7,"id":1,"html_url":""}]"#, "expected a string"),
        (r#"[{"login":"\ud800","id":1,"html_url":""}]"#, "at line 1"),
        (r#"[{"login":"a","id":1,"html_url":""}] and more"#, "trailing"),
        (deep.as_str(), "EOF"),
    ];
    for (text, expected) in cases {
        let peer = Peer::answering(response_bytes(200, "", text));
        let failure = page_failure(&peer.url());
        let start: String = text.chars().take(60).collect();
        assert_eq!(failure.kind, FailureKind::Server, "{start}");
        assert!(failure.message.contains("an unexpected answer"), "{failure}");
        assert!(failure.message.contains(expected), "{start}: {failure}");
    }
}

#[test]
fn body_that_is_not_utf_8_fails_the_page() {
    let peer = Peer::answering(response_bytes(200, "", [0xff, 0xfe, 0x00, 0x1b]));
    assert!(page_failure(&peer.url()).message.contains("expected value"));
    let peer = Peer::answering(response_bytes(
        200,
        "",
        b"[{\"login\":\"\xff\",\"id\":1,\"html_url\":\"\"}]",
    ));
    assert_eq!(page_failure(&peer.url()).kind, FailureKind::Server);
}

/// serde quotes the body in its errors.
#[test]
fn parse_error_contains_no_control_characters_of_the_body() {
    let text = r#"[{"login":"a","id":"\u001b[2J\u202e","html_url":""}]"#;
    let peer = Peer::answering(response_bytes(200, "", text));
    assert!(page_failure(&peer.url()).message.contains("expected u64"));
}

#[test]
fn endless_body_is_aborted_at_16_mb() {
    let megabyte = vec![b' '; 1 << 20];
    let peer = Peer::start(move |_| {
        vec![
            PeerStep::Send(head_bytes(200, "", 1 << 40)),
            PeerStep::Repeat(megabyte.clone(), 1 << 20),
        ]
    });
    let failure = page_failure(&peer.url());
    assert_eq!(failure.kind, FailureKind::Server);
    assert!(failure.message.contains("larger than 16 MB"), "{failure}");
}

#[test]
fn chunked_body_is_read() {
    let body = page_body(1, 3);
    let (first, rest) = body.split_at(40);
    let chunk = |part: &str| format!("{:x}\r\n{part}\r\n", part.len());
    let chunks = format!("{}{}0\r\n\r\n", chunk(first), chunk(rest));
    let peer =
        Peer::answering(format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}"));
    let client_run = run_to_end(&peer.url(), pages(1));
    assert_eq!(client_run.run.progress().result_count(), 3);
}

#[test]
fn gzip_body_is_inflated_and_counted_by_its_inflated_size() {
    let body = page_body(1, 29);
    let peer =
        Peer::answering(response_bytes(200, "content-encoding: gzip\r\n", gzip(body.as_bytes())));
    let client_run = run_to_end(&peer.url(), pages(1));
    assert_eq!(client_run.run.progress().result_count(), 29, "{:?}", client_run.run.failure());
    assert_eq!(client_run.run.progress().bytes(), body.len() as u64);
    assert_eq!(peer.requests()[0].header("accept-encoding"), Some("gzip"));
}

#[test]
fn damaged_gzip_body_fails_the_page() {
    let mut compressed = gzip(page_body(1, 30).as_bytes());
    let middle = compressed.len() / 2;
    compressed.truncate(middle);
    let peer = Peer::answering(response_bytes(200, "content-encoding: gzip\r\n", compressed));
    page_failure(&peer.url());
    let peer = Peer::answering(response_bytes(200, "content-encoding: gzip\r\n", "[] in clear"));
    page_failure(&peer.url());
}

#[test]
fn escape_sequence_in_a_login_is_kept_unchanged() {
    let text = r#"[{"login":"\u001b[2J","id":1,"html_url":"x"}]"#;
    let peer = Peer::answering(response_bytes(200, "", text));
    let client_run = run_to_end(&peer.url(), pages(1));
    assert_eq!(&*client_run.run.followers().next().unwrap().login, "\u{1b}[2J");
}

/// Encodes bytes as gzip with uncompressed blocks (RFC 1952, RFC 1951 3.2.4).
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut compressed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = bytes.chunks(0xffff).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        compressed.push(u8::from(blocks.peek().is_none()));
        compressed.extend_from_slice(&length.to_le_bytes());
        compressed.extend_from_slice(&(!length).to_le_bytes());
        compressed.extend_from_slice(block);
    }
    compressed.extend_from_slice(&crc32(bytes).to_le_bytes());
    compressed.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    compressed
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// A server must not be able to fill the memory of the client.
#[test]
fn page_larger_than_githubs_maximum_is_rejected() {
    let long = format!(r#"[{{"login":"{}","id":1,"html_url":""}}]"#, "x".repeat(60_000));
    for text in [page_body(1, 101), long] {
        let peer = Peer::answering(response_bytes(200, "", text));
        let client_run = run_to_end(&peer.url(), pages(1));
        let failure = run_failure(&client_run);
        assert!(
            failure.message.contains("larger than a page of 100 followers can be"),
            "{failure}"
        );
        assert_eq!((client_run.run.progress().result_count(), peer.requests().len()), (0, 1));
    }
    let peer = Peer::answering(response_bytes(200, "", page_body(1, 100)));
    assert_eq!(run_to_end(&peer.url(), pages(1)).run.progress().result_count(), 100);
}
