//! The environment variables that the command line reads.

use std::ffi::OsString;

use super::UsageError;
use crate::github::{ProxySettings, Token};

/// The environment: a variable's value, if it is set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The token, from where GitHub's own tools take it. Anything that no token is made of, text that is
/// not Unicode included, is refused by [`Token::new`].
pub(super) fn token(environment: Environment<'_>) -> Result<Option<Token>, UsageError> {
    let variables = ["GH_TOKEN", "GITHUB_TOKEN"];
    let found = variables
        .into_iter()
        .find_map(|name| Some((name, into_lossy_string(find_variable(environment, name)?))));
    Ok(found.map(|(name, secret)| Token::new(name, &secret)).transpose()?)
}

/// The proxies that the environment names.
pub(super) fn proxies(environment: Environment<'_>) -> ProxySettings {
    ProxySettings::read(|name| find_variable(environment, name).map(into_lossy_string))
}

/// A variable that is set, and not to nothing.
pub(super) fn find_variable(environment: Environment<'_>, name: &str) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}

/// Returns a value as text, with replacement characters for what is not Unicode.
pub(super) fn into_lossy_string(value: OsString) -> String {
    value.into_string().unwrap_or_else(|value| value.to_string_lossy().into_owned())
}
