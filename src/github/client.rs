//! A client that fetches one page at a time and reports the phases of each request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK};
use reqwest::{ClientBuilder, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use url::Url;

use super::api::Api;
use super::page_links::{self, LinkError, PageLinks};
use super::rate_limit;
use super::request_error::{self, RequestError};
use crate::http::proxy::Proxy;
use crate::http::request_observer::{ConnectObserver, RequestObserver};
use crate::http::retry_policy::RequestTimeouts;
use crate::model::{
    Completion, Failure, FailureKind, FollowerPage as Followers, Product, ResponseSummary, State,
};

/// The maximum size of a body. A page of 100 followers is about 105 kB.
const MAX_BODY_SIZE: usize = 16 << 20;

/// The maximum number of followers per page. GitHub never sends more.
const MAX_PER_PAGE: usize = 100;

/// The maximum total length of a login and the URL of its page, in bytes. GitHub's have at most 39
/// and 58 characters.
const MAX_TEXT_LENGTH: usize = 512;

/// The maximum number of redirects to follow. Redirects to another server are refused.
const MAX_REDIRECTS: usize = 5;

/// The client of one worker, with a connection of its own that it keeps open.
pub struct Client {
    api: Arc<Api>,
    timeouts: RequestTimeouts,
    http: reqwest::Client,
    observer: Arc<dyn RequestObserver>,
    connected: Arc<AtomicBool>,
}

/// A successful response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiResponse {
    /// The content of the response.
    pub done: Completion,
    /// The pages that the response links to, or `None` without a Link header.
    pub links: Option<PageLinks>,
}

