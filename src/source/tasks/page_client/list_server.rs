//! The server of a list: its headers and secrets, the way to it, its name in messages, and its limits.

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::github::{Api, ApiError, GithubLimits, Token};
use crate::http::general_limits::GeneralLimits;
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
        let SecretUrl(first) = &self.request.first;
        let text = Redactor::new(&self.request.headers, [first, url]).redact(text);
        let token = match &self.connection {
            Connection::Github(api) => api.token(),
            Connection::Other(_) => None,
        };
        printable(&token.map_or_else(|| text.clone(), |token| token.redact_in(&text)))
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
        if target.origin() == from.origin() {
            return Ok(target);
        }
        let target = self.sanitize(from, &masked(&target));
        let reason = format!("it redirects to another server; use {target} if you trust that one");
        Err(self.unexpected_response(task, FailureKind::Refused, &reason))
    }
}

/// Returns the name of a page in messages.
pub(super) fn page_name(TaskId(page): TaskId) -> String {
    format!("page {page}")
}
