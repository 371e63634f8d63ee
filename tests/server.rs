//! The built-in server from outside: what a client gets to see, over plain sockets.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::Config;
use serde_json::Value;
use threadline::github::server::{
    DEFAULT_FOLLOWERS, DEFAULT_USER, HOURLY_LIMIT, Latency, LatencyProfile, Server, ServerError,
    Settings,
};

/// After this long something hangs.
const HANGS: Duration = Duration::from_secs(30);

const AN_HOUR: Duration = Duration::from_secs(3_600);

fn settings(followers: u32, latency: Latency) -> Settings {
    Settings {
        user: DEFAULT_USER.to_owned(),
        followers,
        latency,
        port: 0,
        wall_clock: || 1_700_000_000,
    }
}

fn uniform(latency: Duration) -> Latency {
    Latency::Uniform {
        latency,
        jitter: Duration::ZERO,
        seed: 0,
    }
}

/// A server that answers at once.
fn quick(followers: u32) -> Server {
    Server::start(settings(followers, uniform(Duration::ZERO))).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "lower bounds of delays, and an end to waiting when a test hangs"
)]
fn now() -> Instant {
    Instant::now()
}

/// Waits for what another thread is about to do.
fn until(condition: impl Fn() -> bool) {
    let begin = now();
    while !condition() {
        assert!(begin.elapsed() < HANGS, "it never happened");
        thread::yield_now();
    }
}

#[derive(Debug)]
struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Response {
    fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    fn number(&self, name: &str) -> u64 {
        self.header(name).unwrap().parse().unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Login and number of each user in a list.
    fn users(&self) -> Vec<(String, u64)> {
        let list = self.json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|user| {
                let login = user["login"].as_str().unwrap().to_owned();
                (login, user["id"].as_u64().unwrap())
            })
            .collect()
    }
}

/// One connection.
struct Client {
    stream: TcpStream,
    /// Bytes that came in, but were not asked for yet.
    ahead: Vec<u8>,
}

impl Client {
    fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        let ahead = Vec::new();
        Self { stream, ahead }
    }

    fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).unwrap();
    }

    fn get(&mut self, target: &str) -> Response {
        self.send(&request("GET", target));
        self.response()
    }

    /// The head of the next answer, and what of its body happened to come along.
    fn head(&mut self) -> Response {
        let end = b"\r\n\r\n";
        loop {
            if let Some(at) = self.ahead.windows(4).position(|four| four == end) {
                let body = self.ahead.split_off(at + 4);
                let head = String::from_utf8(std::mem::take(&mut self.ahead)).unwrap();
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return Response { status, head, body };
            }
            assert!(self.more() > 0, "closed within a head: {:?}", self.ahead);
        }
    }

    /// The next answer to anything but HEAD.
    fn response(&mut self) -> Response {
        let mut response = self.head();
        let length = response.number("content-length") as usize;
        self.ahead = std::mem::take(&mut response.body);
        while self.ahead.len() < length {
            assert!(self.more() > 0, "closed within a body");
        }
        let rest = self.ahead.split_off(length);
        response.body = std::mem::replace(&mut self.ahead, rest);
        response
    }

    fn more(&mut self) -> usize {
        let mut bytes = [0; 4_096];
        let length = self.stream.read(&mut bytes).unwrap();
        self.ahead.extend_from_slice(&bytes[..length]);
        length
    }

    /// Whether the server closed, and nothing came before.
    fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && self.more() == 0
    }
}

fn request(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nuser-agent: tests\r\n\r\n")
}

fn followers(query: &str) -> String {
    format!("/users/{DEFAULT_USER}/followers{query}")
}

