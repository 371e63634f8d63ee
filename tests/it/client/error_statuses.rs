//! Error statuses: the failure that they cause, and whether the run continues.

use threadline::model::{FailureKind, RunOutcome};

use super::{page_failure, pages, run_failure, run_to_end};
use crate::peer::{Peer, PeerStep, response_bytes};

const EXHAUSTED_QUOTA: &str = "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1700000000\r\n";

fn error_body(message: &str) -> String {
    format!(r#"{{"message":"{message}","documentation_url":"https://docs.github.com"}}"#)
}

fn assert_status_is_not_repeated(message: &str, status: u16, port: u16) {
    // The port may contain the digits of the status.
    let without_port = message.replace(&port.to_string(), "");
    let count = without_port.matches(&status.to_string()).count();
    assert!(count <= 1, "status repeated: {message}");
}

#[test]
fn status_determines_failure_kind_message_and_end_of_the_run() {
    use FailureKind::{NotFound, RateLimited, Refused, Server};
    let cases = [
        (
            404,
            "",
            error_body("Not Found"),
            NotFound,
            "knows no user \"octocat\"; check the spelling",
        ),
        (404, "", "<html>nothing here</html>".to_owned(), Server, "Check --api-url"),
        (401, "", error_body("Bad credentials"), Refused, "requires a token (Bad credentials)"),
        (
            403,
            EXHAUSTED_QUOTA,
            error_body("API rate limit exceeded"),
            RateLimited,
            "'s rate limit is reached until",
        ),
        (
            403,
            "retry-after: 60\r\n",
            error_body("Slow down"),
            RateLimited,
            "for 60 s, and --max-wait is 0 s",
        ),
        (
            403,
            "",
            error_body("You hit a secondary Rate Limit"),
            RateLimited,
            "'s secondary rate limit is reached until",
        ),
        (429, "", error_body("Too many"), RateLimited, "for 60 s"),
        (429, "retry-after: 7\r\n", String::new(), RateLimited, "for 7 s"),
        (403, "", error_body("Not for you"), Refused, "refuses page 1: Not for you"),
        (422, "", error_body("Validation Failed"), Server, "422: Validation Failed"),
        (500, "", error_body("Server Error"), Server, "500: Server Error; try again later"),
        (502, "", "<html>Bad Gateway</html>".to_owned(), Server, "with 502"),
        (503, "", String::new(), Server, "with 503"),
        (301, "", error_body("Moved Permanently"), Server, "301: Moved Permanently"),
        (418, "", String::new(), Server, "with 418"),
        (599, "", String::new(), Server, "with 599"),
    ];
    for (status, headers, body, kind, expected) in cases {
        let peer = Peer::answering(response_bytes(status, headers, body));
        let client_run = run_to_end(&peer.url(), pages(2));
        let failure = run_failure(&client_run);
        assert_eq!(failure.kind, kind, "{status}: {failure}");
        // An attempt that hits a limit keeps its status even if the run does not wait.
        let (run, lane) = (&client_run.run, &client_run.run.lanes()[0]);
        let attempt_failure = run.attempt_failure(&lane.span(0).unwrap()).unwrap();
        assert_eq!(attempt_failure.status, Some(status), "{attempt_failure}");
        let message = &failure.message;
        assert!(message.contains(expected), "{status}: {message}");
        assert!(message.contains("127.0.0.1"), "{status}: {message}");
        assert_status_is_not_repeated(message, status, peer.port());
        // A failure of the whole API ends the run; any other one fails only its page.
        let end = if kind.ends_run() { RunOutcome::Failed(failure) } else { RunOutcome::Finished };
        assert_eq!(client_run.run.outcome(), Some(&end));
        let requests = if kind.ends_run() { 1 } else { 2 };
        assert_eq!(peer.requests().len(), requests, "{status}");
    }
}

#[test]
fn failure_message_has_one_line_and_no_control_characters() {
    let hostile = "\\u001b]0;owned\\u0007 \\u202eevil\\n\\r\\tnext\\u0000\\u009b31m\\u200b end";
    let peer = Peer::answering(response_bytes(403, "", error_body(hostile)));
    let message = page_failure(&peer.url()).message;
    assert!(message.contains("\\u{1b}]0;owned\\u{7} \\u{202e}evil   next"), "{message}");
    assert!(message.contains("\\u{9b}31m\\u{200b} end"), "{message}");
}

#[test]
fn message_of_a_megabyte_is_truncated() {
    let peer = Peer::answering(response_bytes(500, "", error_body(&"x".repeat(1 << 20))));
    assert!(page_failure(&peer.url()).message.contains("xxx..."));
}

#[test]
fn failure_of_an_invalid_response_keeps_its_status() {
    let foreign_link = "link: <http://elsewhere.example/?page=2>; rel=\"next\"\r\n";
    for bytes in [
        response_bytes(200, "", "<html>Welcome</html>"),
        response_bytes(200, foreign_link, "[]"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[]".to_vec(),
    ] {
        let peer = Peer::start(move |_| vec![PeerStep::Send(bytes.clone()), PeerStep::Close]);
        assert_eq!(page_failure(&peer.url()).status, Some(200));
    }
}
