//! Answers requests like GitHub's REST API, as far as one user's followers are concerned.
//!
//! Sources: <https://docs.github.com/rest/users/followers#list-followers-of-a-user>,
//! <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>, the
//! published description of the API (npm `@octokit/openapi`), and recorded responses.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use super::ServerSettings;
use super::accounts::Account;
use super::faults::{FaultAction, FaultLimit, FaultPoint, FaultProgress, FaultScript};
use super::follower_list::{FollowerList, Pagination};
use super::http_request::{HttpRequest, RequestHeadError};
use super::latency::Latency;
use super::response::{ResponseDraft, TimedResponse};
use super::server_limits::{HOURLY_LIMIT, QuotaWindow, ServerLimits};

/// The API of a server: its settings and its state.
#[derive(Debug)]
pub(super) struct ApiHandler {
    address: SocketAddr,
    owner: Account,
    latency: Latency,
    faults: FaultScript,
    wall_clock: fn() -> u64,
    state: Mutex<HandlerState>,
}

/// The state that requests change.
#[derive(Debug)]
struct HandlerState {
    list: FollowerList,
    limits: ServerLimits,
    script: FaultProgress,
    replies: u64,
}

/// The resource that a request names.
enum ApiRoute {
    Profile,
    Followers,
    RateLimit,
    /// No resource of this server, with the part of the documentation that GitHub links to.
    Missing(&'static str),
}

/// A request with its context.
struct RoutedRequest<'a> {
    request: &'a HttpRequest,
    /// The time of arrival.
    arrived: Instant,
    /// The time of arrival, in seconds since 1970.
    now: u64,
    /// The request ID for the response.
    id: &'a str,
}

impl ApiHandler {
    pub(super) fn new(settings: ServerSettings, address: SocketAddr) -> Self {
        Self {
            address,
            owner: Account::owner(&settings.user),
            latency: settings.latency,
            faults: settings.faults,
            wall_clock: settings.wall_clock,
            state: Mutex::new(HandlerState {
                list: FollowerList::new(settings.followers),
                limits: ServerLimits::new(QuotaWindow::new(HOURLY_LIMIT)),
                script: FaultProgress::default(),
                replies: 0,
            }),
        }
    }

    /// The number of requests that arrived during a limit after it had been announced.
    pub(super) fn early_requests(&self) -> u64 {
        self.lock_state().limits.early_requests()
    }

    /// Determines the response to a request that arrived at `arrived`: its content, timing and
    /// fault.
    pub(super) fn respond(
        &self,
        asked: &Result<HttpRequest, RequestHeadError>,
        arrived: Instant,
    ) -> (TimedResponse, Option<&FaultAction>) {
        let now = (self.wall_clock)();
        let mut state = self.lock_state();
        state.limits.quota.update_window(now);
        state.replies += 1;
        // Has the format of GitHub's IDs, but is counted rather than random, so that every run is
        // the same.
        let (number, reset) = (state.replies, state.limits.quota.reset);
        let id = &format!("C0DE:{number:06X}:{number:06X}:{number:06X}:{reset:08X}");
        let (answer, fault) = match asked {
            Ok(request) => {
                self.draft_response(&RoutedRequest { request, arrived, now, id }, &mut state)
            }
            Err(RequestHeadError::Malformed) => {
                (ResponseDraft::with_body(400, "text/plain", "This is not HTTP/1.1.\n"), None)
            }
            Err(RequestHeadError::TooLarge) => {
                let text = "These headers are too many or too long.\n";
                (ResponseDraft::with_body(431, "text/plain", text), None)
            }
        };
        let quota = state.limits.quota;
        drop(state);
        let close = asked.as_ref().map_or(true, |request| request.last);
        let headers = response_headers(&answer, &quota, id, now, close);
        let body_asked = asked.as_ref().map_or(true, |request| request.method != "HEAD");
        let body = if body_asked { answer.body } else { Vec::new() };
        let ResponseDraft { status, timing, .. } = answer;
        (TimedResponse { status, headers, body, timing, close }, fault)
    }

