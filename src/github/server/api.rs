//! What is said to a request: GitHub's REST API as far as one user's followers go, to the letter.
//!
//! Sources: <https://docs.github.com/rest/users/followers#list-followers-of-a-user>,
//! <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>, the published
//! description of the API (npm `@octokit/openapi`), and recorded answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::Settings;
use super::accounts::Account;
use super::head::{Refusal, Request};
use super::latency::{Latency, Timing};
use super::paging::Paging;
use super::quota::{HOURLY_LIMIT, Quota};
use super::reply::Reply;

const JSON: &str = "application/json; charset=utf-8";

const NO_AGENT: &str = "Request forbidden by administrative rules. Please make sure your request \
    has a User-Agent header \
    (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
    Check https://developer.github.com for other possible causes.";

const OVER_QUOTA: &str = r#"{"message":"API rate limit exceeded for 127.0.0.1. (But here's the good news: Authenticated requests get a higher rate limit. Check out the documentation for more details.)","documentation_url":"https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting"}"#;

/// The API of a server: what it knows, and what was used of its quota.
#[derive(Debug)]
pub(super) struct Api {
    address: SocketAddr,
    owner: Account,
    followers: u32,
    latency: Latency,
    wall_clock: fn() -> u64,
    quota: Mutex<Quota>,
    replies: AtomicU64,
}

/// What was asked for.
enum Resource {
    Profile,
    Followers,
    RateLimit,
    /// Nothing that is here; the documentation that GitHub then points to.
    Missing(&'static str),
}

/// The part of a reply that depends on the resource.
struct Answer {
    status: u16,
    content_type: &'static str,
    link: Option<String>,
    body: String,
    timing: Timing,
}

impl Answer {
    /// Said at once, and without links.
    fn plain(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type, link: None, body: body.into(), timing: Timing::default() }
    }
}

impl Api {
    pub(super) fn new(settings: Settings, address: SocketAddr) -> Self {
        Self {
            address,
            owner: Account::owner(&settings.user),
            followers: settings.followers,
            latency: settings.latency,
            wall_clock: settings.wall_clock,
            quota: Mutex::new(Quota::new(HOURLY_LIMIT)),
            replies: AtomicU64::new(0),
        }
    }

    /// Decides everything about the reply: what is said, and when.
    pub(super) fn reply(&self, asked: &Result<Request, Refusal>) -> Reply {
        let mut quota = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        quota.look((self.wall_clock)());
        let answer = match asked {
            Ok(request) => self.answer(request, &mut quota),
            Err(Refusal::Malformed) => Answer::plain(400, "text/plain", "This is not HTTP/1.1.\n"),
            Err(Refusal::TooLarge) => {
                Answer::plain(431, "text/plain", "These headers are too many or too long.\n")
            }
        };
        let seen = *quota;
        drop(quota);
        let number = self.replies.fetch_add(1, Ordering::Relaxed) + 1;
        let close = asked.as_ref().map_or(true, |request| request.last);
        let body_asked = asked.as_ref().map_or(true, |request| request.method != "HEAD");
        Reply {
            status: answer.status,
            headers: headers(&answer, &seen, number, close),
            body: if body_asked { answer.body.into_bytes() } else { Vec::new() },
            timing: answer.timing,
            close,
        }
    }

    fn answer(&self, request: &Request, quota: &mut Quota) -> Answer {
        if !request.has_agent {
            return Answer::plain(403, "text/html", NO_AGENT);
        }
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let resource = self.resource(&request.method, path);
        let url = self.url(request.host.as_deref());
        if !matches!(resource, Resource::RateLimit) && !quota.take() {
            return Answer::plain(403, JSON, OVER_QUOTA);
        }
        match resource {
            Resource::Profile => Answer {
                timing: self.latency.of_profile(),
                ..Answer::plain(200, JSON, self.owner.profile(&url, self.followers))
            },
            Resource::Followers => self.page(&Paging::of(query), &url),
            Resource::RateLimit => Answer::plain(200, JSON, rate_limit(quota)),
            Resource::Missing(about) => {
                let url = format!("https://docs.github.com/rest{about}");
                let message = format!(
                    r#"{{"message":"Not Found","documentation_url":"{url}","status":"404"}}"#
                );
                Answer::plain(404, JSON, message)
            }
        }
    }

    /// Where the server is, as links say it: by the name that the request used, where that is one of
    /// this machine, so that they do not seem to lead to another server. No other name is repeated.
    fn url(&self, host: Option<&str>) -> String {
        let port = self.address.port();
        let named = |name: &&&str| {
            let host = host.unwrap_or_default();
            host.eq_ignore_ascii_case(&format!("{name}:{port}"))
                || (port == 80 && host.eq_ignore_ascii_case(name))
        };
        match ["localhost", "127.0.0.1", "[::1]"].iter().find(named) {
            Some(name) => format!("http://{name}:{port}"),
            None => format!("http://{}", self.address),
        }
    }

