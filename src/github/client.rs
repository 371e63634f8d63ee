//! One page: the request, its phases as they happen, and what the reply says.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, LINK};
use reqwest::{ClientBuilder, Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};
use url::Url;

use super::api::Api;
use super::connect::{Observe, WatchConnecting};
use super::failure::{Fault, Remedy};
use super::link::{self, LinkError, Links};
use super::patience::Timeouts;
use super::proxy::Proxy;
use super::{failure, quota};
use crate::model::Page as Followers;
use crate::model::{Answer, Done, Failure, Product, Profile, Quota, State};

/// No reply of GitHub's comes near: a page of 100 followers is about 105 kB.
const LARGEST_BODY: usize = 16 << 20;

/// GitHub gives no more followers a page, however many are asked for.
const MOST_ON_A_PAGE: usize = 100;

/// A login and the address of its page, in bytes: GitHub's are 39 and 58 characters at most.
const LONGEST_TEXTS: usize = 512;

/// Redirects that are followed, to the same server only.
const MOST_REDIRECTS: usize = 5;

/// One worker's client: a connection of its own, kept and used again.
pub struct Client {
    api: Arc<Api>,
    timeouts: Timeouts,
    http: reqwest::Client,
    observer: Arc<dyn Observe>,
    connected: Arc<AtomicBool>,
}

/// A reply that went well.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reply {
    /// What it brought.
    pub done: Done,
    /// Which pages it points to; nothing where it has no Link header.
    pub links: Option<Links>,
}

/// A reply's head and body, before it is understood.
struct Page {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// A client that tells `observer` what its thread does.
    pub fn new(
        api: Arc<Api>,
        timeouts: Timeouts,
        observer: Arc<dyn Observe>,
    ) -> Result<Self, Failure> {
        let connected = Arc::new(AtomicBool::new(false));
        let watch = WatchConnecting::new(Arc::clone(&observer), Arc::clone(&connected));
        let http = build(&api, timeouts, watch);
        let http = http.map_err(|reason| failure::unusable(&api, &reason))?;
        Ok(Self { api, timeouts, http, observer, connected })
    }

    /// What is left of the quota, which asking does not lessen; nothing where the server has none or
    /// does not say, as GitHub Enterprise Server does not by default. None left is a fault.
    pub async fn quota(&self) -> Result<Option<Quota>, Fault> {
        let what = "the rate limit";
        let page = self.get(self.url(&["rate_limit"])?, what).await?;
        if page.status != StatusCode::OK {
            // Whoever may not ask for this may still ask for the rest, unless it is the token that is
            // not accepted, or too much that was asked.
            let refused = page.status == StatusCode::UNAUTHORIZED;
            return match self.succeeded(page, "", what) {
                Err(fault) if refused || matches!(fault.remedy, Remedy::Limit(_)) => Err(fault),
                _ => Ok(None),
            };
        }
        let Some(quota) = quota::parse(&page.body) else { return Ok(None) };
        self.observer.quota(quota);
        match quota::used_up(quota, &page.headers) {
            Some(limit) => Err(failure::limited(&self.api, limit)),
            None => Ok(Some(quota)),
        }
    }

    /// The user's profile.
    pub async fn profile(&self, user: &str) -> Result<Reply, Fault> {
        let what = "the profile";
        let page = self.get(self.url(&["users", user])?, what).await?;
        let page = self.succeeded(page, user, what)?;
        let user: RawUser<'_> =
            self.parse(&page, what).map_err(|fault| fault.after(page.status))?;
        let profile = Profile { login: user.login.into(), followers: user.followers };
        Ok(self.reply(&page, Product::Profile(profile), None))
    }

    /// One page of the user's followers, or [`Product::NoMore`].
    pub async fn followers(&self, user: &str, per_page: u8, page: u32) -> Result<Reply, Fault> {
        let what = format!("page {page}");
        let mut url = self.url(&["users", user, "followers"])?;
        url.query_pairs_mut()
            .append_pair("per_page", &per_page.to_string())
            .append_pair("page", &page.to_string());
        let reply = self.get(url, &what).await?;
        // GitHub shows no listing to its end if that is far:
        // <https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api#validation-failed>.
        if page > 1 && reply.status == StatusCode::UNPROCESSABLE_ENTITY {
            return Ok(self.reply(&reply, Product::NoMore, None));
        }
        let reply = self.succeeded(reply, user, &what)?;
        self.page(&reply, &what).map_err(|fault| fault.after(reply.status))
    }

    /// Reads a page of followers and its Link header.
    fn page(&self, page: &Page, what: &str) -> Result<Reply, Fault> {
        let followers: Followers = self.parse(page, what)?;
        if !is_credible(&followers) {
            return Err(failure::hostile(&self.api, what, "it holds more than 100 followers can"));
        }
        let links = self.links(&page.headers, what)?;
        Ok(self.reply(page, Product::Followers(followers.into()), links))
    }

