//! `threadline serve`: the built-in server alone, until a signal ends it.

use std::io::Write;

use thiserror::Error;

use crate::cli::{LatencyArg, ServeCommand};
use crate::server::{
    DEFAULT_FOLLOWERS, DEFAULT_USER, FaultScript, FaultScriptError, Latency, LatencyProfile,
    LatencyProfileError, Server, ServerError, ServerSettings,
};
use crate::source::clock::wall_clock;
use crate::terminal::signals::Signals;

/// An error that prevents the server from starting.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The latency profile cannot be used.
    #[error(transparent)]
    Profile(#[from] LatencyProfileError),
    /// The fault script cannot be used.
    #[error(transparent)]
    Faults(#[from] FaultScriptError),
    /// The server did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The address could not be printed, or the signal handlers not be installed.
    #[error("cannot run the server")]
    System(#[from] std::io::Error),
}

/// Prints the server's address and runs it until SIGINT, SIGTERM or SIGHUP, which is the normal way
/// to end it.
pub fn run_server(serve: &ServeCommand, out: &mut dyn Write) -> Result<(), ServeError> {
    let signals = Signals::for_termination()?;
    let server = Server::start(server_settings(serve)?)?;
    let url = server.url();
    writeln!(out, "{url}\ncurl '{url}/users/{DEFAULT_USER}/followers'")?;
    out.flush()?;
    // The channel is never closed while the program runs.
    _ = signals.receiver().recv();
    Ok(())
}

/// Starts the server for the example, which is used if no USERNAME is given.
pub fn start_example() -> Result<Server, ServerError> {
    Server::start(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: DEFAULT_FOLLOWERS,
        latency: Latency::Profile(LatencyProfile::built_in()),
        faults: FaultScript::default(),
        at_once: None,
        port: 0,
        wall_clock,
    })
}

fn server_settings(serve: &ServeCommand) -> Result<ServerSettings, ServeError> {
    let latency = match &serve.latency {
        LatencyArg::BuiltIn => Latency::Profile(LatencyProfile::built_in()),
        LatencyArg::Profile(path) => Latency::Profile(LatencyProfile::read(path)?),
        &LatencyArg::Uniform { latency, jitter, seed } => {
            Latency::Uniform { latency, jitter, seed }
        }
    };
    let faults = serve.faults.as_deref().map(FaultScript::read).transpose()?;
    Ok(ServerSettings {
        user: DEFAULT_USER.to_owned(),
        followers: serve.followers,
        latency,
        faults: faults.unwrap_or_default(),
        at_once: serve.at_once,
        port: serve.port,
        wall_clock,
    })
}
