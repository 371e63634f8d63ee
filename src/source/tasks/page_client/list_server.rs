//! The server of a list: its headers and secrets, the way to it, its name in messages, and its limits.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::github::{Api, ApiError, GithubLimits, Token};
use crate::http::general_limits::GeneralLimits;
use crate::http::origin::{OriginError, own_url};
use crate::http::peer::Peer;
use crate::http::transport::{Transport, host_name, is_local};
use crate::http::url_text::masked;
use crate::http::{
    LimitPolicy, ListRequest, ProxyError, ProxySettings, Redactor, RequestError, SecretUrl,
};
use crate::model::printable::printable;
use crate::model::{FailureKind, TaskId};

/// The server of a list.
#[derive(Debug)]
pub struct ListServer {
    pub(in crate::source) request: ListRequest,
    pub(super) connection: Connection,
}

/// The way to the server.
#[derive(Debug)]
pub(super) enum Connection {
    /// GitHub's API, with its token and its limits.
    Github(Arc<Api>),
    /// Any other server.
    Other(Box<Transport>),
}

/// The reason why a server cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListServerError {
    /// The address or the token cannot be used.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The proxy cannot be used.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
}

impl ListServer {
    /// Creates the server of a list.
    pub fn new(
        request: ListRequest,
        token: Option<Token>,
        proxies: &ProxySettings,
    ) -> Result<Self, ListServerError> {
        let SecretUrl(first) = &request.first;
        let connection = if let Some(base) = &request.github {
            let api = Api::new(base, token.filter(|_| request.with_token))?;
            Connection::Github(Arc::new(api.with_proxy(proxies)?))
        } else {
            let proxy = if is_local(first) { None } else { proxies.proxy_for(first)? };
            Connection::Other(Box::new(Transport::new(first.scheme() == "https", proxy)))
        };
        Ok(Self { request, connection })
    }

    /// The host, with the port unless it is the default.
    pub fn host(&self) -> String {
        host_name(&self.request.first.0)
    }

    /// Returns `true` if the list is one of GitHub's API.
    pub(in crate::source) const fn is_github(&self) -> bool {
        matches!(self.connection, Connection::Github(_))
    }

    /// Returns `true` if requests carry GitHub's token, which has a large quota.
    pub fn has_token(&self) -> bool {
        matches!(&self.connection, Connection::Github(api) if api.token().is_some())
    }

    /// Returns the server's rules for refused requests.
    pub(in crate::source) fn limit_policy(&self, max_wait: Duration) -> Arc<dyn LimitPolicy> {
        match &self.connection {
            Connection::Github(api) => Arc::new(GithubLimits::new(Arc::clone(api), max_wait)),
            Connection::Other(_) => Arc::new(GeneralLimits::new(self.host(), max_wait)),
        }
    }

    pub(super) fn transport(&self) -> &Transport {
        match &self.connection {
            Connection::Github(api) => api.transport(),
            Connection::Other(transport) => transport,
        }
    }

    /// Returns the server as messages name it.
    pub(super) fn peer(&self) -> Peer<'_> {
        Peer { host: self.host(), proxy: self.transport().proxy(), address: "the URL" }
    }

    /// Returns a text from the server, escaped for printing, with secrets redacted.
    pub(super) fn sanitize(&self, url: &Url, text: &str) -> String {
        printable(&self.redact_token(&self.redactor([url]).redact(text)))
    }

    /// Returns a sentence of this program about a request, escaped for printing, with secrets redacted.
    pub(super) fn sanitize_own(&self, url: &Url, text: &str) -> String {
        printable(&self.redact_token(&self.redactor([url]).redact_own(text)))
    }

    /// Returns a text without the secrets of the headers and of these URLs.
    pub(in crate::source) fn redact(&self, urls: &[Url], text: &str) -> String {
        self.redact_token(&self.redactor(urls).redact(text))
    }

    fn redactor<'a>(&'a self, urls: impl IntoIterator<Item = &'a Url>) -> Redactor {
        let SecretUrl(first) = &self.request.first;
        Redactor::new(&self.request.headers, urls.into_iter().chain([first]))
    }

    fn redact_token(&self, text: &str) -> String {
        match &self.connection {
            Connection::Github(api) => api.redact(text),
            Connection::Other(_) => text.to_owned(),
        }
    }

    /// Returns the error for a page that is not what was asked for. It is not retried.
    pub(in crate::source) fn unexpected_response(
        &self,
        task: TaskId,
        kind: FailureKind,
        reason: &str,
    ) -> RequestError {
        RequestError::permanent(
            kind,
            format!("cannot use {} of {}: {reason}", page_name(task), self.host()),
        )
    }

    /// Returns the target of a redirect. Headers must not reach another server.
    pub(in crate::source) fn redirect_target(
        &self,
        task: TaskId,
        from: &Url,
        SecretUrl(target): SecretUrl,
    ) -> Result<Url, RequestError> {
        let reason = match own_url(from, &target) {
            // Written as http by a server that requires https, it is the same again.
            Ok(own) if own != *from || target.origin() == from.origin() => return Ok(own),
            Err(OriginError::Encrypted) => format!("it redirects to {}", OriginError::Encrypted),
            Ok(_) | Err(OriginError::Foreign) => {
                let target = self.sanitize(from, &masked(&target));
                format!("it redirects to another server; use {target} if you trust that one")
            }
        };
        Err(self.unexpected_response(task, FailureKind::Refused, &reason))
    }
}

/// Returns the name of a page in messages.
pub(super) fn page_name(TaskId(page): TaskId) -> String {
    format!("page {page}")
}
