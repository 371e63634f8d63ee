//! The steps that send a response. Whatever a server does to a client, correct or not, is a list of
//! these.

use std::io;
use std::ops::ControlFlow;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{self, Instant};

/// The time limit for a client to accept more bytes.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// An action on a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum WireStep {
    /// Waits until this time after the start of service.
    Until(Duration),
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends nothing more until the client disconnects.
    Stall,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
}

/// Executes the steps for a request whose service began at `service_start`. Returns whether the
/// connection stays open. Fails as soon as the client has disconnected, so that an abandoned request
/// no longer counts as in flight and its delay is cut short.
pub(super) async fn play_steps(
    steps: &[WireStep],
    stream: &mut TcpStream,
    service_start: Instant,
) -> io::Result<ControlFlow<()>> {
    for step in steps {
        match step {
            WireStep::Until(wait) => wait_until(stream, service_start + *wait).await?,
            WireStep::Send(bytes) => write_bytes(stream, bytes).await?,
            WireStep::Stall => {
                while stream.read(&mut [0; 512]).await? > 0 {}
                return Ok(ControlFlow::Break(()));
            }
            WireStep::Close => return Ok(ControlFlow::Break(())),
            WireStep::Reset => {
                // With zero linger, closing the socket discards unsent bytes and sends RST instead
                // of FIN.
                stream.set_zero_linger()?;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// Waits until the given time. Fails if the client disconnects.
async fn wait_until(stream: &TcpStream, moment: Instant) -> io::Result<()> {
    // Timers have millisecond resolution: a time in the past would still cost one.
    if moment <= Instant::now() {
        return Ok(());
    }
    tokio::select! {
        () = time::sleep_until(moment) => Ok(()),
        () = wait_for_close(stream) => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Waits until the client has disconnected. A client that sends its next request early does not
/// count.
pub(super) async fn wait_for_close(stream: &TcpStream) {
    if stream.peek(&mut [0]).await.is_ok_and(|length| length > 0) {
        std::future::pending::<()>().await;
    }
}

async fn write_bytes(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    time::timeout(WRITE_TIMEOUT, stream.write_all(bytes)).await?
}
