//! The socket's side of a reply: steps, played one after another. Whatever a server can do to a
//! client, good or bad, is a list of these.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{self, Instant};

/// How long a client may take to make room for more.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes that repeat are sent in pieces of about this size.
const CHUNK_SIZE: usize = 64 * 1_024;

/// One thing that is done to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireStep {
    /// Waits until so long after the request was begun.
    Until(Duration),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends these bytes so many times.
    Repeat(Vec<u8>, u64),
    /// Sends these bytes one by one, each so long after the one before.
    Drip(Vec<u8>, Duration),
    /// Says nothing more until the client goes.
    Stall,
    /// Ends the connection in order.
    Close,
    /// Breaks the connection off.
    Reset,
}

/// Plays the steps for a request that was begun then, and says whether the connection goes on. Fails as
/// soon as the client has closed its side: a request that was given up counts no longer as in
/// flight, and its delay is not sat out.
pub(super) async fn play_steps(
    steps: &[WireStep],
    stream: &mut TcpStream,
    begun: Instant,
) -> io::Result<ControlFlow<()>> {
    for step in steps {
        match step {
            WireStep::Until(wait) => wait_until(stream, begun + *wait).await?,
            WireStep::Send(bytes) => write_bytes(stream, bytes).await?,
            WireStep::Repeat(bytes, times) => write_repeated(stream, bytes, *times).await?,
            WireStep::Drip(bytes, every) => write_slowly(stream, bytes, *every).await?,
            WireStep::Stall => {
                while stream.read(&mut [0; 512]).await? > 0 {}
                return Ok(ControlFlow::Break(()));
            }
            WireStep::Close => return Ok(ControlFlow::Break(())),
            WireStep::Reset => {
                // Closed so, a socket drops what it has not sent and says RST instead of FIN.
                stream.set_zero_linger()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

async fn write_repeated(stream: &mut TcpStream, bytes: &[u8], times: u64) -> io::Result<()> {
    let at_once = (CHUNK_SIZE / bytes.len().max(1)).max(1) as u64;
    let piece = bytes.repeat(at_once.min(times) as usize);
    for _ in 0..times / at_once {
        write_bytes(stream, &piece).await?;
    }
    let rest = bytes.len() * (times % at_once) as usize;
    write_bytes(stream, piece.get(..rest).unwrap_or_default()).await
}

async fn write_slowly(stream: &mut TcpStream, bytes: &[u8], every: Duration) -> io::Result<()> {
    for byte in bytes {
        write_bytes(stream, std::slice::from_ref(byte)).await?;
        wait_until(stream, Instant::now() + every).await?;
    }
    Ok(())
}

/// Waits for the moment, or fails when the client closes.
async fn wait_until(stream: &TcpStream, moment: Instant) -> io::Result<()> {
    // A timer has whole milliseconds: one for a moment that is already past would still take one.
    if moment <= Instant::now() {
        return Ok(());
    }
    tokio::select! {
        () = time::sleep_until(moment) => Ok(()),
        () = wait_for_close(stream) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Until the client has closed. A client that sends its next request early may stay.
pub(super) async fn wait_for_close(stream: &TcpStream) {
    if stream.peek(&mut [0]).await.is_ok_and(|length| length > 0) {
        std::future::pending::<()>().await;
    }
}

async fn write_bytes(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    time::timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await?
}
