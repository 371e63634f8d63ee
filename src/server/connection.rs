//! The lifecycle of a connection, and the request counts of all connections.

use std::io;
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{self, Instant};

use super::api_handler::ApiHandler;
use super::http_request::{self, READ_TIMEOUTS};
use super::response::{play_steps, wait_for_close};

/// The maximum time that a client may keep sending after the last response, so that it can still
/// read it.
const LINGER: Duration = Duration::from_secs(1);

/// The request counts of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestCounts {
    /// Connections opened.
    pub connections: u64,
    /// Requests received, malformed ones included.
    pub requests: u64,
    /// Requests in flight: received, not yet answered completely, and with the client still
    /// connected.
    pub in_flight: u64,
    /// The maximum number of requests that were in flight at once.
    pub max_in_flight: u64,
    /// Requests that arrived during a rate limit, more than a quarter of a second after it was
    /// announced. Earlier ones may already have been on their way.
    pub early: u64,
}

/// The state shared by the connections of a server.
#[derive(Debug)]
pub(super) struct ServerContext {
    api: ApiHandler,
    /// Permits for service, if the number of requests in service is limited.
    turns: Option<Semaphore>,
    connections: AtomicU64,
    requests: AtomicU64,
    in_flight: AtomicU64,
    max_in_flight: AtomicU64,
}

impl ServerContext {
    pub(super) fn new(api: ApiHandler, at_once: Option<NonZeroU16>) -> Self {
        Self {
            api,
            turns: at_once.map(|most| Semaphore::new(most.get().into())),
            connections: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            max_in_flight: AtomicU64::new(0),
        }
    }

    pub(super) fn request_counts(&self) -> RequestCounts {
        RequestCounts {
            connections: self.connections.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            max_in_flight: self.max_in_flight.load(Ordering::Relaxed),
            early: self.api.early_requests(),
        }
    }

    /// Answers the requests of a connection until either side closes it.
    pub(super) async fn serve_connection(&self, mut stream: TcpStream) {
        self.connections.fetch_add(1, Ordering::Relaxed);
        // An error means that the client has disconnected.
        if self.answer_requests(&mut stream).await.is_ok() {
            let _ = time::timeout(LINGER, drain_connection(&mut stream)).await;
        }
    }

    /// Alternates requests and responses. Returns `Ok` if the server ends the connection.
    async fn answer_requests(&self, stream: &mut TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut received = Vec::new();
        while let Some(asked) =
            http_request::read_request(stream, &mut received, READ_TIMEOUTS).await?
        {
            let arrived = Instant::now();
            let _in_flight = self.begin_request();
            let (service_start, _turn) = self.wait_for_turn(stream, arrived).await?;
            let (reply, fault) = self.api.respond(&asked, arrived);
            let steps = match fault {
                Some(fault) => fault.wire_steps(&reply),
                None => reply.wire_steps(),
            };
            if play_steps(&steps, stream, service_start).await?.is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Waits for a permit and returns the time when service begins. Fails if the client
    /// disconnects, which frees its place in the queue.
    async fn wait_for_turn(
        &self,
        stream: &TcpStream,
        arrived: Instant,
    ) -> io::Result<(Instant, Option<SemaphorePermit<'_>>)> {
        let Some(turns) = &self.turns else { return Ok((arrived, None)) };
        tokio::select! {
            // The latency counts from here, so queueing does not shorten it. The semaphore is never
            // closed.
            turn = turns.acquire() => Ok((Instant::now(), turn.ok())),
            () = wait_for_close(stream) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    fn begin_request(&self) -> InFlightGuard<'_> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.max_in_flight.fetch_max(now, Ordering::Relaxed);
        InFlightGuard(&self.in_flight)
    }
}

/// Counts a request as in flight until dropped.
struct InFlightGuard<'a>(&'a AtomicU64);

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Shuts down the sending side and reads what the client still sends. Closing with unread bytes
/// would reset the connection, and the client might lose a response that it has not read yet.
async fn drain_connection(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unread = [0; 4_096];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}
