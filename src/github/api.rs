//! The address, token, proxy and TLS configuration of an API: checked once, shared by the clients
//! of all workers.

use std::fmt;

use reqwest::header::HeaderValue;
use thiserror::Error;
use url::Url;

use crate::http::transport::{Proxy, Transport, host_name, is_local};
use crate::http::{ProxyError, ProxySettings, Redactor};
use crate::model::printable::printable;

/// GitHub's own API.
pub const GITHUB: &str = "https://api.github.com";

/// The authentication scheme of the token: RFC 6750, section 2.1.
const AUTH_SCHEME: &str = "Bearer ";

/// A server that speaks GitHub's REST API.
#[derive(Debug)]
pub struct Api {
    base: Url,
    token: Option<Token>,
    transport: Transport,
}

/// An access token. It can be sent, but not printed.
#[derive(Clone)]
pub struct Token {
    variable: &'static str,
    header: HeaderValue,
}

/// An error that prevents a server or a token from being used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiError {
    /// The base is not a web address.
    #[error(
        "\"{0}\" is not an API address; write it as https://HOST or, for GitHub Enterprise \
         Server, https://HOST/api/v3"
    )]
    InvalidUrl(String),
    /// The base contains parts that an API address must not have.
    #[error(
        "the API address must not contain a user, a password, a query or a fragment; the token is \
         read from GH_TOKEN or GITHUB_TOKEN"
    )]
    UnexpectedUrlPart,
    /// The token contains characters that a header must not have.
    #[error(
        "the token in {0} contains a line break, a space or an invalid character; copy it \
         again"
    )]
    MalformedToken(&'static str),
    /// The token would be sent unencrypted.
    #[error(
        "the token in {variable} is not sent to {host} over plain http; use https, or unset \
         {variable}"
    )]
    TokenOverPlainHttp {
        /// The environment variable that contains the token.
        variable: &'static str,
        /// The host that would receive it.
        host: String,
    },
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl Token {
    /// Creates a token from the value of an environment variable.
    pub fn new(variable: &'static str, secret: &str) -> Result<Self, ApiError> {
        let malformed = || ApiError::MalformedToken(variable);
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(malformed());
        }
        let mut header = HeaderValue::try_from(format!("{AUTH_SCHEME}{secret}"))
            .map_err(|_its_text_is_secret| malformed())?;
        header.set_sensitive(true);
        Ok(Self { variable, header })
    }

    /// The environment variable that contained the token.
    pub const fn variable(&self) -> &'static str {
        self.variable
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// Returns the text with the token replaced by the name of its variable.
    pub(crate) fn redact_in(&self, text: &str) -> String {
        let secret = self.header.to_str().ok().and_then(|header| header.strip_prefix(AUTH_SCHEME));
        let replacement = format!("[{}]", self.variable);
        Redactor::for_credential(secret.unwrap_or_default(), &replacement).redact_own(text)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token from {}", self.variable)
    }
}

impl Api {
    /// Creates the API at `base`, for example `https://api.github.com` or `https://HOST/api/v3`.
    pub fn new(base: &str, token: Option<Token>) -> Result<Self, ApiError> {
        let unreadable = || ApiError::InvalidUrl(printable(base));
        let mut base = Url::parse(base).map_err(|_unreadable| unreadable())?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(unreadable());
        }
        let extras = [base.password(), base.query(), base.fragment()];
        if !base.username().is_empty() || extras.iter().any(Option::is_some) {
            return Err(ApiError::UnexpectedUrlPart);
        }
        // Url::join drops everything after the last slash.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let transport = Transport::new(base.scheme() == "https", None);
        let api = Self { base, token, transport };
        if let Some(token) = &api.token
            && !api.uses_tls()
            && !api.is_local()
        {
            return Err(ApiError::TokenOverPlainHttp {
                variable: token.variable,
                host: api.host(),
            });
        }
        Ok(api)
    }

    /// Sets the proxy that `settings` name for this API, if any. A local API is never proxied.
    pub fn with_proxy(mut self, settings: &ProxySettings) -> Result<Self, ApiError> {
        let proxy = if self.is_local() { None } else { settings.proxy_for(&self.base)? };
        self.transport = Transport::new(self.uses_tls(), proxy);
        Ok(self)
    }

    /// The host, with the port unless it is the default. Messages use it as the API's name.
    pub fn host(&self) -> String {
        host_name(&self.base)
    }

    /// Returns `true` if the API runs on this machine, so that requests cost no quota.
    pub fn is_local(&self) -> bool {
        is_local(&self.base)
    }

    fn uses_tls(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The base address, which ends with a slash.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// The token that requests carry, if any.
    pub const fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Returns a text of this program, such as the message of a panic, without the token.
    pub fn redact(&self, text: &str) -> String {
        self.token().map_or_else(|| text.to_owned(), |token| token.redact_in(text))
    }

    /// The proxy and the TLS configuration.
    pub(crate) const fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(super) const fn proxy(&self) -> Option<&Proxy> {
        self.transport.proxy()
    }
}