    fn lock_state(&self) -> MutexGuard<'_, HandlerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draft_response(
        &self,
        asked: &RoutedRequest<'_>,
        state: &mut HandlerState,
    ) -> (ResponseDraft, Option<&FaultAction>) {
        let HttpRequest { target, method, has_agent, .. } = asked.request;
        if !has_agent {
            return (ResponseDraft::missing_user_agent(), None);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let resource = self.route(method, path);
        if matches!(resource, ApiRoute::RateLimit) {
            return (ResponseDraft::json(200, rate_limit_body(&state.limits.quota)), None);
        }
        if let Err(refused) = state.limits.admit_request(asked.arrived) {
            return (ResponseDraft::limit_refusal(refused, asked.id), None);
        }
        match resource {
            ApiRoute::Missing(about) => (ResponseDraft::not_found(about), None),
            ApiRoute::Profile => self.draft_user_response(asked, FaultPoint::Profile, query, state),
            _ => self.draft_user_response(
                asked,
                FaultPoint::Page(Pagination::from_query(query).page),
                query,
                state,
            ),
        }
    }

    /// Drafts the response about the user and selects a fault. Faults apply to GET only, since
    /// clients do not fetch lists with HEAD.
    fn draft_user_response(
        &self,
        asked: &RoutedRequest<'_>,
        place: FaultPoint,
        query: &str,
        state: &mut HandlerState,
    ) -> (ResponseDraft, Option<&FaultAction>) {
        let scripted = asked.request.method == "GET";
        if scripted {
            for movement in state.script.take_list_changes(&self.faults, place) {
                state.list.apply_change(movement);
            }
        }
        let url = self.base_url(asked.request.host.as_deref());
        let answer = match place {
            FaultPoint::Profile => self.profile_response(&url, &state.list),
            FaultPoint::Page(_) => {
                self.page_response(&Pagination::from_query(query), &url, &state.list)
            }
        };
        let fault = if scripted { state.script.next_action(&self.faults, place) } else { None };
        let Some(fault) = fault else { return (answer, None) };
        let refused = match fault.limit() {
            None => return (fault.amend_draft(answer), Some(fault)),
            Some(FaultLimit::Primary(refused, seconds)) => {
                state.limits.exhaust_quota(refused, asked.now + seconds, asked.arrived);
                refused
            }
            Some(FaultLimit::Secondary(refused, lasts)) => {
                state.limits.begin_secondary_limit(refused, lasts, asked.arrived);
                refused
            }
        };
        (ResponseDraft::limit_refusal(refused, asked.id), None)
    }

    /// Returns the server's address for links. It has the host name of the request if that is a
    /// name of this machine, so that links do not appear to point to another server. No other name
    /// is repeated.
    fn base_url(&self, host: Option<&str>) -> String {
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

    fn route(&self, method: &str, path: &str) -> ApiRoute {
        if !matches!(method, "GET" | "HEAD") {
            return ApiRoute::Missing("");
        }
        let known = |login: &str| login.eq_ignore_ascii_case(&self.owner.login);
        // Links contain the user's ID, because a login may change between two pages.
        let numbered = |id: &str| id.parse() == Ok(self.owner.id);
        match path.split('/').collect::<Vec<_>>().as_slice() {
            ["", "users", login] if known(login) => ApiRoute::Profile,
            ["", "user", id] if numbered(id) => ApiRoute::Profile,
            ["", "users", login, "followers"] if known(login) => ApiRoute::Followers,
            ["", "user", id, "followers"] if numbered(id) => ApiRoute::Followers,
            ["", "rate_limit"] => ApiRoute::RateLimit,
            ["", "users" | "user", _] => ApiRoute::Missing("/users/users#get-a-user"),
            ["", "users" | "user", _, "followers"] => {
                ApiRoute::Missing("/users/followers#list-followers-of-a-user")
            }
            _ => ApiRoute::Missing(""),
        }
    }

    fn profile_response(&self, url: &str, list: &FollowerList) -> ResponseDraft {
        let timing = self.latency.profile_timing();
        ResponseDraft {
            timing,
            ..ResponseDraft::json(200, self.owner.profile_json(url, list.len()))
        }
    }

    /// Returns a page of followers.
    fn page_response(&self, paging: &Pagination, url: &str, list: &FollowerList) -> ResponseDraft {
        let address = format!("{url}/user/{}/followers", self.owner.id);
        let first = (paging.page - 1).saturating_mul(u64::from(paging.per_page));
        let users = list.accounts_from(first, paging.per_page, &self.owner);
        let users: Vec<String> = users.iter().map(|user| user.summary_json(url)).collect();
        ResponseDraft {
            link: paging.link_header(&address, list.len()),
            timing: self.latency.page_timing(paging.page),
            ..ResponseDraft::json(200, format!("[{}]", users.join(",")))
        }
    }
}

/// Returns all headers of the response with this request ID.
fn response_headers(
    answer: &ResponseDraft,
    quota: &QuotaWindow,
    id: &str,
    now: u64,
    close: bool,
) -> Vec<(&'static str, String)> {
    // The date is that of the time when the head is sent. HTTP dates end with the year 9999.
    let moment = now.saturating_add(answer.timing.wait.as_secs()).min(253_402_300_799);
    let mut headers = vec![
        ("date", httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(moment))),
        ("content-type", answer.content_type.to_owned()),
        ("content-length", answer.body.len().to_string()),
        ("x-github-media-type", "github.v3; format=json".to_owned()),
        ("x-ratelimit-limit", quota.limit.to_string()),
        ("x-ratelimit-remaining", quota.remaining().to_string()),
        ("x-ratelimit-reset", quota.reset.to_string()),
        ("x-ratelimit-used", quota.used.to_string()),
        ("x-ratelimit-resource", "core".to_owned()),
        ("x-github-request-id", id.to_owned()),
    ];
    headers.extend(answer.link.clone().map(|link| ("link", link)));
    headers.extend(answer.headers.iter().cloned());
    if close {
        headers.push(("connection", "close".to_owned()));
    }
    headers
}

