//! `threadline serve`: the built-in server alone, until a signal ends it.

use std::io::Write;

use thiserror::Error;

use crate::cli::{LatencyArg, Serve};
use crate::engine::clock::wall_clock;
use crate::github::server::{
    DEFAULT_FOLLOWERS, DEFAULT_USER, Faults, FaultsError, Latency, LatencyProfile, ProfileError,
    Server, ServerError, Settings,
};
use crate::signals::Signals;

/// Why the server is not there.
#[derive(Debug, Error)]
pub enum ServeError {
    /// Its latency profile cannot be used.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Its faults cannot be played.
    #[error(transparent)]
    Faults(#[from] FaultsError),
    /// It did not start.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// Its address could not be said, or signals not be watched.
    #[error("cannot run the server")]
    System(#[from] std::io::Error),
}

/// Says where the server is, and runs it until SIGINT, SIGTERM or SIGHUP: for a server that is the
/// regular end.
pub fn run(serve: &Serve, out: &mut dyn Write) -> Result<(), ServeError> {
    let signals = Signals::that_end()?;
    let server = Server::start(settings(serve)?)?;
    let url = server.url();
    writeln!(out, "{url}\ncurl '{url}/users/{DEFAULT_USER}/followers'")?;
    out.flush()?;
    // The channel closes only with the program.
    _ = signals.received().recv();
    Ok(())
}

/// The server that answers where no USERNAME is given: the example.
pub fn example() -> Result<Server, ServerError> {
    Server::start(Settings {
        user: DEFAULT_USER.to_owned(),
        followers: DEFAULT_FOLLOWERS,
        latency: Latency::Profile(LatencyProfile::built_in()),
        faults: Faults::default(),
        at_once: None,
        port: 0,
        wall_clock,
    })
}

fn settings(serve: &Serve) -> Result<Settings, ServeError> {
    let latency = match &serve.latency {
        LatencyArg::BuiltIn => Latency::Profile(LatencyProfile::built_in()),
        LatencyArg::Profile(path) => Latency::Profile(LatencyProfile::read(path)?),
        &LatencyArg::Uniform { latency, jitter, seed } => {
            Latency::Uniform { latency, jitter, seed }
        }
    };
    let faults = serve.faults.as_deref().map(Faults::read).transpose()?;
    Ok(Settings {
        user: DEFAULT_USER.to_owned(),
        followers: serve.followers,
        latency,
        faults: faults.unwrap_or_default(),
        at_once: serve.at_once,
        port: serve.port,
        wall_clock,
    })
}