/// The head and body of a response, unparsed.
struct RawResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// Creates a client that reports to `observer` what its thread does.
    pub fn new(
        api: Arc<Api>,
        timeouts: RequestTimeouts,
        observer: Arc<dyn RequestObserver>,
    ) -> Result<Self, Failure> {
        let connected = Arc::new(AtomicBool::new(false));
        let watch = ConnectObserver::new(Arc::clone(&observer), Arc::clone(&connected));
        let http = build_http_client(&api, timeouts, watch);
        let http = http.map_err(|reason| request_error::client_failure(&api, &reason))?;
        Ok(Self { api, timeouts, http, observer, connected })
    }

    /// Fetches one page of the user's followers, or [`Product::PastLastPage`].
    pub async fn fetch_followers(
        &self,
        user: &str,
        per_page: u8,
        page: u32,
    ) -> Result<ApiResponse, RequestError> {
        let what = format!("page {page}");
        let mut url = self.endpoint_url(&["users", user, "followers"])?;
        url.query_pairs_mut()
            .append_pair("per_page", &per_page.to_string())
            .append_pair("page", &page.to_string());
        let reply = self.send_request(url, &what).await?;
        // GitHub refuses pages that are very far into a list:
        // <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed>.
        if page > 1 && reply.status == StatusCode::UNPROCESSABLE_ENTITY {
            return Ok(self.build_response(&reply, Product::PastLastPage, None));
        }
        // If the user does not exist, the first page shows it.
        let status = reply.status;
        let reply = self.check_status(reply, user, &what).map_err(|error| {
            if page > 1 && error.failure.kind == FailureKind::NotFound {
                request_error::missing_page(&self.api, &what, status)
            } else {
                error
            }
        })?;
        self.page(&reply, &what).map_err(|error| error.with_status(reply.status))
    }

    /// Parses a page of followers and its Link header.
    fn page(&self, page: &RawResponse, what: &str) -> Result<ApiResponse, RequestError> {
        let followers: Followers = self.parse_body(page, what)?;
        if !is_plausible(&followers) {
            return Err(request_error::implausible_response(
                &self.api,
                what,
                "it is larger than a page of 100 followers can be",
            ));
        }
        let links = self.parse_links(&page.headers, what)?;
        Ok(self.build_response(page, Product::Followers(followers.into()), links))
    }

    fn endpoint_url(&self, path: &[&str]) -> Result<Url, RequestError> {
        let mut url = self.api.base().clone();
        match url.path_segments_mut() {
            Ok(mut segments) => _ = segments.pop_if_empty().extend(path),
            Err(()) => return Err(request_error::invalid_address(&self.api)),
        }
        Ok(url)
    }

    async fn send_request(&self, url: Url, what: &str) -> Result<RawResponse, RequestError> {
        drive_idle_connection().await;
        self.connected.store(false, Ordering::Relaxed);
        // If the request has to connect first, the connector reports that.
        self.observer.enter_state(State::Waiting);
        let sent = self.http.get(url).timeout(self.timeouts.total).send();
        let sent = tokio::time::timeout(self.timeouts.first_byte, sent).await;
        let sent = sent
            .map_err(|_late| request_error::first_byte_timeout(&self.api, what, self.timeouts))?;
        let response = sent.map_err(|error| self.transport_error(what, &error))?;
        self.observer.enter_state(State::Receiving);
        if let Some(quota) = rate_limit::quota_from_headers(response.headers()) {
            self.observer.record_quota(quota);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body =
            self.read_body(response, what).await.map_err(|error| error.with_status(status))?;
        self.observer.enter_state(State::Computing);
        Ok(RawResponse { status, headers, body })
    }

    fn transport_error(&self, what: &str, error: &reqwest::Error) -> RequestError {
        request_error::transport_error(&self.api, what, self.timeouts, error)
    }

    async fn read_body(&self, mut response: Response, what: &str) -> Result<Vec<u8>, RequestError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await.map_err(|error| self.transport_error(what, &error))? {
                Some(chunk) if body.len() + chunk.len() > MAX_BODY_SIZE => {
                    return Err(request_error::implausible_response(
                        &self.api,
                        what,
                        "it is larger than 16 MB",
                    ));
                }
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return Ok(body),
            }
        }
    }

    fn check_status(
        &self,
        page: RawResponse,
        user: &str,
        what: &str,
    ) -> Result<RawResponse, RequestError> {
        let RawResponse { status, headers, body } = &page;
        if *status == StatusCode::OK {
            return Ok(page);
        }
        Err(request_error::status_error(&self.api, user, what, *status, headers, body))
    }

    fn parse_body<'page, T: Deserialize<'page>>(
        &self,
        page: &'page RawResponse,
        what: &str,
    ) -> Result<T, RequestError> {
        serde_json::from_slice(&page.body)
            .map_err(|error| request_error::invalid_body(&self.api, what, &error.to_string()))
    }

    fn parse_links(
        &self,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<Option<PageLinks>, RequestError> {
        if !headers.contains_key(LINK) {
            return Ok(None);
        }
        let lines = headers.get_all(LINK).iter().map(HeaderValue::to_str);
        let lines: Result<Vec<&str>, _> = lines.collect();
        let header = lines.map_err(|_not_text| LinkError::Malformed);
        // A list may be split into several header lines: RFC 9110, section 5.3.
        header
            .and_then(|lines| page_links::parse_links(&lines.join(", "), self.api.base()))
            .map(Some)
            .map_err(|error| {
                request_error::implausible_response(&self.api, what, &error.to_string())
            })
    }

    fn build_response(
        &self,
        page: &RawResponse,
        product: Product,
        links: Option<PageLinks>,
    ) -> ApiResponse {
        let done = Completion {
            response: Some(ResponseSummary {
                status: page.status.as_u16(),
                bytes: page.body.len() as u64,
                connected: self.connected.load(Ordering::Relaxed),
            }),
            product,
        };
        ApiResponse { done, links }
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

/// Returns `true` if a page is no larger than GitHub's pages are. Otherwise a server could fill the
/// memory, since pages are kept.
fn is_plausible(page: &Followers) -> bool {
    page.len() <= MAX_PER_PAGE && page.text_size() <= MAX_PER_PAGE * MAX_TEXT_LENGTH
}

fn build_http_client(
    api: &Api,
    timeouts: RequestTimeouts,
    watch: ConnectObserver,
) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("threadline/", env!("CARGO_PKG_VERSION")))
        .default_headers(default_headers(api))
        .redirect(same_server_policy())
        .connect_timeout(timeouts.connect)
        // A lane has a single connection, so that it shows the work of its thread and nothing else.
        .http1_only()
        .pool_max_idle_per_host(1)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(api.tls()?)
        .connector_layer(watch);
    let builder = match api.proxy().map(Proxy::configure).transpose() {
        Ok(Some(proxy)) => Ok(builder.proxy(proxy)),
        // Without this, reqwest would read the proxy variables itself.
        Ok(None) => Ok(builder.no_proxy()),
        Err(error) => Err(error),
    };
    builder.and_then(ClientBuilder::build).map_err(|error| request_error::root_cause(&error))
}

/// The headers that GitHub asks for:
/// <https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api>.
fn default_headers(api: &Api) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
    if let Some(token) = api.token() {
        headers.insert(AUTHORIZATION, token.header());
    }
    headers
}

fn same_server_policy() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let same =
            attempt.previous().first().is_some_and(|url| url.origin() == attempt.url().origin());
        if !same {
            attempt.error("it redirects to another server")
        } else if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("it redirects more than 5 times")
        } else {
            attempt.follow()
        }
    })
}
