//! The built-in server as a test wants it: whose delays are its own, and which goes wrong on demand.
#![expect(
    clippy::unwrap_used,
    reason = "helpers outside of test functions fail a test by panicking, too"
)]

use std::time::Duration;

use threadline::github::server::{DEFAULT_USER, FaultScript, Latency, Server, ServerSettings};

/// No delay at all.
pub(crate) const AT_ONCE: Latency =
    Latency::Uniform { latency: Duration::ZERO, jitter: Duration::ZERO, seed: 0 };

/// A server that answers at once, as far as these faults let it: an array's elements, as JSON.
pub(crate) fn faulty(followers: u32, faults: &str) -> Server {
    late_and_faulty(followers, AT_ONCE, faults)
}

/// The same, but late.
pub(crate) fn late_and_faulty(followers: u32, latency: Latency, faults: &str) -> Server {
    let faults = FaultScript::parse(&format!(r#"{{"faults":[{faults}]}}"#)).unwrap();
    let (user, wall_clock) = (DEFAULT_USER.to_owned(), || 1_700_000_000);
    let settings =
        ServerSettings { user, followers, latency, faults, at_once: None, port: 0, wall_clock };
    Server::start(settings).unwrap()
}
