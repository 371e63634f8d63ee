//! Answers that are no success: what a person is told, and whether the run goes on.

use threadline::model::{FailureKind, RunOutcome};

use super::peer::{Peer, PeerStep, response_bytes};
use super::{failure, failure_of, pages, run};

fn error(message: &str) -> String {
    format!(r#"{{"message":"{message}","documentation_url":"https://docs.github.com"}}"#)
}

#[test]
fn every_status_has_a_kind_and_a_sentence() {
    use FailureKind::{NotFound, RateLimited, Refused, Server};
    let used_up = "x-ratelimit-remaining: 0\r\nx-ratelimit-reset: 1700000000\r\n";
    let cases = [
        (404, "", error("Not Found"), NotFound, "knows no user \"octocat\"; check the spelling"),
        (404, "", "<html>nothing here</html>".to_owned(), Server, "Check --api-url"),
        (401, "", error("Bad credentials"), Refused, "requires a token (Bad credentials)"),
        (
            403,
            used_up,
            error("API rate limit exceeded"),
            RateLimited,
            "'s rate limit is reached until",
        ),
        (
            403,
            "retry-after: 60\r\n",
            error("Slow down"),
            RateLimited,
            "for 60 s, and --max-wait is 0 s",
        ),
        (
            403,
            "",
            error("You hit a secondary Rate Limit"),
            RateLimited,
            "'s secondary rate limit is reached until",
        ),
        (429, "", error("Too many"), RateLimited, "for 60 s"),
        (429, "retry-after: 7\r\n", String::new(), RateLimited, "for 7 s"),
        (403, "", error("Not for you"), Refused, "refuses page 1: Not for you"),
        (422, "", error("Validation Failed"), Server, "422: Validation Failed"),
        (500, "", error("Server Error"), Server, "500: Server Error; try again later"),
        (502, "", "<html>Bad Gateway</html>".to_owned(), Server, "with 502"),
        (503, "", String::new(), Server, "with 503"),
        (301, "", error("Moved Permanently"), Server, "301: Moved Permanently"),
        (418, "", String::new(), Server, "with 418"),
        (599, "", String::new(), Server, "with 599"),
    ];
    for (status, headers, body, kind, words) in cases {
        let peer = Peer::answering(response_bytes(status, headers, body));
        let client_run = run(&peer.url(), pages(2));
        let failure = failure_of(&client_run);
        assert_eq!(failure.kind, kind, "{status}: {failure}");
        // A limit that is not waited for is told of the attempt that met it.
        let (run, lane) = (&client_run.run, &client_run.run.lanes()[0]);
        let met = run.attempt_failure(&lane.span(0).unwrap()).unwrap();
        assert_eq!(met.status, Some(status), "{met}");
        let message = &failure.message;
        assert!(message.contains(words), "{status}: {message}");
        assert!(message.contains("127.0.0.1"), "{status}: {message}");
        let status = status.to_string();
        // A port may hold the same digits.
        let said = message.replace(&peer.port().to_string(), "").matches(&status).count();
        assert!(said <= 1, "said twice: {message}");
        // What would fail again is not asked again; the rest is tried page by page.
        let end = if kind.ends_run() { RunOutcome::Failed(failure) } else { RunOutcome::Finished };
        assert_eq!(client_run.run.outcome(), Some(&end));
        let asked = if kind.ends_run() { 1 } else { 2 };
        assert_eq!(peer.requests().len(), asked, "{status}");
    }
}

#[test]
fn a_message_comes_out_on_one_line_without_anything_a_terminal_acts_on() {
    let nasty = "\\u001b]0;owned\\u0007 \\u202eevil\\n\\r\\tnext\\u0000\\u009b31m\\u200b end";
    let peer = Peer::answering(response_bytes(403, "", error(nasty)));
    let message = failure(&peer.url()).message;
    assert!(message.contains("\\u{1b}]0;owned\\u{7} \\u{202e}evil   next"), "{message}");
    assert!(message.contains("\\u{9b}31m\\u{200b} end"), "{message}");
}

#[test]
fn a_message_of_a_megabyte_is_cut() {
    let peer = Peer::answering(response_bytes(500, "", error(&"x".repeat(1 << 20))));
    assert!(failure(&peer.url()).message.contains("xxx..."));
}

#[test]
fn an_answer_that_cannot_be_read_keeps_its_status() {
    let far = "link: <http://elsewhere.example/?page=2>; rel=\"next\"\r\n";
    for bytes in [
        response_bytes(200, "", "<html>Welcome</html>"),
        response_bytes(200, far, "[]"),
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[]".to_vec(),
    ] {
        let peer = Peer::start(move |_| vec![PeerStep::Send(bytes.clone()), PeerStep::Close]);
        assert_eq!(failure(&peer.url()).status, Some(200));
    }
}
