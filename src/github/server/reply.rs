//! A reply: as data, and onto the socket. It says what it is told, at the moments it is told; all
//! deciding, lengths and lies included, is done before.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{self, Instant};

use super::latency::Timing;

/// In how many parts a body comes that takes its time.
const PARTS: usize = 8;

/// How long a client may take to make room for the next part.
const STALLED: Duration = Duration::from_secs(60);

/// What is to be sent, and when.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    /// The HTTP status code.
    pub(super) status: u16,
    /// Every header, in order; nothing is added, not even a length.
    pub(super) headers: Vec<(&'static str, String)>,
    /// The bytes after the head.
    pub(super) body: Vec<u8>,
    /// When they leave, counted from the request's arrival.
    pub(super) timing: Timing,
    /// Whether the connection ends here.
    pub(super) close: bool,
}

impl Reply {
    /// Sends it. The moments are counted from `arrived`, each by itself, so that a late timer delays
    /// one part and not all that follow.
    pub(super) async fn send(&self, stream: &mut TcpStream, arrived: Instant) -> io::Result<()> {
        let Timing { wait, receive } = self.timing;
        let begin = arrived + wait;
        let parts = if receive.is_zero() { 1 } else { PARTS };
        let size = self.body.len().div_ceil(parts).max(1);
        let steps = self.body.len().div_ceil(size).saturating_sub(1).max(1) as u32;

        let mut parts = self.body.chunks(size);
        let mut first = self.head().into_bytes();
        first.extend_from_slice(parts.next().unwrap_or_default());
        until(stream, begin).await?;
        write(stream, &first).await?;
        for (part, step) in parts.zip(1..) {
            until(stream, begin + receive * step / steps).await?;
            write(stream, part).await?;
        }
        Ok(())
    }

    fn head(&self) -> String {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status));
        for (name, value) in &self.headers {
            // Writing to a string cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        head
    }
}

/// Waits for the moment, or fails as soon as the client has closed its side: a request that was
/// given up counts no longer as in flight, and its delay is not sat out.
async fn until(stream: &TcpStream, moment: Instant) -> io::Result<()> {
    // A timer has whole milliseconds: one for a moment that is already past would still take one.
    if moment <= Instant::now() {
        return Ok(());
    }
    tokio::select! {
        () = time::sleep_until(moment) => Ok(()),
        () = closed(stream) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Until the client has closed. A client that sends its next request early may stay.
async fn closed(stream: &TcpStream) {
    if stream.peek(&mut [0]).await.is_ok_and(|length| length > 0) {
        std::future::pending::<()>().await;
    }
}

async fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    time::timeout(STALLED, stream.write_all(bytes)).await?
}

/// The words after a status code. No client reads them.
const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        431 => "Request Header Fields Too Large",
        _ => "",
    }
}
