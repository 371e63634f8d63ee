//! Starts the built-in server with given delays and faults.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::time::Duration;

use threadline::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};

/// No delay.
pub(crate) const NO_LATENCY: Latency =
    Latency::Uniform { latency: Duration::ZERO, jitter: Duration::ZERO, seed: 0 };

/// Starts a server without delay and with these faults: JSON, the elements of an array.
pub(crate) fn faulty(followers: u32, faults: &str) -> Server {
    faulty_with_latency(followers, NO_LATENCY, faults)
}

/// Starts a server with this latency and these faults.
pub(crate) fn faulty_with_latency(followers: u32, latency: Latency, faults: &str) -> Server {
    let faults = FaultScript::parse(&format!(r#"{{"faults":[{faults}]}}"#)).unwrap();
    let (user, wall_clock) = (DEFAULT_USER.to_owned(), || 1_700_000_000);
    let settings =
        ServerSettings { user, followers, latency, faults, at_once: None, port: 0, wall_clock };
    Server::start(settings).unwrap()
}
