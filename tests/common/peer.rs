//! A misbehaving HTTP server on loopback: each test scripts what it sends, byte by byte.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::Builder;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

/// A step of the reaction to a request.
pub(crate) enum PeerStep {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes this many times, or until the client closes the connection.
    Repeat(Vec<u8>, usize),
    /// Sends these bytes one by one at this interval, until the client closes the connection.
    Drip(Vec<u8>, Duration),
    /// Waits until the test sends a message or drops the sender.
    Wait(Receiver<()>),
    /// Reports to the test that the steps before this one are done.
    Report(Sender<()>),
    /// Sends nothing more, and waits until the client closes the connection.
    Stall,
    /// Shuts down the server's side of the connection; it stays open for reading.
    Shutdown,
    /// Closes the connection with a FIN.
    Close,
    /// Closes the connection with a RST.
    Reset,
}

/// A request that the server has received.
#[derive(Clone, Debug)]
pub(crate) struct PeerRequest {
    /// The path and the query.
    pub(crate) target: String,
    /// The request line and the headers.
    pub(crate) head: String,
}

impl PeerRequest {
    /// Returns the value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find_map(|(key, value)| key.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Returns the number of the requested page, or 0 for any other target.
    pub(crate) fn page(&self) -> u32 {
        let (_, query) = self.target.split_once('?').unwrap_or_default();
        let page = query.split('&').find_map(|pair| pair.strip_prefix("page="));
        page.map_or(0, |page| page.parse().unwrap())
    }
}

type PeerScript = dyn Fn(&PeerRequest) -> Vec<PeerStep> + Send + Sync;

/// A running server. Its threads end with the test process.
pub(crate) struct Peer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<PeerRequest>>>,
    stopped: Arc<AtomicBool>,
}

impl Peer {
    /// Starts a server that reacts to each request with the steps from `script`.
    pub(crate) fn start(
        script: impl Fn(&PeerRequest) -> Vec<PeerStep> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (script, log): (Arc<PeerScript>, _) = (Arc::new(script), Arc::clone(&requests));
        let stopped = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stopped);
        let accept = move || {
            for stream in listener.incoming() {
                if is_stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (script, log) = (Arc::clone(&script), Arc::clone(&log));
                let stream = stream.unwrap();
                Builder::new().spawn(move || converse(stream, &*script, &log)).unwrap();
            }
        };
        Builder::new().spawn(accept).unwrap();
        Self { address, requests, stopped }
    }

    /// Starts a server that answers every request with these bytes.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self::start(move |_| vec![PeerStep::Send(bytes.clone())])
    }

    /// Closes the port; open connections stay.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts connections.
        _ = TcpStream::connect(self.address);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Returns all requests so far.
    pub(crate) fn requests(&self) -> Vec<PeerRequest> {
        self.requests.lock().unwrap().clone()
    }
}

/// Returns a complete response with its length; each of `headers` ends with CRLF.
pub(crate) fn response_bytes(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = head_bytes(status, headers, body.len());
    bytes.extend_from_slice(body);
    bytes
}

/// Returns the head of a response whose body has this length.
pub(crate) fn head_bytes(status: u16, headers: &str, length: usize) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{headers}\r\n").into_bytes()
}

fn converse(mut stream: TcpStream, script: &PeerScript, log: &Mutex<Vec<PeerRequest>>) {
    stream.set_nodelay(true).unwrap();
    while let Some((request, length)) = await_head(&stream) {
        log.lock().unwrap().push(request.clone());
        let steps = script(&request);
        // The system closes a socket that has unread bytes with a RST.
        let unread = usize::from(steps.iter().any(|step| matches!(step, PeerStep::Reset)));
        stream.read_exact(&mut vec![0; length - unread]).unwrap();
        for step in steps {
            let sent = match step {
                PeerStep::Send(bytes) => stream.write_all(&bytes),
                PeerStep::Repeat(bytes, times) => {
                    (0..times).try_for_each(|_| stream.write_all(&bytes))
                }
                PeerStep::Drip(bytes, every) => drip(&mut stream, &bytes, every),
                PeerStep::Wait(gate) => {
                    _ = gate.recv();
                    Ok(())
                }
                PeerStep::Report(sender) => {
                    _ = sender.send(());
                    Ok(())
                }
                PeerStep::Shutdown => stream.shutdown(Shutdown::Write),
                PeerStep::Stall => {
                    _ = stream.read(&mut [0]);
                    return;
                }
                PeerStep::Close | PeerStep::Reset => return,
            };
            if sent.is_err() {
                return;
            }
        }
    }
}

fn drip(stream: &mut TcpStream, bytes: &[u8], every: Duration) -> std::io::Result<()> {
    stream.set_read_timeout((!every.is_zero()).then_some(every))?;
    for byte in bytes {
        stream.write_all(&[*byte])?;
        // Ends early if the client closes the connection.
        if !every.is_zero() && stream.peek(&mut [0]).is_ok_and(|length| length == 0) {
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
    }
    stream.set_read_timeout(None)
}

/// Returns the next request and its length, without reading it, or `None` once the client has
/// closed the connection.
fn await_head(stream: &TcpStream) -> Option<(PeerRequest, usize)> {
    let mut bytes = vec![0; 16_384];
    loop {
        let length = stream.peek(&mut bytes).ok().filter(|&length| length > 0)?;
        let head = std::str::from_utf8(bytes.get(..length)?).ok()?;
        if let Some((head, _)) = head.split_once("\r\n\r\n") {
            let target = head.split(' ').nth(1)?.to_owned();
            return Some((PeerRequest { target, head: head.to_owned() }, head.len() + 4));
        }
    }
}
