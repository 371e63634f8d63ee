//! The API and its user: the address, the token and the proxies, time-outs and retries.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::list_options::ListOptions;
use super::values::{parse_with_unit, validate_username, whole};
use super::{Environment, UsageError, find_variable, into_lossy_string};
use crate::github::api::{Api, GITHUB, Token};
use crate::http::{ProxySettings, RetryPolicy};

/// The minimum time-out: no request completes in less.
const MIN_TIMEOUT: Duration = Duration::from_millis(1);

#[derive(Args, Debug)]
#[command(next_help_heading = super::GITHUB_OPTIONS)]
pub(super) struct RetryArgs {
    /// Retry a request up to N times after a temporary error [default: 4]
    #[arg(long, value_name = "N", value_parser = whole::<u32>(0..=20), allow_negative_numbers = true)]
    retries: Option<u32>,
    /// Maximum time of one request [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout)]
    timeout: Option<Duration>,
    /// Maximum wait for the end of a rate limit [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = parse_with_unit)]
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
    match parse_with_unit(text) {
        Ok(timeout) if timeout < MIN_TIMEOUT => Err("use 1ms or more".to_owned()),
        Ok(timeout) => Ok(timeout),
        Err(error) => Err(error.to_string()),
    }
}

/// The source of the pages.
#[derive(Debug)]
pub enum ApiSource {
    /// The built-in server, which knows one user.
    BuiltIn,
    /// A real API.
    Api {
        /// The user.
        user: String,
        /// The API and its token.
        api: Arc<Api>,
    },
    /// A list of any API.
    List(Box<ListOptions>),
}

impl ApiSource {
    /// Returns the source for the positional USERNAME, `--username` and `--api-url`.
    pub(super) fn resolve(
        user: Option<&str>,
        user_option: Option<&str>,
        api_url: Option<&str>,
        environment: Environment<'_>,
    ) -> Result<Self, UsageError> {
        let user = match (user, user_option) {
            (Some(one), Some(other)) if one != other => return Err(UsageError::TwoUsers),
            (Some(user), _) | (None, Some(user)) => validate_username(user)?.to_owned(),
            (None, None) if api_url.is_some() => return Err(UsageError::ApiWithoutUser),
            (None, None) => return Ok(Self::BuiltIn),
        };
        let base = find_variable(environment, "GITHUB_API_URL").map(into_lossy_string);
        let base = api_url.or(base.as_deref()).unwrap_or(GITHUB);
        let api = Api::new(base, token(environment)?)?.with_proxy(&proxies(environment))?;
        Ok(Self::Api { user, api: Arc::new(api) })
    }
}

/// Returns the token from the variables that GitHub's own tools use. [`Token::new`] refuses values that
/// cannot be a token, including text that is not Unicode.
pub(super) fn token(environment: Environment<'_>) -> Result<Option<Token>, UsageError> {
    let variables = ["GH_TOKEN", "GITHUB_TOKEN"];
    let found = variables
        .into_iter()
        .find_map(|name| Some((name, into_lossy_string(find_variable(environment, name)?))));
    Ok(found.map(|(name, secret)| Token::new(name, &secret)).transpose()?)
}

/// Returns the proxies from the environment.
pub(super) fn proxies(environment: Environment<'_>) -> ProxySettings {
    ProxySettings::read(|name| find_variable(environment, name).map(into_lossy_string))
}