fn rate_limit_body(quota: &QuotaWindow) -> String {
    let QuotaWindow { limit, used, reset } = quota;
    let remaining = quota.remaining();
    let core =
        format!(r#"{{"limit":{limit},"used":{used},"remaining":{remaining},"reset":{reset}}}"#);
    format!(r#"{{"resources":{{"core":{core}}},"rate":{core}}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api(limit: u64) -> ApiHandler {
        let settings = ServerSettings {
            user: "octocat".to_owned(),
            followers: 3,
            latency: Latency::Profile(crate::server::LatencyProfile::built_in()),
            port: 0,
            wall_clock: || 1_700_000_000,
            faults: FaultScript::default(),
            at_once: None,
        };
        let api = ApiHandler::new(settings, SocketAddr::from(([127, 0, 0, 1], 4321)));
        api.lock_state().limits = ServerLimits::new(QuotaWindow::new(limit));
        api
    }

    fn get(api: &ApiHandler, target: &str) -> TimedResponse {
        let request = HttpRequest {
            method: "GET".to_owned(),
            target: target.to_owned(),
            host: None,
            has_agent: true,
            last: false,
        };
        api.respond(&Ok(request), Instant::now()).0
    }

    #[test]
    fn an_exhausted_quota_refuses_everything_but_rate_limit() {
        let api = api(2);
        assert_eq!(get(&api, "/users/octocat").status, 200);
        assert_eq!(get(&api, "/nothing").status, 404);
        let refused = get(&api, "/users/octocat/followers");
        assert_eq!(refused.status, 403);
        assert!(
            refused.body.starts_with(br#"{"message":"API rate limit exceeded for 127.0.0.1. "#)
        );
        assert!(refused.timing.wait.is_zero());
        let remaining = ("x-ratelimit-remaining", "0".to_owned());
        assert!(refused.headers.contains(&remaining));
        let answer = get(&api, "/rate_limit");
        let core = r#"{"limit":2,"used":2,"remaining":0,"reset":1700003600}"#;
        let body = format!(r#"{{"resources":{{"core":{core}}},"rate":{core}}}"#);
        assert_eq!((answer.status, answer.body), (200, body.into_bytes()));
    }

    #[test]
    fn the_date_header_includes_the_latency() {
        let latency = Duration::from_millis(2_500);
        let latency = Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 };
        let api = ApiHandler { latency, ..api(9) };
        let date = |target| get(&api, target).headers.first().cloned();
        let expected = |date: &str| Some(("date", date.to_owned()));
        assert_eq!(date("/users/octocat"), expected("Tue, 14 Nov 2023 22:13:22 GMT"));
        assert_eq!(date("/rate_limit"), expected("Tue, 14 Nov 2023 22:13:20 GMT"));
        let far = ApiHandler { wall_clock: || u64::MAX, ..api };
        let date = get(&far, "/rate_limit").headers.first().cloned();
        assert_eq!(date, expected("Fri, 31 Dec 9999 23:59:59 GMT"));
    }

    #[test]
    fn links_repeat_the_host_header_only_for_local_names() {
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
            assert_eq!(api.base_url(Some(host)), url, "{host}");
        }
        assert_eq!(api.base_url(None), own);
    }

    #[test]
    fn a_page_number_of_any_size_gets_a_response() {
        let last = get(&api(9), "/users/octocat/followers?page=18446744073709551615");
        assert_eq!((last.status, last.body.as_slice()), (200, b"[]".as_slice()));
    }

    #[test]
    fn only_the_profile_and_the_pages_are_delayed() {
        let api = api(9);
        let waits = |target| !get(&api, target).timing.wait.is_zero();
        assert!(waits("/users/octocat"));
        assert!(waits("/users/octocat/followers"));
        assert!(!waits("/users/somebody"));
        assert!(!waits("/rate_limit"));
    }
}