    fn resource(&self, method: &str, path: &str) -> Resource {
        if !matches!(method, "GET" | "HEAD") {
            return Resource::Missing("");
        }
        let known = |login: &str| login.eq_ignore_ascii_case(&self.owner.login);
        // The links lead to the number: a login may be given up between two pages.
        let numbered = |id: &str| id.parse() == Ok(self.owner.id);
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "users", login] if known(login) => Resource::Profile,
            ["", "user", id] if numbered(id) => Resource::Profile,
            ["", "users", login, "followers"] if known(login) => Resource::Followers,
            ["", "user", id, "followers"] if numbered(id) => Resource::Followers,
            ["", "rate_limit"] => Resource::RateLimit,
            ["", "users" | "user", _] => Resource::Missing("/users/users#get-a-user"),
            ["", "users" | "user", _, "followers"] => {
                Resource::Missing("/users/followers#list-followers-of-a-user")
            }
            _ => Resource::Missing(""),
        }
    }

    fn page(&self, paging: &Paging, url: &str) -> Answer {
        let first = (paging.page - 1).saturating_mul(u64::from(paging.per_page));
        let first = u32::try_from(first).map_or(self.followers, |first| first.min(self.followers));
        let end = first.saturating_add(paging.per_page).min(self.followers);
        let users: Vec<String> =
            (first..end).map(|place| Account::follower(place, &self.owner).simple(url)).collect();
        let address = format!("{url}/user/{}/followers", self.owner.id);
        Answer {
            link: paging.links(&address, self.followers),
            timing: self.latency.of_page(paging.page),
            ..Answer::plain(200, JSON, format!("[{}]", users.join(",")))
        }
    }
}

/// Every header of the reply with this number.
fn headers(
    answer: &Answer,
    quota: &Quota,
    number: u64,
    close: bool,
) -> Vec<(&'static str, String)> {
    // Shaped like GitHub's; counted, and not random, so that every run is the same.
    let id = format!("C0DE:{number:06X}:{number:06X}:{number:06X}:{:08X}", quota.reset);
    let mut headers = vec![
        ("content-type", answer.content_type.to_owned()),
        ("content-length", answer.body.len().to_string()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-ratelimit-limit", quota.limit.to_string()),
        ("x-ratelimit-remaining", quota.remaining().to_string()),
        ("x-ratelimit-reset", quota.reset.to_string()),
        ("x-ratelimit-used", quota.used.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        ("x-github-request-id", id),
    ];
    headers.extend(answer.link.clone().map(|link| ("link", link)));
    if close {
        headers.push(("connection", "close".to_owned()));
    }
    headers
}

fn rate_limit(quota: &Quota) -> String {
    let Quota { limit, used, reset } = quota;
    let remaining = quota.remaining();
    let core =
        format!(r#"{{"limit":{limit},"used":{used},"remaining":{remaining},"reset":{reset}}}"#);
    format!(r#"{{"resources":{{"core":{core}}},"rate":{core}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(limit: u64) -> Api {
        let settings = Settings {
            user: "octocat".to_owned(),
            followers: 3,
            latency: Latency::Profile(super::super::LatencyProfile::built_in()),
            port: 0,
            wall_clock: || 1_700_000_000,
        };
        let mut api = Api::new(settings, SocketAddr::from(([127, 0, 0, 1], 4321)));
        api.quota = Mutex::new(Quota::new(limit));
        api
    }

    fn get(api: &Api, target: &str) -> Reply {
        api.reply(&Ok(Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            host: None,
            has_agent: true,
            last: false,
        }))
    }

    #[test]
    fn a_quota_that_ran_dry_refuses_all_but_the_question_for_it() {
        let api = api(2);
        assert_eq!(get(&api, "/users/octocat").status, 200);
        assert_eq!(get(&api, "/nothing").status, 404);
        let refused = get(&api, "/users/octocat/followers");
        assert_eq!(refused.status, 403);
        assert_eq!(refused.body, OVER_QUOTA.as_bytes());
        assert_eq!(refused.timing, Timing::default());
        let remaining = ("x-ratelimit-remaining", "0".to_owned());
        assert!(refused.headers.contains(&remaining));
        let answer = get(&api, "/rate_limit");
        let core = r#"{"limit":2,"used":2,"remaining":0,"reset":1700003600}"#;
        let body = format!(r#"{{"resources":{{"core":{core}}},"rate":{core}}}"#);
        assert_eq!((answer.status, answer.body), (200, body.into_bytes()));
    }

    #[test]
    fn links_bear_the_name_that_was_asked_for_if_it_is_one_of_this_machine() {
        let api = api(9);
        let own = "http://127.0.0.1:4321";
        for (host, url) in [
            ("localhost:4321", "http://localhost:4321"),
            ("LocalHost:4321", "http://localhost:4321"),
            ("127.0.0.1:4321", own),
            ("[::1]:4321", "http://[::1]:4321"),
            ("localhost", own),
            ("localhost:4322", own),
            ("localhost.evil.example:4321", own),
            ("evil.example", own),
            ("localhost:4321>; rel=\"next\"", own),
            ("", own),
        ] {
            assert_eq!(api.url(Some(host)), url, "{host}");
        }
        assert_eq!(api.url(None), own);
    }

    #[test]
    fn a_page_number_of_any_size_is_answered() {
        let last = get(&api(9), "/users/octocat/followers?page=18446744073709551615");
        assert_eq!((last.status, last.body.as_slice()), (200, b"[]".as_slice()));
    }

    #[test]
    fn the_profile_and_the_pages_take_their_time_and_errors_none() {
        let api = api(9);
        let waits = |target| !get(&api, target).timing.wait.is_zero();
        assert!(waits("/users/octocat"));
        assert!(waits("/users/octocat/followers"));
        assert!(!waits("/users/somebody"));
        assert!(!waits("/rate_limit"));
    }
}
