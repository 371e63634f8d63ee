//! A client that fetches one page at a time and reports the phases of each request.

use std::sync::Arc;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK};
use reqwest::{StatusCode, redirect};
use serde::{Deserialize, Serialize};
use url::Url;

use super::api::Api;
use super::page_links::{self, PageLinks};
use super::{rate_limit, request_error};
use crate::http::{
    ClientOptions, HttpClient, HttpResponse, RequestError, RequestObserver, RequestTimeouts,
};
use crate::model::{
    Completion, Failure, FailureKind, FollowerPage as Followers, Product, Quota, ResponseSummary,
    State,
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

/// Receives the states and the quota of a request, on the worker's thread.
pub trait ApiObserver: RequestObserver {
    /// Reports the quota that the server stated.
    fn record_quota(&self, quota: Quota);
}

/// The client of one worker.
pub struct Client {
    api: Arc<Api>,
    http: HttpClient,
    observer: Arc<dyn ApiObserver>,
}

/// A successful response.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ApiResponse {
    /// The content of the response.
    pub done: Completion,
    /// The pages that the response links to, or `None` without a Link header.
    pub links: Option<PageLinks>,
}

impl Client {
    /// Creates a client that reports to `observer` what its thread does. GitHub itself cancels
    /// requests after 10 s:
    /// <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#timeouts>.
    pub fn new(
        api: Arc<Api>,
        timeouts: RequestTimeouts,
        observer: Arc<dyn ApiObserver>,
    ) -> Result<Self, Failure> {
        let options = ClientOptions {
            timeouts,
            headers: github_headers(&api),
            redirects: same_server_policy(),
            max_body_size: MAX_BODY_SIZE,
        };
        let http =
            HttpClient::new(api.transport(), options, Arc::<dyn ApiObserver>::clone(&observer));
        let http = http.map_err(|error| request_error::client_failure(&api, &error.to_string()))?;
        Ok(Self { api, http, observer })
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
            return Ok(Self::build_response(&reply, Product::PastLastPage, None));
        }
        if reply.status != StatusCode::OK {
            let error = request_error::status_error(&self.api, user, &what, &reply);
            // If the user does not exist, the first page shows it.
            return Err(if page > 1 && error.failure.kind == FailureKind::NotFound {
                request_error::missing_page(&self.api, &what, reply.status)
            } else {
                error
            });
        }
        self.page(&reply, &what).map_err(|error| error.with_status(reply.status))
    }

    /// Parses a page of followers and its Link header.
    fn page(&self, page: &HttpResponse, what: &str) -> Result<ApiResponse, RequestError> {
        let followers: Followers = serde_json::from_slice(&page.body)
            .map_err(|error| request_error::invalid_body(&self.api, what, &error.to_string()))?;
        // Pages are kept, so a server could fill the memory with larger ones.
        if followers.len() > MAX_PER_PAGE || followers.text_size() > MAX_PER_PAGE * MAX_TEXT_LENGTH
        {
            return Err(request_error::implausible_response(
                &self.api,
                what,
                "it is larger than a page of 100 followers can be",
            ));
        }
        let links = self.parse_links(&page.headers, what)?;
        Ok(Self::build_response(page, Product::Followers(followers.into()), links))
    }

    fn endpoint_url(&self, path: &[&str]) -> Result<Url, RequestError> {
        let mut url = self.api.base().clone();
        match url.path_segments_mut() {
            Ok(mut segments) => _ = segments.pop_if_empty().extend(path),
            Err(()) => return Err(request_error::invalid_address(&self.api)),
        }
        Ok(url)
    }

    async fn send_request(&self, url: Url, what: &str) -> Result<HttpResponse, RequestError> {
        let record_quota = |headers: &HeaderMap| {
            if let Some(quota) = rate_limit::quota_from_headers(headers) {
                self.observer.record_quota(quota);
            }
        };
        let response = self.http.get(url, record_quota).await;
        let response =
            response.map_err(|error| request_error::transport_error(&self.api, what, &error))?;
        self.observer.enter_state(State::Computing);
        Ok(response)
    }

    fn parse_links(
        &self,
        headers: &HeaderMap,
        what: &str,
    ) -> Result<Option<PageLinks>, RequestError> {
        if !headers.contains_key(LINK) {
            return Ok(None);
        }
        let links = page_links::parse_links(headers, self.api.base());
        links.map(Some).map_err(|error| {
            request_error::implausible_response(&self.api, what, &error.to_string())
        })
    }

    fn build_response(
        page: &HttpResponse,
        product: Product,
        links: Option<PageLinks>,
    ) -> ApiResponse {
        let done = Completion {
            response: Some(ResponseSummary {
                status: page.status.as_u16(),
                bytes: page.body.len() as u64,
                connected: page.connected,
            }),
            product,
        };
        ApiResponse { done, links }
    }
}

/// The headers that GitHub asks for:
/// <https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api>.
pub(crate) fn github_headers(api: &Api) -> HeaderMap {
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
