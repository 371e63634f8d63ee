//! The built-in server: GitHub's REST API for one user's followers, on loopback and on a thread of
//! its own. It is the demo's data, `threadline serve`, and the tests' double.
//!
//! HTTP/1.1 is written by hand here, because a test double must be able to do what no web framework
//! lets it do: break off in the middle of a body, drip, lie about lengths. connection.rs goes round:
//!
//! ```text
//! head.rs: bytes -> Request -> api.rs: what to say -> reply.rs: when -> wire.rs: on the socket
//!                                |- answer.rs: GitHub's words
//!                                |- accounts.rs, list.rs: who follows
//!                                |- paging.rs: which of them
//!                                |- limits.rs, quota.rs: how much is left, and who is refused
//!                                |- latency.rs: how slowly
//!                                `- faults.rs: what goes wrong
//! ```

mod accounts;
mod api_handler;
mod connection;
mod faults;
mod follower_list;
mod http_request;
mod latency;
mod pagination;
mod quota_window;
mod response_draft;
mod server_limits;
mod timed_response;
mod wire_step;

use std::fs::File;
use std::io::{self, Read as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::Path;
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
pub use quota_window::HOURLY_LIMIT;

use api_handler::ApiHandler;
use connection::ServerContext;

/// Whose followers the server has when nobody says otherwise.
pub const DEFAULT_USER: &str = "aaronlelevier";

/// How many followers it has when nobody says otherwise: 5 pages of 30.
pub const DEFAULT_FOLLOWERS: u32 = 127;

/// Connections that may wait to be accepted: as many as there may be workers.
const BACKLOG: u32 = 1_024;

/// No file that a server reads is larger: what goes on beyond is cut, and then cannot be read.
const MAX_FILE_SIZE: u64 = 1 << 20;

/// What a server is to serve, and how slowly and how badly.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The only user it knows: 1 to 39 ASCII letters, digits, `-` and `_`.
    pub user: String,
    /// How many followers the user has, up to [`MAX_FOLLOWERS`].
    pub followers: u32,
    /// How long its answers take.
    pub latency: Latency,
    /// What goes wrong; nothing by default.
    pub faults: FaultScript,
    /// How many requests it works on at once, of all connections together: the others wait for their
    /// turn, in the order in which they came. Nothing for no bound.
    pub at_once: Option<NonZeroU16>,
    /// The TCP port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// Asks what time it is: seconds since 1970, for the quota's windows and the `Date` header.
    pub wall_clock: fn() -> u64,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port is another program's.
    #[error("port {port} of 127.0.0.1 is in use; choose another, or 0 for any that is free")]
    PortInUse {
        /// Which port.
        port: u16,
    },
    /// The port cannot be had for another reason.
    #[error(
        "cannot listen on port {port} of 127.0.0.1; ports below 1024 may need administrator rights"
    )]
    Listen {
        /// Which port.
        port: u16,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no thread, or no means to wait for sockets.
    #[error("cannot start the built-in server's thread; too many files or threads may be open")]
    Thread {
        /// What the system said.
        source: io::Error,
    },
    /// Not a login that GitHub would give.
    #[error("{user:?} is not a valid GitHub username; use 1 to 39 letters, digits and hyphens")]
    User {
        /// What was asked for.
        user: String,
    },
    /// More followers than can be invented.
    #[error("{followers} followers are too many; the built-in server has at most 1000000")]
    TooManyFollowers {
        /// What was asked for.
        followers: u32,
    },
}

/// A running server. Dropping it stops its thread at once: open connections are cut, and replies
/// that still wait for their moment are never sent.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<ServerContext>,
    /// Dropped to stop the thread; nothing is ever sent.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server: from here on its port accepts connections.
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

    /// Where it listens: 127.0.0.1 and the port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The API's address, as `--api-url` takes it: no slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was asked so far.
    pub fn request_counts(&self) -> RequestCounts {
        self.shared.request_counts()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It ends by itself or by a panic that was already reported; neither is news here.
            let _ = thread.join();
        }
    }
}

/// The text of a file.
fn read_text_file(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(MAX_FILE_SIZE).read_to_string(&mut text)?;
    Ok(text)
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

/// Opens the port. Needs to be called inside a runtime.
fn bind_listener(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // A port whose last connections still linger in TIME_WAIT can be had again at once. (On
    // Windows the option would let two programs share the port.)
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    let listener = socket.listen(BACKLOG)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

/// Gives each connection a task of its own, for ever.
async fn accept_connections(listener: TcpListener, shared: Arc<ServerContext>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { shared.serve_connection(stream).await });
            }
            // The client gave up already, or this process has no file left: some connection must
            // end before the next can begin, and asking again at once would only burn CPU.
            Err(_) => time::sleep(Duration::from_millis(20)).await,
        }
    }
}
