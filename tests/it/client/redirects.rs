//! Redirects and links: followed on the same server, never to another one.

use threadline::github::{Api, Token};
use threadline::model::FailureKind;

use super::{ClientRun, page_body, pages, run_failure, run_to_end};
use crate::peer::{Peer, PeerStep, response_bytes};

fn redirect_to(to: &str) -> Vec<u8> {
    response_bytes(302, &format!("location: {to}\r\n"), "")
}

/// Fetches one page with a token, which another server must not get.
fn run_with_token(url: &str) -> ClientRun {
    let token = Token::new("GH_TOKEN", "ghp_secret").unwrap();
    ClientRun::start(Api::new(url, Some(token)).unwrap(), pages(1)).wait_for_end()
}

#[test]
fn redirect_to_another_server_is_rejected_without_contacting_it() {
    let other = Peer::answering(response_bytes(200, "", page_body(1, 1)));
    let port = other.port();
    for to in [
        other.url(),
        format!("http://localhost:{port}/"),
        format!("//127.0.0.1:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
    ] {
        let peer = Peer::answering(redirect_to(&to));
        let failure = run_failure(&run_with_token(&peer.url()));
        assert_eq!(failure.kind, FailureKind::Server, "{to}");
        assert!(failure.message.contains("redirects to another server"), "{to}: {failure}");
    }
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn redirect_on_the_same_server_is_followed_with_the_token() {
    let peer = Peer::start(|request| {
        let bytes = match request.target.as_str() {
            "/user/7/followers?page=1" => response_bytes(200, "", page_body(1, 3)),
            _ => redirect_to("/user/7/followers?page=1"),
        };
        vec![PeerStep::Send(bytes)]
    });
    let client_run = run_with_token(&peer.url());
    assert_eq!(client_run.run.progress().result_count(), 3, "{:?}", client_run.run.failure());
    assert_eq!(peer.requests().len(), 2);
    assert!(peer.requests().iter().all(|request| request.header("authorization").is_some()));
}

#[test]
fn redirect_loop_ends_after_5_redirects() {
    let peer = Peer::answering(redirect_to("/again"));
    let failure = run_failure(&run_with_token(&peer.url()));
    assert!(failure.message.contains("more than 5 times"), "{failure}");
    assert_eq!(peer.requests().len(), 6);
}

#[test]
fn redirect_to_an_invalid_location_fails_the_page() {
    for to in ["", "http://", "javascript:alert(1)", "http://[::1"] {
        let peer = Peer::answering(redirect_to(to));
        run_failure(&run_with_token(&peer.url()));
    }
}

#[test]
fn link_to_another_server_fails_the_page_without_contacting_it() {
    let other = Peer::answering(response_bytes(200, "", page_body(1, 1)));
    let link = format!("link: <{}/users/octocat/followers?page=2>; rel=\"next\"\r\n", other.url());
    let peer = Peer::answering(response_bytes(200, &link, page_body(1, 30)));
    let failure = run_failure(&run_with_token(&peer.url()));
    assert_eq!(failure.kind, FailureKind::Server);
    assert!(failure.message.contains("Link header points to another server"), "{failure}");
    assert_eq!((other.requests().len(), peer.requests().len()), (0, 1));
}

#[test]
fn invalid_link_header_fails_the_page() {
    for link in ["next", "</x?page=0>; rel=next", "</x>; rel=\"last\"", "<http://[>; rel=next"] {
        let peer =
            Peer::answering(response_bytes(200, &format!("link: {link}\r\n"), page_body(1, 30)));
        let failure = run_failure(&run_to_end(&peer.url(), pages(1)));
        assert!(failure.message.contains("Link header"), "{link}: {failure}");
    }
}

/// RFC 9110 5.3: a list may be spread over several headers of the same name.
#[test]
fn links_in_two_headers_are_both_read() {
    let peer = Peer::start(|request| {
        let links = "link: </x?page=1>; rel=\"first\"\r\nlink: </x?page=3>; rel=\"last\"\r\n";
        vec![PeerStep::Send(response_bytes(200, links, page_body(request.page(), 1)))]
    });
    let client_run = run_to_end(&peer.url(), pages(1));
    assert_eq!(
        (client_run.run.progress().known_tasks(), client_run.run.progress().done_tasks()),
        (3, 3)
    );
}
