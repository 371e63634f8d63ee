//! A relay in front of the built-in server that adds faults on the wire, such as endless headers or a
//! gzip bomb, which only tests have a use for.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value};
use threadline::server::{RequestCounts, Server};

use crate::builtin_server::faulty;
use crate::peer::{Peer, PeerRequest, PeerStep};

/// The faults of the relay. Their keys are those of the built-in server's faults, with `page`, `from`
/// and `times`, and those that [`wire_steps`] reads.
pub(crate) const WIRE_FAULTS: [&str; 15] = [
    "stall_in_body",
    "reset_in_body",
    "drip",
    "wrong_type",
    "deep",
    "huge",
    "gzip_bomb",
    "empty",
    "content_type",
    "endless_headers",
    "huge_header",
    "duplicate_headers",
    "escapes_in_headers",
    "link",
    "redirect",
];

/// The size of the pieces in which a long body is sent.
const CHUNK_SIZE: usize = 1 << 16;

/// A running relay and its server.
pub(crate) struct FaultRelay {
    server: Server,
    peer: Peer,
}

impl FaultRelay {
    /// Starts a relay and its server with these faults of either: JSON, the elements of an array.
    pub(crate) fn start(followers: u32, faults: &str) -> Self {
        let faults: Vec<Map<String, Value>> = serde_json::from_str(&format!("[{faults}]")).unwrap();
        let (on_wire, built_in): (Vec<_>, Vec<_>) = faults
            .into_iter()
            .partition(|fault| WIRE_FAULTS.contains(&fault["fault"].as_str().unwrap()));
        let built_in: Vec<String> =
            built_in.into_iter().map(|fault| Value::Object(fault).to_string()).collect();
        let server = faulty(followers, &built_in.join(","));
        let (address, script) = (server.address(), WireScript::new(on_wire));
        let peer = Peer::start(move |request| match forward(request, address) {
            Err(steps) => steps,
            Ok(reply) => match script.next_fault(request) {
                Some(fault) => wire_steps(fault, reply, request),
                None => vec![PeerStep::Send(reply.bytes())],
            },
        });
        Self { server, peer }
    }

    pub(crate) fn url(&self) -> String {
        self.peer.url()
    }

    pub(crate) fn port(&self) -> u16 {
        self.peer.port()
    }

    /// The request counts of the server, to which the relay forwards every request.
    pub(crate) fn request_counts(&self) -> RequestCounts {
        self.server.request_counts()
    }
}

impl Drop for FaultRelay {
    fn drop(&mut self) {
        self.peer.stop();
    }
}

/// Faults, and how often each page has met each of them since it was last answered correctly.
struct WireScript {
    faults: Vec<Map<String, Value>>,
    met: Mutex<HashMap<(usize, u32), u64>>,
}

impl WireScript {
    fn new(faults: Vec<Map<String, Value>>) -> Self {
        Self { faults, met: Mutex::default() }
    }

    /// Returns the fault for a request, in the cycle of the built-in server's faults.
    fn next_fault(&self, request: &PeerRequest) -> Option<&Map<String, Value>> {
        if !request.target.starts_with("/user") {
            return None;
        }
        let (page, mut met) = (request.page(), self.met.lock().unwrap());
        for (number, fault) in self.faults.iter().enumerate() {
            let selects = match (fault.get("page"), fault.get("from")) {
                (Some(Value::String(_)), _) => page == 0,
                (Some(at), _) => at.as_u64() == Some(page.into()),
                (None, Some(from)) => page > 0 && from.as_u64().unwrap() <= u64::from(page),
                (None, None) => true,
            };
            let times = fault.get("times").map_or(1, |times| times.as_u64().unwrap());
            let met = met.entry((number, page)).or_default();
            if selects && (times == 0 || *met < times) {
                *met += 1;
                return Some(fault);
            }
        }
        met.retain(|(_, other), _| *other != page);
        None
    }
}

/// A response of the server.
struct RelayedReply {
    /// The status line and the headers.
    lines: Vec<String>,
    body: Vec<u8>,
}

impl RelayedReply {
    /// Returns the response, or `None` if the bytes are not a complete one.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "))?;
        let body = bytes.get(end + 4..end + 4 + length.parse::<usize>().unwrap())?.to_vec();
        Some(Self { lines: head.lines().map(str::to_owned).collect(), body })
    }

    /// Returns the head without the blank line that ends it.
    fn open_head(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect::<String>().into_bytes()
    }

    fn head(&self) -> Vec<u8> {
        [self.open_head(), b"\r\n".to_vec()].concat()
    }

    fn first_half(&self) -> Vec<u8> {
        [&*self.head(), &self.body[..self.body.len() / 2]].concat()
    }

    fn bytes(&self) -> Vec<u8> {
        [&*self.head(), &self.body].concat()
    }

    /// Returns the response with a header in place of the one with the same name, if any.
    fn with_header(mut self, name: &str, value: &str) -> Self {
        self.lines.retain(|line| !line.starts_with(&format!("{name}: ")));
        self.lines.push(format!("{name}: {value}"));
        self
    }

    /// Returns the response with another body, and its length.
    fn with_body(self, body: Vec<u8>) -> Self {
        let length = body.len().to_string();
        Self { body, ..self.with_header("content-length", &length) }
    }
}

