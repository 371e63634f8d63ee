//! One page: the request, its phases as they happen, and what the reply says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK};
use reqwest::{Response, StatusCode, redirect};
use serde::Deserialize;
use url::Url;

use super::api::Api;
use super::connect::{Observe, WatchConnecting};
use super::link::{self, LinkError, Links};
use super::{failure, quota};
use crate::model::{Done, Failure, Product, Profile, State};

/// A connection that takes longer is given up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A request that takes longer, connecting and body included, is given up.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// No reply of GitHub's comes near: a page of 100 followers is about 105 kB.
const LARGEST_BODY: usize = 16 << 20;

/// Redirects that are followed, to the same server only.
const MOST_REDIRECTS: usize = 5;

/// One worker's client: a connection of its own, kept and used again.
pub struct Client {
    api: Arc<Api>,
    http: reqwest::Client,
    observer: Arc<dyn Observe>,
    connected: Arc<AtomicBool>,
}

/// A reply that went well.
#[derive(Clone, Debug)]
pub struct Reply {
    /// What it brought.
    pub done: Done,
    /// Which pages it points to.
    pub links: Links,
}

/// A successful reply's head and body, before the body is understood.
struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// A client that tells `observer` what its thread does.
    pub fn new(api: Arc<Api>, observer: Arc<dyn Observe>) -> Result<Self, Failure> {
        let connected = Arc::new(AtomicBool::new(false));
        let watch = WatchConnecting::new(Arc::clone(&observer), Arc::clone(&connected));
        let http = build(&api, watch).map_err(|reason| failure::unusable(&api, &reason))?;
        Ok(Self { api, http, observer, connected })
    }

    /// The user's profile.
    pub async fn profile(&self, user: &str) -> Result<Reply, Failure> {
        let what = "the profile";
        let page = self.get(self.url(&["users", user])?, user, what).await?;
        let user: RawUser<'_> = self.parse(&page, what)?;
        let profile = Profile { login: user.login.into(), followers: user.followers };
        Ok(self.reply(&page, Product::Profile(profile), Links::default()))
    }

    /// One page of the user's followers.
    pub async fn followers(&self, user: &str, per_page: u8, page: u32) -> Result<Reply, Failure> {
        let what = format!("page {page}");
        let mut url = self.url(&["users", user, "followers"])?;
        url.query_pairs_mut()
            .append_pair("per_page", &per_page.to_string())
            .append_pair("page", &page.to_string());
        let reply = self.get(url, user, &what).await?;
        let followers = self.parse(&reply, &what)?;
        let links = self.links(&reply.headers, &what)?;
        Ok(self.reply(&reply, Product::Followers(followers), links))
    }

    fn url(&self, path: &[&str]) -> Result<Url, Failure> {
        let mut url = self.api.base().clone();
        match url.path_segments_mut() {
            Ok(mut segments) => _ = segments.pop_if_empty().extend(path),
            Err(()) => return Err(failure::unusable(&self.api, "its address takes no path")),
        }
        Ok(url)
    }

    async fn get(&self, url: Url, user: &str, what: &str) -> Result<Page, Failure> {
        self.connected.store(false, Ordering::Relaxed);
        // A request that has to connect first says so itself.
        self.observer.enter(State::Waiting);
        let sent = self.http.get(url).timeout(REQUEST_TIMEOUT).send().await;
        let response = sent.map_err(|error| failure::transport(&self.api, what, &error))?;
        self.observer.enter(State::Receiving);
        if let Some(quota) = quota::read(response.headers()) {
            self.observer.quota(quota);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(response, what).await?;
        self.observer.enter(State::Computing);
        if status == StatusCode::OK {
            return Ok(Page { status, headers, body });
        }
        Err(failure::status(&self.api, user, what, status, &headers, &body))
    }

    async fn body(&self, mut response: Response, what: &str) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            match chunk.map_err(|error| failure::transport(&self.api, what, &error))? {
                Some(chunk) if body.len() + chunk.len() > LARGEST_BODY => {
                    return Err(failure::body(&self.api, what, "it is larger than 16 MB"));
                }
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return Ok(body),
            }
        }
    }

    fn parse<'page, T: Deserialize<'page>>(
        &self,
        page: &'page Page,
        what: &str,
    ) -> Result<T, Failure> {
        serde_json::from_slice(&page.body)
            .map_err(|error| failure::body(&self.api, what, &error.to_string()))
    }

    fn links(&self, headers: &HeaderMap, what: &str) -> Result<Links, Failure> {
        let lines = headers.get_all(LINK).iter().map(HeaderValue::to_str);
        let lines: Result<Vec<&str>, _> = lines.collect();
        let header = lines.map_err(|_not_text| LinkError::Malformed);
        // A list may be spread over several lines: RFC 9110, 5.3.
        header
            .and_then(|lines| link::parse(&lines.join(", "), self.api.base()))
            .map_err(|error| failure::body(&self.api, what, &error.to_string()))
    }

    fn reply(&self, page: &Page, product: Product, links: Links) -> Reply {
        let done = Done {
            status: page.status.as_u16(),
            bytes: page.body.len() as u64,
            connected: self.connected.load(Ordering::Relaxed),
            product,
        };
        Reply { done, links }
    }
}

fn build(api: &Api, watch: WatchConnecting) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("threadline/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers(api))
        .redirect(same_server_only())
        .connect_timeout(CONNECT_TIMEOUT)
        // A lane has one connection, so that it shows what its thread does and nothing else.
        .http1_only()
        .pool_max_idle_per_host(1)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(api.tls()?)
        .connector_layer(watch);
    if api.is_local() {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| failure::root(&error))
}

/// As GitHub asks for: <https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api>.
fn headers(api: &Api) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert("x-github-api-version", HeaderValue::from_static("2022-11-28"));
    if let Some(token) = api.token() {
        headers.insert(AUTHORIZATION, token.header());
    }
    headers
}

fn same_server_only() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let same =
            attempt.previous().first().is_some_and(|url| url.origin() == attempt.url().origin());
        if !same {
            attempt.error("it redirects to another server")
        } else if attempt.previous().len() > MOST_REDIRECTS {
            attempt.error("it redirects more than 5 times")
        } else {
            attempt.follow()
        }
    })
}

#[derive(Deserialize)]
struct RawUser<'body> {
    #[serde(borrow)]
    login: std::borrow::Cow<'body, str>,
    followers: u64,
}
