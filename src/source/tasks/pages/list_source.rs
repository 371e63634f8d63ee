//! A list and its server, as all runs of a session use them: the real addresses and headers, the number of
//! requests that the user allows, and the content that has been seen.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use super::address_book::AddressBook;
pub use super::address_book::ListAddresses;
use super::response_error::{Redactor, unexpected_response};
use crate::github::{Api, ApiError, GithubLimits, Token};
use crate::http::general_limits::GeneralLimits;
use crate::http::peer::Peer;
use crate::http::secret_url::SecretUrl;
use crate::http::transport::{Transport, host_name, is_local};
use crate::http::url_text::masked;
use crate::http::{LimitPolicy, ProxyError, ProxySettings, RequestError};
use crate::model::item_page::ItemPointers;
use crate::model::json_pointer::JsonPointer;
use crate::model::{FailureKind, TaskId};

/// A list, with all that is needed to request its pages.
#[derive(Debug)]
pub struct ListSource {
    pub(super) addresses: AddressBook,
    pub(in crate::source) server: Arc<ListServer>,
    pub(super) budget: RequestBudget,
    /// A page with items has been fetched.
    has_content: AtomicBool,
}

impl ListSource {
    /// Creates the source of a list. `max_requests` is the maximum number of requests of the session.
    pub fn new(addresses: ListAddresses, server: ListServer, max_requests: Option<u64>) -> Self {
        let budget = RequestBudget { max: max_requests, spent: AtomicU64::new(0) };
        let addresses = AddressBook::new(addresses);
        Self { addresses, server: Arc::new(server), budget, has_content: AtomicBool::new(false) }
    }

    /// Records that a page had the expected content.
    pub(super) fn record_content(&self) {
        self.has_content.store(true, Ordering::Relaxed);
    }

    /// Unexpected content ends the run only before any page had the expected one: else the pages of the
    /// list differ, and the others are worth fetching.
    pub(super) fn classify_content(&self, mut error: RequestError) -> RequestError {
        if error.failure.kind == FailureKind::Content && self.has_content.load(Ordering::Relaxed) {
            error.failure.kind = FailureKind::Server;
        }
        error
    }
}

/// The number of requests that the session may send.
#[derive(Debug)]
pub(super) struct RequestBudget {
    max: Option<u64>,
    spent: AtomicU64,
}

impl RequestBudget {
    /// Counts a request. Fails if there were as many as allowed.
    pub(super) fn spend_one(&self) -> Result<(), RequestError> {
        let Some(max) = self.max else { return Ok(()) };
        let spent = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |spent| {
            (spent < max).then_some(spent + 1)
        });
        spent.map(|_| ()).map_err(|_used_up| {
            let message =
                format!("the {max} requests of --max-requests are used up; raise it for the rest");
            RequestError::permanent(FailureKind::RequestLimit, message)
        })
    }
}

/// The parameters of the requests of a list. A worker process receives them through its pipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListRequest {
    /// The first URL. All requests go to its origin.
    pub first: SecretUrl,
    /// The headers that the user gave.
    pub headers: SecretHeaderMap,
    /// The base address of GitHub's API, if the list is one of it.
    pub github: Option<String>,
    /// Set if requests carry the token. A worker process reads it from the same place as its parent.
    pub with_token: bool,
    /// The maximum size of a body, in bytes.
    pub max_body_size: usize,
    /// The places of the items and of their identities.
    pub pointers: ItemPointers,
    /// The place of the next address in the body.
    pub next: Option<NextPointer>,
    /// Set if a body that is not JSON is an error.
    pub needs_items: bool,
}

/// The place of the next address in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPointer {
    /// The place of the URL or of the cursor.
    pub pointer: JsonPointer,
    /// The query parameter that the cursor is put into; `None` for a URL.
    pub parameter: Option<String>,
}

/// Headers that can be sent to the server and to a worker process, but not printed.
#[derive(Clone, PartialEq)]
pub struct SecretHeaderMap(pub HeaderMap);

/// The server of a list.
#[derive(Debug)]
pub struct ListServer {
    pub(in crate::source) request: ListRequest,
    pub(super) connection: Connection,
    pub(super) redactor: Redactor,
}

/// The way to the server.
#[derive(Debug)]
pub(super) enum Connection {
    /// GitHub's API, with its token and its limits.
    Github(Arc<Api>),
    /// Any other server.
    Other(Transport),
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
        let connection = match &request.github {
            Some(base) => {
                let api = Api::new(base, token.filter(|_| request.with_token))?;
                Connection::Github(Arc::new(api.with_proxy(proxies)?))
            }
            None => {
                let proxy = if is_local(first) { None } else { proxies.proxy_for(first)? };
                Connection::Other(Transport::new(first.scheme() == "https", proxy))
            }
        };
        let redactor = Redactor::new(&request.headers.0);
        Ok(Self { request, connection, redactor })
    }

    /// The host, with the port unless it is the default.
    pub fn host(&self) -> String {
        host_name(&self.request.first.0)
    }

    /// Returns `true` if requests may count against a rate limit: those to this machine do not.
    pub fn costs_quota(&self) -> bool {
        !is_local(&self.request.first.0)
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
        let text = self.redactor.redact(url, text);
        match &self.connection {
            Connection::Github(api) => api.token().map_or(text.clone(), |it| it.redact_in(&text)),
            Connection::Other(_) => text,
        }
    }

    /// Returns the error for a page that is not what was asked for.
    pub(super) fn unexpected_response(
        &self,
        task: TaskId,
        kind: FailureKind,
        reason: &str,
    ) -> RequestError {
        unexpected_response(&self.host(), task, kind, reason)
    }

    /// Returns the target of a redirect. Headers must not reach another server.
    pub(super) fn redirect_target(
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

impl fmt::Debug for SecretHeaderMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Serialize for SecretHeaderMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for SecretHeaderMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(String, Vec<u8>)>::deserialize(deserializer)?;
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().map_err(de::Error::custom)?;
            let mut value = HeaderValue::from_bytes(&value).map_err(de::Error::custom)?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self(headers))
    }
}
