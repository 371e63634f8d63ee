//! The built-in server: GitHub's REST API for one user's followers, on loopback and on a thread of
//! its own. It serves the demo, `threadline serve` and the tests.
//!
//! HTTP/1.1 is implemented by hand, because a test double must do what no web framework permits:
//! close a connection in the middle of a body, or send what is not HTTP. For each request,
//! `connection` calls the other modules:
//!
//! ```text
//! http_request: bytes -> HttpRequest
//!   -> api_handler: TimedResponse
//!   |    |- accounts, follower_list: the followers and their pages
//!   |    |- server_limits: the rate limits
//!   |    |- latency: the delays
//!   |    `- faults: the faults
//!   -> response: WireSteps, and bytes on the socket
//! ```

mod accounts;
mod api_handler;
mod connection;
mod faults;
mod follower_list;
mod http_request;
mod latency;
mod response;
mod server_limits;

use std::error::Error;
use std::fs::File;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;
use tokio::{runtime, time};

pub use accounts::MAX_FOLLOWERS;
pub use connection::RequestCounts;
pub use faults::{
    FAULT_DESCRIPTIONS, FaultDescription, FaultRuleError, FaultScript, FaultScriptError,
};
pub use latency::{Latency, LatencyProfile, LatencyProfileError};
pub use server_limits::HOURLY_LIMIT;

use api_handler::ApiHandler;
use connection::ServerContext;

/// The default user.
pub const DEFAULT_USER: &str = "aaronlelevier";

/// The default number of followers: 5 pages of 30.
pub const DEFAULT_FOLLOWERS: u32 = 127;

/// The maximum number of connections that wait to be accepted: at least the maximum number of
/// workers.
const BACKLOG: u32 = 1_024;

/// The maximum size of a file that a server reads. The text of a longer file is truncated, and then
/// fails to parse.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// The settings of a server.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The only user that exists: 1 to 39 ASCII letters, digits, `-` and `_`.
    pub user: String,
    /// The number of the user's followers, at most [`MAX_FOLLOWERS`].
    pub followers: u32,
    /// The latency of responses.
    pub latency: Latency,
    /// The faults; none by default.
    pub faults: FaultScript,
    /// The maximum number of requests in service at once, over all connections; further ones queue
    /// in order of arrival. `None` for no limit.
    pub at_once: Option<NonZeroU16>,
    /// The TCP port on 127.0.0.1; 0 for any free port.
    pub port: u16,
    /// Returns the current time in seconds since 1970, for quota windows and the `Date` header.
    pub wall_clock: fn() -> u64,
}

/// The reason why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// Another program uses the port.
    #[error("port {port} of 127.0.0.1 is in use; choose another, or 0 for any that is free")]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port cannot be opened for another reason.
    #[error(
        "cannot listen on port {port} of 127.0.0.1; ports below 1024 may need administrator rights"
    )]
    Listen {
        /// The port.
        port: u16,
        /// The system's error.
        source: io::Error,
    },
    /// The thread or its runtime could not be created.
    #[error("cannot start the built-in server's thread; too many files or threads may be open")]
    Thread {
        /// The system's error.
        source: io::Error,
    },
    /// The login is not one that GitHub would permit.
    #[error("{user:?} is not a valid GitHub username; use 1 to 39 letters, digits and hyphens")]
    User {
        /// The login.
        user: String,
    },
    /// The number of followers exceeds [`MAX_FOLLOWERS`].
    #[error("{followers} followers are too many; the built-in server has at most 1000000")]
    TooManyFollowers {
        /// The number of followers.
        followers: u32,
    },
}

/// The reason why a file that changes the answers of a server cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServerFileError {
    /// The file cannot be read.
    #[error("cannot read the {kind} {}", path.display())]
    Read {
        /// `latency profile` or `fault script`.
        kind: &'static str,
        /// The path of the file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The text of the file is invalid.
    #[error("cannot use the {kind} {}", path.display())]
    Use {
        /// `latency profile` or `fault script`.
        kind: &'static str,
        /// The path of the file.
        path: PathBuf,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// A running server. Dropping it stops its thread at once: open connections are closed, and delayed
/// responses are never sent.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<ServerContext>,
    /// Dropped to stop the thread; nothing is ever sent.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server. When this returns, its port accepts connections.
    pub fn start(settings: ServerSettings) -> Result<Self, ServerError> {
        validate_settings(&settings)?;
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| ServerError::Thread { source })?;
        let port = settings.port;
        let (listener, address) = {
            let _inside = runtime.enter();
            bind_listener(port).map_err(|source| match source.kind() {
                io::ErrorKind::AddrInUse => ServerError::PortInUse { port },
                _ => ServerError::Listen { port, source },
            })?
        };
        let at_once = settings.at_once;
        let shared = Arc::new(ServerContext::new(ApiHandler::new(settings, address), at_once));
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new()
            .name("server".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || {
                    runtime.block_on(async {
                        tokio::select! {
                            () = accept_connections(listener, shared) => {}
                            _ = stopped => {}
                        }
                    });
                }
            })
            .map_err(|source| ServerError::Thread { source })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// The address that the server listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The API's address for `--api-url`, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the request counts so far.
    pub fn request_counts(&self) -> RequestCounts {
        self.shared.request_counts()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // An error means that the thread panicked, which has already been reported.
            let _ = thread.join();
        }
    }
}

/// Reads a file that changes the answers of a server.
fn read_file<T, E: Error + Send + Sync + 'static>(
    kind: &'static str,
    path: &Path,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<T, ServerFileError> {
    let path = path.to_owned();
    let mut text = String::new();
    let file = File::open(&path);
    if let Err(source) = file.and_then(|file| file.take(MAX_FILE_SIZE).read_to_string(&mut text)) {
        return Err(ServerFileError::Read { kind, path, source });
    }
    parse(&text).map_err(|error| ServerFileError::Use { kind, path, source: Box::new(error) })
}

fn validate_settings(settings: &ServerSettings) -> Result<(), ServerError> {
    let user = &settings.user;
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if !(1..=39).contains(&user.len()) || !user.bytes().all(allowed) {
        return Err(ServerError::User { user: user.clone() });
    }
    if settings.followers > MAX_FOLLOWERS {
        return Err(ServerError::TooManyFollowers { followers: settings.followers });
    }
    Ok(())
}

/// Opens the port. Must be called inside a runtime.
fn bind_listener(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // Permits binding a port whose previous connections are still in TIME_WAIT. (On Windows, the
    // option would let two programs share the port.)
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Accepts connections forever and spawns a task for each.
async fn accept_connections(listener: TcpListener, shared: Arc<ServerContext>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { shared.serve_connection(stream).await });
            }
            // The client has already given up, or this process has no file descriptor left. In the
            // latter case another connection must end first, and retrying at once would only burn
            // CPU.
            Err(_) => time::sleep(Duration::from_millis(20)).await,
        }
    }
}
