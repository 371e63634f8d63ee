//! The environment that the command line is read in: variables, and the streams that are terminals.

use std::ffi::OsString;

use super::UsageError;
use crate::github::Token;
use crate::http::ProxySettings;

/// Returns the value of an environment variable if it is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The standard streams that are terminals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terminals {
    /// Keys can be read.
    pub stdin: bool,
    /// The screen can be drawn.
    pub stdout: bool,
    /// Progress can be drawn.
    pub stderr: bool,
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

/// Returns a variable that is set and not empty.
pub(super) fn find_variable(environment: Environment<'_>, name: &str) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}

/// Returns a value as text, with replacement characters where it is not Unicode.
pub(super) fn into_lossy_string(value: OsString) -> String {
    value.into_string().unwrap_or_else(|value| value.to_string_lossy().into_owned())
}