/// What a `Link` header has to be: page and relation of each link.
fn link(server: &Server, id: u64, size: &str, links: &[(u64, &str)]) -> String {
    let url = server.url();
    let one = |(page, relation): &(u64, &str)| {
        format!(r#"<{url}/user/{id}/followers?{size}page={page}>; rel="{relation}""#)
    };
    links.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn profile_id(client: &mut Client) -> u64 {
    let profile = client.get(&format!("/users/{DEFAULT_USER}")).json();
    profile["id"].as_u64().unwrap()
}

#[test]
fn the_link_header_names_the_pages_around() {
    let server = quick(127);
    let mut client = Client::to(&server);
    let id = profile_id(&mut client);
    let cases: [(&str, &[(u64, &str)]); 6] = [
        ("", &[(2, "next"), (5, "last")]),
        ("?page=1", &[(2, "next"), (5, "last")]),
        (
            "?page=3",
            &[(2, "prev"), (4, "next"), (5, "last"), (1, "first")],
        ),
        ("?page=5", &[(4, "prev"), (1, "first")]),
        ("?page=6", &[(5, "prev"), (5, "last"), (1, "first")]),
        ("?page=9999", &[(5, "prev"), (5, "last"), (1, "first")]),
    ];
    for (query, links) in cases {
        let response = client.get(&followers(query));
        let expected = link(&server, id, "", links);
        assert_eq!(response.status, 200);
        assert_eq!(response.header("link"), Some(&*expected), "{query}");
    }
    assert_eq!(client.get(&followers("?page=5")).users().len(), 7);
    assert_eq!(client.get(&followers("?page=6")).body, b"[]");
}

#[test]
fn one_page_in_all_has_no_link_header() {
    for (count, query) in [
        (0, ""),
        (30, ""),
        (31, "?per_page=31"),
        (100, "?per_page=100"),
    ] {
        let response = Client::to(&quick(count)).get(&followers(query));
        assert_eq!(response.header("link"), None);
        assert_eq!(response.users().len(), count as usize);
    }
    let response = Client::to(&quick(31)).get(&followers(""));
    assert!(response.header("link").is_some());
}

#[test]
fn per_page_is_served_up_to_100_and_repeated_as_it_was_spelt() {
    let server = quick(250);
    let mut client = Client::to(&server);
    let id = profile_id(&mut client);
    let cases = [
        ("1", 1, 250),
        ("100", 100, 3),
        ("101", 100, 3),
        ("500", 100, 3),
        ("0", 30, 9),
        ("-5", 30, 9),
        ("many", 30, 9),
        ("007", 7, 36),
        ("%3E%0D%0Ax:y", 30, 9),
    ];
    for (spelt, served, last) in cases {
        let response = client.get(&followers(&format!("?per_page={spelt}")));
        let size = format!("per_page={}&", spelt.replace(':', "%3A"));
        let expected = link(&server, id, &size, &[(2, "next"), (last, "last")]);
        assert_eq!(response.users().len(), served, "{spelt}");
        assert_eq!(response.header("link"), Some(&*expected));
    }
}

#[test]
fn the_links_lead_through_the_whole_list() {
    let server = quick(127);
    let mut client = Client::to(&server);
    let mut found = Vec::new();
    let mut target = followers("?per_page=50");
    loop {
        let response = client.get(&target);
        found.extend(response.users());
        let next = response.header("link").and_then(|links| {
            let link = links
                .split(", ")
                .find(|link| link.ends_with(r#"rel="next""#))?;
            link.strip_prefix(&format!("<{}", server.url()))?
                .split('>')
                .next()
        });
        match next {
            Some(next) => next.clone_into(&mut target),
            None => break,
        }
    }
    assert_eq!(found.len(), 127);
    assert_eq!(found.iter().collect::<HashSet<_>>().len(), 127);
}

#[test]
fn a_page_of_30_is_as_large_and_detailed_as_githubs() {
    let server = quick(DEFAULT_FOLLOWERS);
    let response = Client::to(&server).get(&followers(""));
    assert!((25_000..35_000).contains(&response.body.len()));
    assert_eq!(
        response.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(
        response.header("x-github-media-type"),
        Some("github.v3; format=json")
    );
    assert!(response.header("x-github-request-id").is_some());
    let list = response.json();
    let user = list[0].as_object().unwrap();
    let login = user["login"].as_str().unwrap();
    assert_eq!(user["html_url"], format!("https://github.com/{login}"));
    assert_eq!(user["type"], "User");
    assert_eq!(user.len(), 19);
}

#[test]
fn the_profile_counts_the_followers() {
    let server = quick(127);
    let mut client = Client::to(&server);
    let profile = client.get("/users/AaronLeLevier").json();
    assert_eq!(profile["login"], DEFAULT_USER);
    assert_eq!(profile["type"], "User");
    assert_eq!(profile["followers"], 127);
    let numbered = client.get(&format!("/user/{}", profile["id"])).json();
    assert_eq!(numbered, profile);
}

#[test]
fn what_is_not_there_is_404_in_githubs_words() {
    let server = quick(3);
    let mut client = Client::to(&server);
    let user = "/users/users#get-a-user";
    let list = "/users/followers#list-followers-of-a-user";
    let slash = format!("/users/{DEFAULT_USER}/");
    let list_slash = followers("/");
    let cases = [
        ("GET", "/users/nobody/followers", list),
        ("GET", "/user/1/followers", list),
        ("GET", "/users/nobody", user),
        ("GET", &*slash, ""),
        ("GET", &*list_slash, ""),
        ("GET", "/", ""),
        ("GET", "//", ""),
        ("GET", "*", ""),
        ("GET", "/users", ""),
        ("POST", "/rate_limit", ""),
        ("DELETE", "/users/nobody", ""),
    ];
    for (method, target, about) in cases {
        client.send(&request(method, target));
        let response = client.response();
        let body = format!(
            r#"{{"message":"Not Found","documentation_url":"https://docs.github.com/rest{about}","status":"404"}}"#
        );
        assert_eq!(
            (response.status, response.text()),
            (404, &*body),
            "{target}"
        );
    }
}

#[test]
fn who_does_not_say_who_he_is_is_refused() {
    let server = quick(3);
    let mut client = Client::to(&server);
    client.send(&format!(
        "GET {} HTTP/1.1\r\nhost: x\r\n\r\n",
        followers("")
    ));
    let response = client.response();
    assert_eq!(response.status, 403);
    assert_eq!(response.header("content-type"), Some("text/html"));
    assert_eq!(
        response.text(),
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
         header (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
         Check https://developer.github.com for other possible causes."
    );
    client.send("GET /rate_limit HTTP/1.1\r\nUSER-AGENT:\r\n\r\n");
    assert_eq!(client.response().status, 200);
}

#[test]
fn the_quota_counts_down() {
    let server = quick(3);
    let mut client = Client::to(&server);
    let cases = [
        (followers(""), 1),
        (format!("/users/{DEFAULT_USER}"), 2),
        ("/rate_limit".to_owned(), 2),
        ("/users/nobody".to_owned(), 3),
        ("/rate_limit".to_owned(), 3),
    ];
    for (target, used) in cases {
        let response = client.get(&target);
        assert_eq!(response.number("x-ratelimit-limit"), HOURLY_LIMIT);
        assert_eq!(response.number("x-ratelimit-used"), used, "{target}");
        assert_eq!(
            response.number("x-ratelimit-remaining"),
            HOURLY_LIMIT - used
        );
        assert_eq!(response.number("x-ratelimit-reset"), 1_700_003_600);
        assert_eq!(response.header("x-ratelimit-resource"), Some("core"));
    }
    let core = &client.get("/rate_limit").json()["resources"]["core"];
    assert_eq!(core["limit"], HOURLY_LIMIT);
    assert_eq!(core["used"], 3);
    assert_eq!(core["remaining"], HOURLY_LIMIT - 3);
    assert_eq!(core["reset"], 1_700_003_600);
}

#[test]
fn a_connection_serves_request_after_request() {
    let server = quick(127);
    let mut client = Client::to(&server);
    for page in 1..=5 {
        let response = client.get(&followers(&format!("?page={page}")));
        assert_eq!(response.users().len(), if page < 5 { 30 } else { 7 });
        assert_eq!(response.header("connection"), None);
    }
    let counts = server.counts();
    assert_eq!((counts.connections, counts.requests), (1, 5));
    assert_eq!(counts.most_in_flight, 1);
}

#[test]
fn requests_sent_ahead_are_answered_in_turn() {
    let server = quick(127);
    let mut client = Client::to(&server);
    let pages = [5, 1, 4, 2];
    let ahead: String = pages
        .map(|page| request("GET", &followers(&format!("?page={page}"))))
        .concat();
    let (now, later) = ahead.split_at(ahead.len() - 20);
    client.send(now);
    let mut answers = vec![client.response(), client.response(), client.response()];
    client.send(later);
    answers.push(client.response());
    for (page, answer) in pages.into_iter().zip(answers) {
        let alone = Client::to(&server).get(&followers(&format!("?page={page}")));
        assert_eq!(answer.body, alone.body);
    }
}

#[test]
fn head_is_get_without_the_body() {
    let server = quick(127);
    let mut client = Client::to(&server);
    let whole = client.get(&followers("?page=2"));
    client.send(&request("HEAD", &followers("?page=2")));
    let head = client.head();
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "content-type", "link"] {
        assert_eq!(head.header(name), whole.header(name));
    }
    assert_eq!(client.get("/rate_limit").status, 200);
}

#[test]
fn a_connection_ends_when_the_client_says_so_or_sends_a_body() {
    let server = quick(3);
    let path = followers("");
    for (rest, status) in [
        (format!("GET {path} HTTP/1.1\r\nconnection: close\r\n"), 200),
        (format!("GET {path} HTTP/1.0\r\n"), 200),
        (
            format!("POST {path} HTTP/1.1\r\ncontent-length: 9000000\r\n"),
            404,
        ),
        (
            format!("PUT {path} HTTP/1.1\r\ntransfer-encoding: chunked\r\n"),
            404,
        ),
    ] {
        let mut client = Client::to(&server);
        client.send(&format!("{rest}user-agent: tests\r\n\r\nand what follows"));
        let response = client.response();
        assert_eq!(response.status, status, "{rest}");
        assert_eq!(response.header("connection"), Some("close"));
        assert!(client.is_closed());
    }
}

#[test]
fn what_is_no_request_is_refused_and_the_connection_closed() {
    let server = quick(3);
    let long = format!("GET /{} HTTP/1.1\r\n", "x".repeat(17_000));
    for (bytes, status) in [("HELLO\r\n\r\n", 400), ("\0\0\0\0", 400), (&*long, 431)] {
        let mut client = Client::to(&server);
        client.send(bytes);
        assert_eq!(client.response().status, status);
        assert!(client.is_closed());
    }
}

#[test]
fn an_answer_waits_and_then_comes_in_parts() {
    let text = r#"{"profile_ms":1,"pages":[{"wait_ms":25,"receive_ms":3600000},{"wait_ms":10,"receive_ms":30}]}"#;
    let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
    let server = Server::start(settings(127, latency)).unwrap();

    let begin = now();
    let mut client = Client::to(&server);
    client.send(&request("GET", &followers("?page=1")));
    let head = client.head();
    assert!(begin.elapsed() >= Duration::from_millis(25));
    // The rest of this body takes an hour: what is here is a part of it.
    assert!(head.body.len() < head.number("content-length") as usize / 4);

    let begin = now();
    let mut client = Client::to(&server);
    let response = client.get(&followers("?page=2"));
    assert!(begin.elapsed() >= Duration::from_millis(40));
    assert_eq!(response.users().len(), 30);
}

#[test]
fn a_request_in_flight_is_counted_until_the_client_gives_it_up() {
    let server = Server::start(settings(127, uniform(AN_HOUR))).unwrap();
    let clients: Vec<Client> = (1..=5)
        .map(|page| {
            let mut client = Client::to(&server);
            client.send(&request("GET", &followers(&format!("?page={page}"))));
            client
        })
        .collect();
    until(|| server.counts().in_flight == 5);
    drop(clients);
    until(|| server.counts().in_flight == 0);
    let mut client = Client::to(&server);
    client.send(&request("GET", &followers("")));
    until(|| server.counts().requests == 6);
    assert_eq!(server.counts().most_in_flight, 5);
}

#[test]
fn many_connections_are_served_at_once() {
    let server = Server::start(settings(127, uniform(Duration::from_millis(1)))).unwrap();
    let mut clients: Vec<Client> = (0..80).map(|_| Client::to(&server)).collect();
    for client in &mut clients {
        client.send(&request("GET", &followers("?page=5")));
    }
    for client in &mut clients {
        assert_eq!(client.response().users().len(), 7);
    }
    assert_eq!(server.counts().connections, 80);
}

#[test]
fn dropping_the_server_ends_it_at_once() {
    let text = r#"{"profile_ms":3600000,"pages":[{"wait_ms":0,"receive_ms":3600000}]}"#;
    let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
    let server = Server::start(settings(127, latency)).unwrap();
    let idle = Client::to(&server);
    let mut waiting = Client::to(&server);
    waiting.send(&request("GET", &format!("/users/{DEFAULT_USER}")));
    let mut receiving = Client::to(&server);
    receiving.send(&request("GET", &followers("")));
    assert_eq!(receiving.head().status, 200);
    let mut unfinished = Client::to(&server);
    unfinished.send("GET /");
    until(|| server.counts().in_flight == 2);

    let (done, ended) = mpsc::channel();
    let dropping = thread::Builder::new().spawn(move || {
        drop(server);
        done.send(()).unwrap();
    });
    assert!(dropping.is_ok());
    assert_eq!(ended.recv_timeout(HANGS), Ok(()));
    for client in [idle, waiting, receiving, unfinished] {
        let mut rest = Vec::new();
        let mut stream = client.stream;
        // Closed or reset, but not open any more.
        if let Err(error) = stream.read_to_end(&mut rest) {
            assert_ne!(error.kind(), std::io::ErrorKind::WouldBlock);
        }
    }
}

#[test]
fn only_this_machine_gets_in() {
    let server = quick(3);
    assert_eq!(server.address().ip(), Ipv4Addr::LOCALHOST);
    assert_eq!(
        server.url(),
        format!("http://127.0.0.1:{}", server.address().port())
    );
    // Bound to all addresses, the server would answer on this one, too.
    let other = SocketAddr::from(([127, 0, 0, 2], server.address().port()));
    assert!(TcpStream::connect_timeout(&other, Duration::from_millis(200)).is_err());
}

#[test]
fn a_port_can_be_chosen_and_chosen_again_but_not_shared() {
    let first = quick(3);
    let port = first.address().port();
    // The server closes this one first, so the port lingers for a while as this connection's end.
    let mut open = Client::to(&first);
    assert_eq!(open.get("/rate_limit").status, 200);
    let chosen = || {
        Server::start(Settings {
            port,
            ..settings(3, uniform(Duration::ZERO))
        })
    };
    let error = chosen().unwrap_err();
    assert!(matches!(error, ServerError::PortInUse { port: p } if p == port));
    assert_eq!(
        error.to_string(),
        format!("port {port} of 127.0.0.1 is in use; choose another, or 0 for any that is free")
    );
    drop(first);
    assert_eq!(chosen().unwrap().address().port(), port);
}

#[test]
fn what_cannot_be_served_is_said_at_the_start() {
    for user in ["", "two words", "a/b", "käthe", &"x".repeat(40)] {
        let user = user.to_owned();
        let wrong = Settings {
            user,
            ..settings(3, uniform(Duration::ZERO))
        };
        assert!(matches!(
            Server::start(wrong),
            Err(ServerError::User { .. })
        ));
    }
    let error = Server::start(settings(1_000_001, uniform(Duration::ZERO))).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1000001 followers are too many: the built-in server invents up to 1000000"
    );
}

#[test]
fn the_last_of_a_million_followers_is_there() {
    let server = quick(1_000_000);
    let mut client = Client::to(&server);
    let last = client.get(&followers("?per_page=100&page=10000"));
    assert_eq!(last.users().len(), 100);
    assert_eq!(
        client.get(&followers("?per_page=100&page=10001")).body,
        b"[]"
    );
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn every_page_size_finds_the_same_followers(per_page in 1_usize..=100) {
        let server = quick(127);
        let mut client = Client::to(&server);
        let pages = |client: &mut Client, size: usize| {
            let page = |number| followers(&format!("?page={number}&per_page={size}"));
            (1..=127_usize.div_ceil(size))
                .flat_map(|number| client.get(&page(number)).users())
                .collect::<Vec<_>>()
        };
        let found = pages(&mut client, per_page);
        prop_assert_eq!(found.len(), 127);
        let logins: HashSet<_> = found.iter().map(|(login, _)| login).collect();
        let ids: HashSet<_> = found.iter().map(|(_, id)| id).collect();
        prop_assert_eq!((logins.len(), ids.len()), (127, 127));
        prop_assert_eq!(found, pages(&mut Client::to(&quick(127)), 100));
    }

    #[test]
    fn no_bytes_bring_it_down(
        method in prop::sample::select(vec!["", "GET ", "HEAD ", "GET /users/"]),
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        rest in prop::sample::select(vec!["", " HTTP/1.1\r\n\r\n", "\r\n\r\n", "?page=%\r\n"]),
    ) {
        let server = quick(3);
        let mut client = Client::to(&server);
        let sent = [method.as_bytes(), &bytes, rest.as_bytes()].concat();
        client.stream.write_all(&sent).unwrap();
        client.stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        prop_assert!(client.stream.read_to_end(&mut answer).is_ok());
        prop_assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 "));
        prop_assert_eq!(Client::to(&server).get("/rate_limit").status, 200);
    }
}
