//! The client of one worker for the pages of a list: sends a request, and reads the items of the response
//! and the addresses of further pages. It runs in this process or in a worker process.

pub mod list_server;
mod response_error;

use std::sync::Arc;

use reqwest::header::{ACCEPT, HeaderMap, HeaderValue, LOCATION};
use reqwest::redirect;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::github::{ApiObserver, github_headers, github_quota};
use crate::http::general_limits;
use crate::http::link_header::{LinkError, LinkSet};
use crate::http::origin::OriginError;
use crate::http::retry::parse_header;
use crate::http::{
    ClientOptions, HttpClient, HttpResponse, NextPage, RequestError, RequestTimeouts, SecretUrl,
};
use crate::model::item_page::{ItemPage, ItemsError};
use crate::model::{
    Completion, Failure, FailureKind, Product, Quota, ResponseSummary, State, TaskId,
};
use list_server::{Connection, ListServer};

/// The remedy for links that cannot be used.
const RANGE_REMEDY: &str = "write the pages as a range, such as page={1..60}";

/// The client of one worker.
pub(in crate::source) struct PageClient {
    http: HttpClient,
    server: Arc<ListServer>,
    observer: Arc<dyn ApiObserver>,
}

/// A response that is no error.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::source) enum PageResponse {
    /// A page.
    Page {
        /// The content of the response.
        done: Completion,
        /// The addresses of further pages.
        links: Neighbors,
    },
    /// The page is elsewhere.
    Redirect(SecretUrl),
}

/// The addresses that a page has, all of them on its own server.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(in crate::source) struct Neighbors {
    /// The next page.
    pub(in crate::source) next: Option<SecretUrl>,
    /// The last page.
    pub(in crate::source) last: Option<SecretUrl>,
    /// The number of pages.
    pub(in crate::source) total_pages: Option<u32>,
}

impl PageClient {
    /// Creates a client that reports to `observer` what its thread does.
    pub(in crate::source) fn new(
        server: &Arc<ListServer>,
        timeouts: RequestTimeouts,
        observer: Arc<dyn ApiObserver>,
    ) -> Result<Self, Failure> {
        let options = ClientOptions {
            timeouts,
            headers: request_headers(server),
            // The parent follows them: it counts requests.
            redirects: redirect::Policy::none(),
            max_body_size: server.request.max_body_size,
        };
        let http =
            HttpClient::new(server.transport(), options, Arc::<dyn ApiObserver>::clone(&observer));
        let http = http.map_err(|error| {
            let message = server.peer().setup_message(&error.to_string());
            Failure::new(FailureKind::Unreachable, message)
        })?;
        Ok(Self { http, server: Arc::clone(server), observer })
    }

    /// Requests a page once.
    pub(in crate::source) async fn get(
        &self,
        task: TaskId,
        url: &Url,
    ) -> Result<PageResponse, RequestError> {
        let record_quota = |headers: &HeaderMap| {
            if let Some(quota) = self.quota(headers) {
                self.observer.record_quota(quota);
            }
        };
        let response = self.http.get(url.clone(), record_quota).await;
        let response = response
            .map_err(|error| response_error::transport_error(&self.server, task, url, &error))?;
        self.observer.enter_state(State::Computing);
        let status = response.status;
        if let Some(target) = redirect_target(&response, url) {
            return Ok(PageResponse::Redirect(target));
        }
        if !status.is_success() {
            return Err(response_error::status_error(&self.server, task, url, &response));
        }
        self.page(task, url, &response).map_err(|error| error.with_status(status))
    }

    fn quota(&self, headers: &HeaderMap) -> Option<Quota> {
        match self.server.connection {
            Connection::Github(_) => github_quota(headers),
            Connection::Other(_) => general_limits::quota_from_headers(headers),
        }
    }

    /// Reads the items of a page and the addresses of further pages.
    fn page(
        &self,
        task: TaskId,
        url: &Url,
        response: &HttpResponse,
    ) -> Result<PageResponse, RequestError> {
        let (server, body) = (&self.server, response.body.as_slice());
        let items = match ItemPage::from_json(body, &server.request.pointers) {
            Err(ItemsError::NotJson(_)) if !server.request.needs_items && !is_cut_json(body) => {
                Ok(ItemPage::opaque(body.len() as u64))
            }
            items => items,
        };
        let items = items.map_err(|error| {
            response_error::content_error(server, task, url, &error, is_cut_json(body))
        })?;
        let links = self.neighbors(task, url, response).map_err(|reason| {
            let reason = server.sanitize(url, &reason);
            server.unexpected_response(task, FailureKind::Content, &reason)
        })?;
        let done = Completion {
            response: Some(ResponseSummary {
                status: response.status.as_u16(),
                bytes: body.len() as u64,
                connected: response.connected,
            }),
            product: Product::Items(Arc::new(items)),
        };
        Ok(PageResponse::Page { done, links })
    }

    /// Returns the addresses of further pages, or the reason why they cannot be used.
    fn neighbors(
        &self,
        task: TaskId,
        url: &Url,
        response: &HttpResponse,
    ) -> Result<Neighbors, String> {
        if let Some(next) = &self.server.request.next {
            let next = match next.find(&response.body, url).map_err(|error| error.to_string())? {
                NextPage::Url(next) => Some(SecretUrl(next)),
                NextPage::Missing(place) if task.0 == 1 => {
                    return Err(format!("nothing is at the pointer of --next: {place}; check it"));
                }
                NextPage::End | NextPage::Missing(_) => None,
            };
            return Ok(Neighbors { next, ..Neighbors::default() });
        }
        if !self.server.request.reads_links {
            return Ok(Neighbors::default());
        }
        let unusable = |error: LinkError| match error {
            LinkError::Origin(OriginError::Encrypted) => error.to_string(),
            error => format!("{error}; {RANGE_REMEDY}"),
        };
        let links = LinkSet::from_headers(&response.headers, url).map_err(unusable)?;
        let own = |relation| {
            let found = links.own_rel(relation, url).map_err(unusable)?;
            Ok::<_, String>(found.map(SecretUrl))
        };
        let total_pages = parse_header(&response.headers, "x-total-pages");
        Ok(Neighbors { next: own("next")?, last: own("last")?, total_pages })
    }
}

/// Returns the headers of all requests: those of the user take precedence.
fn request_headers(server: &ListServer) -> HeaderMap {
    let mut headers = match &server.connection {
        Connection::Github(api) => github_headers(api),
        Connection::Other(_) => HeaderMap::new(),
    };
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    let given = server.request.headers.headers();
    for name in given.keys() {
        headers.remove(name);
    }
    headers.extend(given.iter().map(|(name, value)| (name.clone(), value.clone())));
    headers
}

fn redirect_target(response: &HttpResponse, url: &Url) -> Option<SecretUrl> {
    let location = response.headers.get(LOCATION).filter(|_| response.status.is_redirection())?;
    Some(SecretUrl(url.join(location.to_str().ok()?).ok()?))
}

/// Returns `true` if a body begins as JSON does: if it is not JSON, it has been cut off.
fn is_cut_json(body: &[u8]) -> bool {
    body.trim_ascii_start().first().is_some_and(|first| b"[{".contains(first))
}
