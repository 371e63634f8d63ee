//! Time-outs and retries.

use std::time::Duration;

use clap::Args;

use super::{duration, usage};
use crate::http::RetryPolicy;

/// The minimum time-out: no request completes in less.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);

#[derive(Args, Debug)]
#[command(next_help_heading = super::GITHUB_OPTIONS)]
pub(super) struct RetryArgs {
    /// Retry a request up to N times after a temporary error [default: 4]
    #[arg(long, value_name = "N", value_parser = usage::whole::<u32>(0..=20), allow_negative_numbers = true)]
    retries: Option<u32>,
    /// Maximum time of one request [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// Maximum wait for the end of a rate limit [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration::parse_with_unit)]
    max_wait: Option<Duration>,
    /// Start without asking, even if it costs requests of a rate limit or the quota is too small
    #[arg(long, hide_short_help = true)]
    pub(super) yes: bool,
}

impl From<RetryArgs> for RetryPolicy {
    fn from(args: RetryArgs) -> Self {
        let usual = Self::default();
        Self {
            retries: args.retries.unwrap_or(usual.retries),
            timeout: args.timeout.unwrap_or(usual.timeout),
            max_wait: args.max_wait.unwrap_or(usual.max_wait),
        }
    }
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    match duration::parse_with_unit(text) {
        Ok(timeout) if timeout < MIN_TIMEOUT => Err("use 1ms or more".to_owned()),
        Ok(timeout) => Ok(timeout),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::*;

    #[test]
    fn the_help_states_the_defaults() {
        let help = RetryArgs::augment_args(Command::new("x")).render_long_help().to_string();
        let RetryPolicy { retries, timeout, max_wait } = RetryPolicy::default();
        for text in [
            format!("[default: {retries}]"),
            format!("[default: {}s]", timeout.as_secs()),
            format!("[default: {}m]", max_wait.as_secs() / 60),
        ] {
            assert!(help.contains(&text), "{text} {help}");
        }
    }

    #[test]
    fn a_bare_number_is_no_time_to_wait_for() {
        for text in ["30", "0s", "0", "0.5us", "-1s", "x"] {
            assert!(parse_timeout(text).is_err(), "{text}");
        }
        assert_eq!(parse_timeout("1.5m"), Ok(Duration::from_secs(90)));
    }
}
