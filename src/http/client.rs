//! An HTTP client that sends one GET at a time, over a connection of its own, and reports the phases
//! of each request.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use reqwest::header::HeaderMap;
use reqwest::{ClientBuilder, Response, StatusCode, redirect};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use super::error::{HttpError, HttpErrorKind, root_cause};
use super::retry::RequestTimeouts;
use super::transport::{Proxy, Transport};
use crate::model::State;

/// Receives the states of a request, on the worker's thread.
pub trait RequestObserver: Send + Sync {
    /// Reports the state that the thread enters.
    fn enter_state(&self, state: State);
}

/// The client of one worker, with a connection of its own that it keeps open.
pub struct HttpClient {
    http: reqwest::Client,
    timeouts: RequestTimeouts,
    max_body_size: usize,
    observer: Arc<dyn RequestObserver>,
    connected: Arc<AtomicBool>,
}

/// The rules for all requests of a client.
pub struct ClientOptions {
    /// The timeouts of each request.
    pub timeouts: RequestTimeouts,
    /// The headers of each request.
    pub headers: HeaderMap,
    /// The redirects that are followed.
    pub redirects: redirect::Policy,
    /// The maximum size of a body, in bytes.
    pub max_body_size: usize,
}

/// A complete response, unparsed.
#[derive(Clone, Debug)]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// Set if the request had to establish a connection first.
    pub connected: bool,
}

impl HttpClient {
    /// Creates a client that reports to `observer` what its thread does.
    pub(crate) fn new(
        transport: &Transport,
        options: ClientOptions,
        observer: Arc<dyn RequestObserver>,
    ) -> Result<Self, HttpError> {
        let connected = Arc::new(AtomicBool::new(false));
        let watch = ConnectObserver {
            connector: (),
            observer: Arc::clone(&observer),
            connected: Arc::clone(&connected),
        };
        let ClientOptions { timeouts, max_body_size, .. } = options;
        let http = build_client(transport, options, watch)
            .map_err(|reason| HttpError::from(HttpErrorKind::Setup(reason)))?;
        Ok(Self { http, timeouts, max_body_size, observer, connected })
    }

    /// Sends a GET request and returns the response, whatever its status. `on_head` receives the
    /// headers before the body is read.
    pub async fn get(
        &self,
        url: Url,
        on_head: impl FnOnce(&HeaderMap),
    ) -> Result<HttpResponse, HttpError> {
        drive_idle_connection().await;
        self.connected.store(false, Ordering::Relaxed);
        // If the request has to connect first, the connector reports that.
        self.observer.enter_state(State::Waiting);
        let sent = self.http.get(url).timeout(self.timeouts.total).send();
        let sent = tokio::time::timeout(self.timeouts.first_byte, sent).await;
        let late = |_| HttpErrorKind::FirstByteTimeout(self.timeouts.first_byte);
        let response =
            sent.map_err(late)?.map_err(|error| HttpErrorKind::classify(&error, self.timeouts))?;
        self.observer.enter_state(State::Receiving);
        on_head(response.headers());
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.read_body(response).await;
        let body = body.map_err(|kind| HttpError { kind, status: Some(status) })?;
        let connected = self.connected.load(Ordering::Relaxed);
        Ok(HttpResponse { status, headers, body, connected })
    }

    async fn read_body(&self, mut response: Response) -> Result<Vec<u8>, HttpErrorKind> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| HttpErrorKind::classify(&error, self.timeouts))?
        {
            if body.len() + chunk.len() > self.max_body_size {
                return Err(HttpErrorKind::BodyTooLarge(self.max_body_size));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// Lets the event loop look at the connection before it is reused. A lane that waits for a task
/// does not drive its loop, so bytes or a close that arrived meanwhile are still in the socket, and
/// the bytes would be taken for the next response. hyper drops an idle connection that has
/// something to read, and the request is then sent on a new one.
///
/// The first yield runs the tasks that are due, among them the one that returns the connection to
/// its pool, and polls the I/O driver, as tokio's current-thread scheduler does before it resumes a
/// task that yielded; the second lets the connection read. tokio does not guarantee this order; the
/// client's tests of idle connections verify it. In HTTP/1.1, a response that arrives after the
/// next request was sent cannot be distinguished from the right one.
async fn drive_idle_connection() {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}

fn build_client(
    transport: &Transport,
    options: ClientOptions,
    watch: ConnectObserver,
) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("threadline/", env!("CARGO_PKG_VERSION")))
        .default_headers(options.headers)
        .redirect(options.redirects)
        .connect_timeout(options.timeouts.connect)
        // A lane has a single connection, so that it shows the work of its thread and nothing else.
        .http1_only()
        .pool_max_idle_per_host(1)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(transport.tls()?)
        .connector_layer(watch);
    let builder = match transport.proxy().map(Proxy::configure).transpose() {
        Ok(Some(proxy)) => Ok(builder.proxy(proxy)),
        // Without this, reqwest would read the proxy variables itself.
        Ok(None) => Ok(builder.no_proxy()),
        Err(error) => Err(error),
    };
    builder.and_then(ClientBuilder::build).map_err(|error| root_cause(&error))
}

/// Observes connection setup, which reqwest does not report separately from the rest of a request. A
/// tower layer and its service: reports connecting, then waiting, around the wrapped connector.
#[derive(Clone)]
struct ConnectObserver<S = ()> {
    connector: S,
    observer: Arc<dyn RequestObserver>,
    connected: Arc<AtomicBool>,
}

impl<S> Layer<S> for ConnectObserver {
    type Service = ConnectObserver<S>;

    fn layer(&self, connector: S) -> Self::Service {
        let (observer, connected) = (Arc::clone(&self.observer), Arc::clone(&self.connected));
        ConnectObserver { connector, observer, connected }
    }
}

impl<S, Target> Service<Target> for ConnectObserver<S>
where
    S: Service<Target>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: Target) -> Self::Future {
        let connecting = self.connector.call(target);
        let (observer, connected) = (Arc::clone(&self.observer), Arc::clone(&self.connected));
        Box::pin(async move {
            observer.enter_state(State::Connecting);
            let connection = connecting.await;
            if connection.is_ok() {
                connected.store(true, Ordering::Relaxed);
                observer.enter_state(State::Waiting);
            }
            connection
        })
    }
}
