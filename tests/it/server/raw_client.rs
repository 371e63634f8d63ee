//! Setup of the server under test, and an HTTP client on a plain socket.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use threadline::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};

/// A test that waits longer than this has hung.
pub(crate) const HANG_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) const ONE_HOUR: Duration = Duration::from_secs(3_600);

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

pub(crate) fn constant_latency(latency: Duration) -> Latency {
    Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 }
}

/// Starts a server without latency.
pub(crate) fn instant_server(followers: u32) -> Server {
    Server::start(settings(followers, constant_latency(Duration::ZERO))).unwrap()
}

/// Starts a server without latency that has these faults, the elements of a JSON array.
pub(crate) fn faulty_server(followers: u32, faults: &str) -> Server {
    let faults = FaultScript::parse(&format!(r#"{{"faults":[{faults}]}}"#)).unwrap();
    let normal = settings(followers, constant_latency(Duration::ZERO));
    Server::start(ServerSettings { faults, ..normal }).unwrap()
}

#[expect(
    clippy::disallowed_methods,
    reason = "measures lower bounds of delays, and ends tests that hang"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Waits until the condition holds, or fails the test after `HANG_TIMEOUT`.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let begin = now();
    while !condition() {
        assert!(begin.elapsed() < HANG_TIMEOUT, "timed out waiting for a condition");
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

    pub(crate) fn numeric_header(&self, name: &str) -> u64 {
        self.header(name).unwrap().parse().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns the login and id of each user in a list.
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

/// An HTTP client with one connection.
pub(crate) struct RawClient {
    pub(crate) stream: TcpStream,
    /// Bytes received but not consumed yet.
    pub(crate) buffer: Vec<u8>,
}

impl RawClient {
    pub(crate) fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address()).unwrap();
        stream.set_read_timeout(Some(HANG_TIMEOUT)).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &str) {
        self.stream.write_all(bytes.as_bytes()).unwrap();
    }

    pub(crate) fn get(&mut self, target: &str) -> ServerResponse {
        self.send(&request("GET", target));
        self.read_response()
    }

    /// Reads the head of the next response; the body holds only the bytes received with it.
    pub(crate) fn read_head(&mut self) -> ServerResponse {
        let end = b"\r\n\r\n";
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == end) {
                let body = self.buffer.split_off(at + 4);
                let head = String::from_utf8(std::mem::take(&mut self.buffer)).unwrap();
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                return ServerResponse { status, head, body };
            }
            assert!(self.read_more() > 0, "closed in a head: {:?}", self.buffer);
        }
    }

    /// Reads the next response, which must not be one to HEAD.
    pub(crate) fn read_response(&mut self) -> ServerResponse {
        let mut response = self.read_head();
        let length = response.numeric_header("content-length") as usize;
        self.buffer = std::mem::take(&mut response.body);
        while self.buffer.len() < length {
            assert!(self.read_more() > 0, "closed in a body");
        }
        let rest = self.buffer.split_off(length);
        response.body = std::mem::replace(&mut self.buffer, rest);
        response
    }

    /// Reads more bytes into the buffer; returns their number, 0 once the connection is closed.
    pub(crate) fn read_more(&mut self) -> usize {
        let mut bytes = [0; 4_096];
        let length = self.stream.read(&mut bytes).unwrap();
        self.buffer.extend_from_slice(&bytes[..length]);
        length
    }

    /// Reads until the server closes or resets the connection; returns the bytes, and true if it
    /// was closed.
    pub(crate) fn read_to_end(&mut self) -> (Vec<u8>, bool) {
        let mut bytes = std::mem::take(&mut self.buffer);
        let end = self.stream.read_to_end(&mut bytes);
        if let Err(error) = &end {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset, "neither closed nor reset");
        }
        (bytes, end.is_ok())
    }

    /// Returns true if no byte arrives although the server has answered another client since.
    pub(crate) fn receives_nothing(&mut self, server: &Server) -> bool {
        assert_eq!(Self::connect(server).get("/rate_limit").status, 200);
        self.stream.set_nonblocking(true).unwrap();
        let result = self.stream.read(&mut [0; 1]);
        self.stream.set_nonblocking(false).unwrap();
        result.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// Returns true if the server closes the connection without sending anything more.
    pub(crate) fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && self.read_more() == 0
    }
}

pub(crate) fn request(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\nuser-agent: tests\r\n\r\n")
}

pub(crate) fn followers_path(query: &str) -> String {
    format!("/users/{DEFAULT_USER}/followers{query}")
}

/// Returns the expected `Link` header for these links, each a page and a relation.
pub(crate) fn link_header(server: &Server, id: u64, size: &str, links: &[(u64, &str)]) -> String {
    let url = server.url();
    let format_link = |(page, relation): &(u64, &str)| {
        format!(r#"<{url}/user/{id}/followers?{size}page={page}>; rel="{relation}""#)
    };
    links.iter().map(format_link).collect::<Vec<_>>().join(", ")
}

pub(crate) fn fetch_profile_id(client: &mut RawClient) -> u64 {
    let profile = client.get(&format!("/users/{DEFAULT_USER}")).json();
    profile["id"].as_u64().unwrap()
}
