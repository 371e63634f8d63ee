//! Redirects and links: to the same server they are followed, to another one never.

use threadline::github::{Api, Token};
use threadline::model::FailureKind;

use super::peer::{Peer, PeerStep, response_bytes};
use super::{ClientRun, body, failure_of, pages, run};

fn redirect(to: &str) -> Vec<u8> {
    response_bytes(302, &format!("location: {to}\r\n"), "")
}

/// With a token, so that it could leak.
fn run_with_token(url: &str) -> ClientRun {
    let token = Token::new("GH_TOKEN", "ghp_secret").unwrap();
    ClientRun::start(Api::new(url, Some(token)).unwrap(), pages(1)).wait_for_end()
}

#[test]
fn a_redirect_to_another_server_is_refused_and_nothing_is_sent_there() {
    let other = Peer::answering(response_bytes(200, "", body(1, 1)));
    let port = other.port();
    for to in [
        other.url(),
        format!("http://localhost:{port}/"),
        format!("//127.0.0.1:{port}/x"),
        format!("https://127.0.0.1:{port}/x"),
    ] {
        let peer = Peer::answering(redirect(&to));
        let failure = failure_of(&run_with_token(&peer.url()));
        assert_eq!(failure.kind, FailureKind::Server, "{to}");
        assert!(failure.message.contains("redirects to another server"), "{to}: {failure}");
    }
    assert_eq!(other.requests().len(), 0);
}

#[test]
fn a_redirect_on_the_same_server_is_followed_with_the_token() {
    let peer = Peer::start(|request| {
        let bytes = match request.target.as_str() {
            "/user/7/followers?page=1" => response_bytes(200, "", body(1, 3)),
            _ => redirect("/user/7/followers?page=1"),
        };
        vec![PeerStep::Send(bytes)]
    });
    let client_run = run_with_token(&peer.url());
    assert_eq!(client_run.run.follower_count(), 3, "{:?}", client_run.run.failure());
    assert_eq!(peer.requests().len(), 2);
    assert!(peer.requests().iter().all(|asked| asked.header("authorization").is_some()));
}

#[test]
fn a_redirect_in_circles_ends() {
    let peer = Peer::answering(redirect("/again"));
    let failure = failure_of(&run_with_token(&peer.url()));
    assert!(failure.message.contains("more than 5 times"), "{failure}");
    assert_eq!(peer.requests().len(), 6);
}

#[test]
fn a_redirect_to_nowhere_is_a_failure() {
    for to in ["", "http://", "javascript:alert(1)", "http://[::1"] {
        let peer = Peer::answering(redirect(to));
        failure_of(&run_with_token(&peer.url()));
    }
}

#[test]
fn a_link_to_another_server_fails_the_page_and_nothing_is_sent_there() {
    let other = Peer::answering(response_bytes(200, "", body(1, 1)));
    let link = format!("link: <{}/users/octocat/followers?page=2>; rel=\"next\"\r\n", other.url());
    let peer = Peer::answering(response_bytes(200, &link, body(1, 30)));
    let failure = failure_of(&run_with_token(&peer.url()));
    assert_eq!(failure.kind, FailureKind::Server);
    assert!(failure.message.contains("Link header points to another server"), "{failure}");
    assert_eq!((other.requests().len(), peer.requests().len()), (0, 1));
}

#[test]
fn a_link_that_cannot_be_followed_fails_the_page() {
    for link in ["next", "</x?page=0>; rel=next", "</x>; rel=\"last\"", "<http://[>; rel=next"] {
        let peer = Peer::answering(response_bytes(200, &format!("link: {link}\r\n"), body(1, 30)));
        let failure = failure_of(&run(&peer.url(), pages(1)));
        assert!(failure.message.contains("Link header"), "{link}: {failure}");
    }
}

/// RFC 9110 5.3: a list may be spread over several headers of the same name.
#[test]
fn links_in_two_headers_are_both_read() {
    let peer = Peer::start(|request| {
        let links = "link: </x?page=1>; rel=\"first\"\r\nlink: </x?page=3>; rel=\"last\"\r\n";
        vec![PeerStep::Send(response_bytes(200, links, body(request.page(), 1)))]
    });
    let client_run = run(&peer.url(), pages(1));
    assert_eq!((client_run.run.known_tasks(), client_run.run.done_tasks()), (3, 3));
}
