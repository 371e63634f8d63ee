//! A server to test, and a client of plain sockets.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use threadline::github::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};

/// After this long something hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(30);

pub(crate) const AN_HOUR: Duration = Duration::from_secs(3_600);

pub(crate) fn settings(followers: u32, latency: Latency) -> ServerSettings {
    ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers,
        latency,
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock: || 1_700_000_000,
    }
}

pub(crate) fn uniform(latency: Duration) -> Latency {
    Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 }
}

/// A server that answers at once.
pub(crate) fn quick(followers: u32) -> Server {
    Server::start(settings(followers, uniform(Duration::ZERO))).unwrap()
}

/// A server that answers at once, as far as these faults let it: an array's elements, as JSON.
pub(crate) fn faulty(followers: u32, faults: &str) -> Server {
    let faults = FaultScript::parse(&format!(r#"{{"faults":[{faults}]}}"#)).unwrap();
    let honest = settings(followers, uniform(Duration::ZERO));
    Server::start(ServerSettings { faults, ..honest }).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "lower bounds of delays, and an end to waiting when a test hangs"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits for what another thread is about to do.
pub(crate) fn until(condition: impl Fn() -> bool) {
    let begin = now();
    while !condition() {
        assert!(begin.elapsed() < HANGS, "it never happened");
        thread::yield_now();
    }
}

#[derive(Debug)]
pub(crate) struct ServerResponse {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl ServerResponse {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.header(name).unwrap().parse().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Login and number of each user in a list.
    pub(crate) fn users(&self) -> Vec<(String, u64)> {
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
pub(crate) struct RawClient {
    pub(crate) stream: TcpStream,
    /// Bytes that came in, but were not asked for yet.
    pub(crate) ahead: Vec<u8>,
}

impl RawClient {
    pub(crate) fn to(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(HANGS)).unwrap();
        let ahead = Vec::new();
        Self { stream, ahead }
    }

    pub(crate) fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).unwrap();
    }

    pub(crate) fn get(&mut self, target: &str) -> ServerResponse {
        self.send(&request("GET", target));
        self.response()
    }

    /// The head of the next answer, and what of its body happened to come along.
    pub(crate) fn head(&mut self) -> ServerResponse {
        let end = b"\r\n\r\n";
        loop {
            if let Some(at) = self.ahead.windows(4).position(|four| four == end) {
                let body = self.ahead.split_off(at + 4);
                let head = String::from_utf8(std::mem::take(&mut self.ahead)).unwrap();
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return ServerResponse { status, head, body };
            }
            assert!(self.more() > 0, "closed within a head: {:?}", self.ahead);
        }
    }

    /// The next answer to anything but HEAD.
    pub(crate) fn response(&mut self) -> ServerResponse {
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

    pub(crate) fn more(&mut self) -> usize {
        let mut bytes = [0; 4_096];
        let length = self.stream.read(&mut bytes).unwrap();
        self.ahead.extend_from_slice(&bytes[..length]);
        length
    }

    /// Everything that comes until the server closes or breaks the connection, and whether it
    /// closed.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut bytes = std::mem::take(&mut self.ahead);
        let end = self.stream.read_to_end(&mut bytes);
        if let Err(error) = &end {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "it hangs");
        }
        (bytes, end.is_ok())
    }

    /// Whether nothing more comes, although the server has answered another client since.
    pub(crate) fn is_left_waiting(&mut self, server: &Server) -> bool {
        assert_eq!(Self::to(server).get("/rate_limit").status, 200);
        self.stream.set_nonblocking(true).unwrap();
        let more = self.stream.read(&mut [0; 1]);
        self.stream.set_nonblocking(false).unwrap();
        more.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Whether the server closed, and nothing came before.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.ahead.is_empty() && self.more() == 0
    }
}

pub(crate) fn request(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nuser-agent: tests\r\n\r\n")
}

pub(crate) fn followers(query: &str) -> String {
    format!("/users/{DEFAULT_USER}/followers{query}")
}

/// What a `Link` header has to be: page and relation of each link.
pub(crate) fn link(server: &Server, id: u64, size: &str, links: &[(u64, &str)]) -> String {
    let url = server.url();
    let one = |(page, relation): &(u64, &str)| {
        format!(r#"<{url}/user/{id}/followers?{size}page={page}>; rel="{relation}""#)
    };
    links.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(crate) fn profile_id(client: &mut RawClient) -> u64 {
    let profile = client.get(&format!("/users/{DEFAULT_USER}")).json();
    profile["id"].as_u64().unwrap()
}
