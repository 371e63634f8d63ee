//! `threadline serve`: what the built-in server is to serve, how slowly and how badly.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::duration;
use crate::github::server::{DEFAULT_FOLLOWERS, MAX_FOLLOWERS};

#[derive(Args, Debug)]
pub(super) struct ServeArgs {
    /// Listen on this port of 127.0.0.1; 0 for any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
    /// How many followers the user has
    #[arg(
        long,
        value_name = "N",
        default_value_t = DEFAULT_FOLLOWERS,
        value_parser = clap::value_parser!(u32).range(0..=i64::from(MAX_FOLLOWERS))
    )]
    followers: u32,
    /// Take each page's delay from this file [default: the built-in one]
    #[arg(long, value_name = "FILE", conflicts_with = "latency")]
    latency_profile: Option<PathBuf>,
    /// Answer after this long instead (50ms, 1.5s, 200us)
    #[arg(long, value_name = "DURATION", value_parser = duration::parse)]
    latency: Option<Duration>,
    /// Vary --latency by up to this much, more or less
    #[arg(
        long,
        value_name = "DURATION",
        requires = "latency",
        conflicts_with = "latency_profile",
        value_parser = duration::parse
    )]
    jitter: Option<Duration>,
    /// Choose which pages are slow: equal seeds are equally slow
    #[arg(
        long,
        value_name = "N",
        requires = "latency",
        conflicts_with = "latency_profile",
        default_value_t = 0
    )]
    seed: u64,
    /// Work on N requests at once; the others wait for their turn [default: on all]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    at_once: Option<u16>,
    /// Play the faults in this file: limits, errors, broken connections and answers
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

/// What `threadline serve` was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeCommand {
    /// The port, or 0.
    pub port: u16,
    /// How many followers the user has.
    pub followers: u32,
    /// How slowly it answers.
    pub latency: LatencyArg,
    /// How many requests it works on at once; nothing for no bound.
    pub at_once: Option<NonZeroU16>,
    /// Where the faults are that it plays.
    pub faults: Option<PathBuf>,
}

/// How slowly the server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LatencyArg {
    /// As in the example.
    BuiltIn,
    /// As a file says.
    Profile(PathBuf),
    /// Every page alike, give or take.
    Uniform {
        /// How long.
        latency: Duration,
        /// How much more or less.
        jitter: Duration,
        /// Which pages get how much.
        seed: u64,
    },
}

impl From<ServeArgs> for ServeCommand {
    fn from(args: ServeArgs) -> Self {
        let latency = match (args.latency, args.latency_profile) {
            (Some(latency), _) => LatencyArg::Uniform {
                latency,
                jitter: args.jitter.unwrap_or_default(),
                seed: args.seed,
            },
            (None, Some(path)) => LatencyArg::Profile(path),
            (None, None) => LatencyArg::BuiltIn,
        };
        Self {
            port: args.port,
            followers: args.followers,
            latency,
            at_once: args.at_once.and_then(NonZeroU16::new),
            faults: args.faults,
        }
    }
}