    fn url(&self, path: &[&str]) -> Result<Url, Fault> {
        let mut url = self.api.base().clone();
        match url.path_segments_mut() {
            Ok(mut segments) => _ = segments.pop_if_empty().extend(path),
            Err(()) => return Err(failure::no_address(&self.api)),
        }
        Ok(url)
    }

    async fn get(&self, url: Url, what: &str) -> Result<Page, Fault> {
        drive_idle_connection().await;
        self.connected.store(false, Ordering::Relaxed);
        // A request that has to connect first says so itself.
        self.observer.enter(State::Waiting);
        let sent = self.http.get(url).timeout(self.timeouts.whole).send();
        let sent = tokio::time::timeout(self.timeouts.first_byte, sent).await;
        let sent = sent.map_err(|_late| failure::silence(&self.api, what, self.timeouts))?;
        let response = sent.map_err(|error| self.broken(what, &error))?;
        self.observer.enter(State::Receiving);
        if let Some(quota) = quota::read(response.headers()) {
            self.observer.quota(quota);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(response, what).await.map_err(|fault| fault.after(status))?;
        self.observer.enter(State::Computing);
        Ok(Page { status, headers, body })
    }

    fn broken(&self, what: &str, error: &reqwest::Error) -> Fault {
        failure::transport(&self.api, what, self.timeouts, error)
    }

    async fn body(&self, mut response: Response, what: &str) -> Result<Vec<u8>, Fault> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await.map_err(|error| self.broken(what, &error))? {
                Some(chunk) if body.len() + chunk.len() > LARGEST_BODY => {
                    return Err(failure::hostile(&self.api, what, "it is larger than 16 MB"));
                }
                Some(chunk) => body.extend_from_slice(&chunk),
                None => return Ok(body),
            }
        }
    }

    fn succeeded(&self, page: Page, user: &str, what: &str) -> Result<Page, Fault> {
        let Page { status, headers, body } = &page;
        if *status == StatusCode::OK {
            return Ok(page);
        }
        Err(failure::status(&self.api, user, what, *status, headers, body))
    }

    fn parse<'page, T: Deserialize<'page>>(
        &self,
        page: &'page Page,
        what: &str,
    ) -> Result<T, Fault> {
        serde_json::from_slice(&page.body)
            .map_err(|error| failure::body(&self.api, what, &error.to_string()))
    }

    fn links(&self, headers: &HeaderMap, what: &str) -> Result<Option<Links>, Fault> {
        if !headers.contains_key(LINK) {
            return Ok(None);
        }
        let lines = headers.get_all(LINK).iter().map(HeaderValue::to_str);
        let lines: Result<Vec<&str>, _> = lines.collect();
        let header = lines.map_err(|_not_text| LinkError::Malformed);
        // A list may be spread over several lines: RFC 9110, 5.3.
        header
            .and_then(|lines| link::parse(&lines.join(", "), self.api.base()))
            .map(Some)
            .map_err(|error| failure::hostile(&self.api, what, &error.to_string()))
    }

    fn reply(&self, page: &Page, product: Product, links: Option<Links>) -> Reply {
        let done = Done {
            answer: Some(Answer {
                status: page.status.as_u16(),
                bytes: page.body.len() as u64,
                connected: self.connected.load(Ordering::Relaxed),
            }),
            product,
        };
        Reply { done, links }
    }
}

/// Lets the event loop look at the connection before it is reused. A lane that waits for a task does
/// not drive its loop, so the bytes or the end that arrived meanwhile are still in the socket, and the
/// bytes would be taken for the next answer. hyper drops an idle connection that has something to
/// read, and the request then goes out on a new one.
///
/// The first yield runs the tasks that are due, among them the one that returns the connection to its
/// pool, and polls the I/O driver, as tokio's current-thread scheduler does before it wakes who
/// yielded; the second lets the connection read. tokio does not promise this order: the client's tests
/// of idle connections hold it. An answer that arrives after the next request has left cannot be told
/// from the right one in HTTP/1.1.
async fn drive_idle_connection() {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}

/// What is kept of a page must be no more than GitHub's pages hold, or a server could fill the memory.
fn is_credible(page: &Followers) -> bool {
    page.len() <= MOST_ON_A_PAGE && page.text_size() <= MOST_ON_A_PAGE * LONGEST_TEXTS
}

fn build(api: &Api, timeouts: Timeouts, watch: WatchConnecting) -> Result<reqwest::Client, String> {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("threadline/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers(api))
        .redirect(same_server_only())
        .connect_timeout(timeouts.connect)
        // A lane has one connection, so that it shows what its thread does and nothing else.
        .http1_only()
        .pool_max_idle_per_host(1)
        .tcp_nodelay(true)
        .tls_backend_preconfigured(api.tls()?)
        .connector_layer(watch);
    let builder = match api.proxy().map(Proxy::configure).transpose() {
        Ok(Some(proxy)) => Ok(builder.proxy(proxy)),
        // Or it would read the environment itself.
        Ok(None) => Ok(builder.no_proxy()),
        Err(error) => Err(error),
    };
    builder.and_then(ClientBuilder::build).map_err(|error| failure::root(&error))
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
