//! The server of a request in words: its name, its proxy, and the messages about requests to it that have
//! no complete response.

use super::error::{ConnectStep, HttpError, HttpErrorKind};
use super::retry::RequestError;
use super::transport::Proxy;
use crate::model::time::describe_duration;

/// The server of a request, as messages name it.
#[derive(Clone, Debug)]
pub(crate) struct Peer<'transport> {
    /// The host, with the port unless it is the default.
    pub(crate) host: String,
    pub(crate) proxy: Option<&'transport Proxy>,
    /// The argument that sets the address: `--api-url`.
    pub(crate) address: &'static str,
}

impl Peer<'_> {
    /// Returns the host, and the proxy if there is one.
    fn name(&self) -> String {
        match self.proxy {
            Some(proxy) => format!("{} (through the proxy {proxy})", self.host),
            None => self.host.clone(),
        }
    }

    /// Returns the message for a client that could not be created.
    pub(crate) fn setup_message(&self, reason: &str) -> String {
        format!("cannot set up a connection to {}: {reason}", self.host)
    }

    /// Returns the error of a request for `what` that has no complete response. `reason` is the text of
    /// `error`, safe to print.
    pub(crate) fn transport_error(
        &self,
        what: &str,
        error: &HttpError,
        reason: &str,
    ) -> RequestError {
        let HttpError { kind, status } = error;
        let new =
            if kind.is_transient() { RequestError::transient } else { RequestError::permanent };
        let failed = new(kind.failure_kind(), self.transport_message(what, kind, reason));
        match *status {
            Some(status) => failed.with_status(status),
            None => failed,
        }
    }

    fn transport_message(&self, what: &str, kind: &HttpErrorKind, reason: &str) -> String {
        let (peer, address) = (self.name(), self.address);
        match kind {
            HttpErrorKind::Setup(_) => self.setup_message(reason),
            HttpErrorKind::Shortage(_) => format!(
                "cannot open a connection to {peer}: {reason}; ask for fewer workers with \
                 --threads, or raise the limit"
            ),
            HttpErrorKind::ConnectTimeout(step) | HttpErrorKind::Connect { step, .. } => {
                self.unreachable_message(reason, *step)
            }
            HttpErrorKind::FirstByteTimeout(time) => format!(
                "{peer} did not start to answer for {what} within {}; it may be busy, try again \
                 later",
                describe_duration(*time)
            ),
            HttpErrorKind::TotalTimeout(time) => format!(
                "{peer} did not send {what} within {}; it may be busy, try again later or raise \
                 --timeout",
                describe_duration(*time)
            ),
            HttpErrorKind::Redirect(_) => {
                format!("{peer} does not answer for {what}: {reason}; check {address}")
            }
            HttpErrorKind::Broken(_) => {
                format!("the connection to {peer} broke during {what} ({reason}); try again")
            }
            HttpErrorKind::BodyTooLarge(_) => self.unexpected_response_message(what, reason),
        }
    }

    /// Returns the message for a connection that could not be established. With a proxy, the failure
    /// is in the connection to the proxy, in the proxy's connection to the server, or in TLS with the
    /// server.
    fn unreachable_message(&self, reason: &str, step: ConnectStep) -> String {
        let Some(proxy) = self.proxy.filter(|_| step != ConnectStep::Tls) else {
            let (peer, address) = (self.name(), self.address);
            return format!("{peer} cannot be reached ({reason}); check the network, or {address}");
        };
        let failed = match step {
            ConnectStep::Tunnel => format!("does not connect to {}", self.host),
            ConnectStep::Tcp | ConnectStep::Tls => "cannot be reached".to_owned(),
        };
        format!("the proxy {proxy} {failed} ({reason}); check {}", proxy.variable())
    }

    /// Returns the message for a response that is not one of this API.
    pub(crate) fn unexpected_response_message(&self, what: &str, reason: &str) -> String {
        let Self { host, address, .. } = self;
        format!("{host} sent an unexpected answer for {what} ({reason}); check {address}")
    }

    /// Returns the message for status 407. Only proxies send it, but a server may do so too.
    pub(crate) fn proxy_unauthorized_message(&self, detail: &str) -> String {
        match self.proxy {
            Some(proxy) => format!(
                "the proxy {proxy} requires a user and a password ({detail}); check those in {}",
                proxy.variable()
            ),
            None => {
                format!("{} answers as a proxy does ({detail}); check {}", self.host, self.address)
            }
        }
    }
}