/// Sends a request to the server. Its links are changed to point to the relay. If the server breaks the
/// connection, returns the steps that do the same.
fn forward(request: &PeerRequest, address: SocketAddr) -> Result<RelayedReply, Vec<PeerStep>> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{}\r\n\r\n", request.head).unwrap();
    let (mut bytes, mut piece) = (Vec::new(), vec![0; CHUNK_SIZE]);
    loop {
        if let Some(mut reply) = RelayedReply::parse(&bytes) {
            let (from, host) = (address.to_string(), request.header("host").unwrap_or_default());
            reply.lines.iter_mut().for_each(|line| *line = line.replace(&from, host));
            return Ok(reply);
        }
        match stream.read(&mut piece) {
            Ok(0) => return Err(vec![PeerStep::Send(bytes), PeerStep::Close]),
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(_) => return Err(vec![PeerStep::Send(bytes), PeerStep::Reset]),
        }
    }
}

/// Returns the steps that send a response with a fault.
fn wire_steps(
    fault: &Map<String, Value>,
    reply: RelayedReply,
    request: &PeerRequest,
) -> Vec<PeerStep> {
    let number = |key: &str, default: u64| fault.get(key).map_or(Some(default), Value::as_u64);
    let number = |key, default| usize::try_from(number(key, default).unwrap()).unwrap();
    let text = |key: &str| fault.get(key).map(|value| value.as_str().unwrap());
    let length = reply.body.len();
    let whole = match fault["fault"].as_str().unwrap() {
        "stall_in_body" => return vec![PeerStep::Send(reply.first_half()), PeerStep::Stall],
        "reset_in_body" => return vec![PeerStep::Send(reply.first_half()), PeerStep::Reset],
        "drip" => {
            let every = Duration::from_millis(number("every_ms", 100) as u64);
            return vec![PeerStep::Send(reply.head()), PeerStep::Drip(reply.body, every)];
        }
        "huge" => return huge_body(reply, number("bytes", 100_000_000)),
        "endless_headers" => {
            let line = b"x-endless: and another one\r\n".repeat(1_000);
            return vec![PeerStep::Send(reply.open_head()), PeerStep::Repeat(line, usize::MAX)];
        }
        "gzip_bomb" => {
            let bomb = gzip_bomb(&reply.body, number("bytes", 1_000_000_000));
            reply.with_header("content-encoding", "gzip").with_body(bomb)
        }
        "wrong_type" => {
            let body = corrupt_field(text("of").unwrap_or("list"), &reply.body);
            reply.with_body(body)
        }
        "deep" => {
            let levels = number("levels", 100_000);
            reply.with_body([b"[".repeat(levels), b"]".repeat(levels)].concat())
        }
        "empty" => reply.with_body(Vec::new()),
        "content_type" => reply.with_header("content-type", "text/html; charset=utf-8"),
        "huge_header" => reply.with_header("x-huge", &"x".repeat(number("bytes", 10_000_000))),
        "duplicate_headers" => {
            let mut reply = reply;
            reply.lines.push(format!("content-length: {}", length + 1));
            reply
        }
        "escapes_in_headers" => {
            reply.with_header("x-accepted-oauth-scopes", "\u{1b}[2J\u{1b}]0;mine\u{7}")
        }
        "link" => {
            let to = text("to").unwrap();
            reply.with_header("link", &format!("<{to}>; rel=\"next\", <{to}>; rel=\"last\""))
        }
        "redirect" => {
            let status = number("status", 301);
            let mut reply = reply.with_header("location", text("to").unwrap_or(&request.target));
            reply.lines[0] = format!("HTTP/1.1 {status} Moved");
            reply
        }
        name => unreachable!("the relay has no fault {name}"),
    };
    vec![PeerStep::Send(whole.bytes())]
}

/// Returns the steps that send a body of this size: that of the response, with spaces.
fn huge_body(reply: RelayedReply, size: usize) -> Vec<PeerStep> {
    let spaces = size.saturating_sub(reply.body.len());
    let reply = reply.with_header("content-length", &size.to_string());
    let (first, rest) = reply.body.split_at(1);
    vec![
        PeerStep::Send([&*reply.head(), first].concat()),
        PeerStep::Repeat(vec![b' '; CHUNK_SIZE], spaces / CHUNK_SIZE),
        PeerStep::Send([&*b" ".repeat(spaces % CHUNK_SIZE), rest].concat()),
    ]
}

/// Compresses a body with this many spaces, which JSON permits after its first byte.
fn gzip_bomb(body: &[u8], spaces: usize) -> Vec<u8> {
    let (first, rest) = body.split_at(1);
    let (chunk, mut encoder) =
        (vec![b' '; CHUNK_SIZE], GzEncoder::new(Vec::new(), Compression::fast()));
    encoder.write_all(first).unwrap();
    (0..spaces / CHUNK_SIZE).for_each(|_| encoder.write_all(&chunk).unwrap());
    encoder.write_all(rest).unwrap();
    encoder.finish().unwrap()
}

/// Gives the list, or the ID or login of each account, a wrong JSON type.
fn corrupt_field(field: &str, body: &[u8]) -> Vec<u8> {
    let mut json: Value = serde_json::from_slice(body).unwrap();
    if field == "list" {
        let wrong =
            if json.is_array() { serde_json::json!({ "followers": json }) } else { [json].into() };
        return wrong.to_string().into_bytes();
    }
    let accounts = match &mut json {
        Value::Array(accounts) => accounts.as_mut_slice(),
        profile => std::slice::from_mut(profile),
    };
    for account in accounts {
        let wrong = if field == "id" { account["id"].to_string().into() } else { Value::Null };
        account[field] = wrong;
    }
    json.to_string().into_bytes()
}
