//! `threadline serve`: options of the built-in server.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::UsageError;
use super::values::{first_given, parse_duration, whole};
use crate::server::{DEFAULT_FOLLOWERS, MAX_FOLLOWERS};

#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// Port of 127.0.0.1; 0 is any free port
    #[arg(
        long,
        value_name = "PORT",
        default_value_t = 0,
        value_parser = whole::<u16>(0..=65_535),
        allow_negative_numbers = true
    )]
    port: u16,
    /// Number of followers of the user
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_FOLLOWERS,
        value_parser = whole::<u32>(0..=u64::from(MAX_FOLLOWERS)),
        allow_negative_numbers = true
    )]
    followers: u32,
    /// Read the delay of each page from FILE [default: the example's delays]
    #[arg(long, value_name = "FILE", conflicts_with = "latency")]
    latency_profile: Option<PathBuf>,
    /// Use the same delay for every page: 50ms, 1.5s, 200us
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    latency: Option<Duration>,
    /// Vary --latency by up to this much
    #[arg(
        long,
        value_name = "DURATION",
        conflicts_with = "latency_profile",
        value_parser = parse_duration
    )]
    jitter: Option<Duration>,
    /// Seed of the jitter [default: 0]
    #[arg(
        long,
        value_name = "N",
        conflicts_with = "latency_profile",
        value_parser = whole::<u64>(0..=u64::MAX),
        allow_negative_numbers = true
    )]
    seed: Option<u64>,
    /// Maximum number of requests at once; the others wait [default: no maximum]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole::<u16>(1..=65_535),
        allow_negative_numbers = true
    )]
    at_once: Option<u16>,
    /// Play the faults in FILE: limits, errors, broken connections and answers
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// The options of `threadline serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeCommand {
    /// The port; 0 is any free port.
    pub port: u16,
    /// The number of followers of the user.
    pub followers: u32,
    /// The latency of responses.
    pub latency: LatencyArg,
    /// The maximum number of concurrent requests, or `None` for no limit.
    pub at_once: Option<NonZeroU16>,
    /// The file of faults to play.
    pub faults: Option<PathBuf>,
}

/// The latency of the server's responses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LatencyArg {
    /// The example's latencies.
    BuiltIn,
    /// Latencies from a file.
    Profile(PathBuf),
    /// The same latency for every page, with jitter.
    Uniform {
        /// The mean latency.
        latency: Duration,
        /// The maximum deviation from the mean.
        jitter: Duration,
        /// The seed of the jitter.
        seed: u64,
    },
}

impl TryFrom<ServeArgs> for ServeCommand {
    type Error = UsageError;

    fn try_from(args: ServeArgs) -> Result<Self, UsageError> {
        let given =
            first_given([(args.jitter.is_some(), "--jitter"), (args.seed.is_some(), "--seed")]);
        if let Some(option) = given.filter(|_| args.latency.is_none()) {
            return Err(UsageError::Needs { option, needed: "--latency" });
        }
        let latency = match (args.latency, args.latency_profile) {
            (Some(latency), _) => LatencyArg::Uniform {
                latency,
                jitter: args.jitter.unwrap_or_default(),
                seed: args.seed.unwrap_or_default(),
            },
            (None, Some(path)) => LatencyArg::Profile(path),
            (None, None) => LatencyArg::BuiltIn,
        };
        Ok(Self {
            port: args.port,
            followers: args.followers,
            latency,
            at_once: args.at_once.and_then(NonZeroU16::new),
            faults: args.faults,
        })
    }
}
