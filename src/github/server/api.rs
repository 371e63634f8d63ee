//! What is said to a request: GitHub's REST API as far as one user's followers go, to the letter.
//!
//! Sources: <https://docs.github.com/rest/users/followers#list-followers-of-a-user>,
//! <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>, the published
//! description of the API (npm `@octokit/openapi`), and recorded answers.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use tokio::time::Instant;

use super::Settings;
use super::accounts::Account;
use super::answer::Answer;
use super::faults::{Faults, Kind, Limit, Place, Script};
use super::head::{Refusal, Request};
use super::latency::Latency;
use super::limits::Limits;
use super::list::List;
use super::paging::Paging;
use super::quota::{HOURLY_LIMIT, Quota};
use super::reply::Reply;

/// The API of a server: what it knows, and what happened so far.
#[derive(Debug)]
pub(super) struct Api {
    address: SocketAddr,
    owner: Account,
    latency: Latency,
    faults: Faults,
    wall_clock: fn() -> u64,
    state: Mutex<State>,
}

/// What requests change.
#[derive(Debug)]
struct State {
    list: List,
    limits: Limits,
    script: Script,
    replies: u64,
}

/// What was asked for.
enum Resource {
    Profile,
    Followers,
    RateLimit,
    /// Nothing that is here; the documentation that GitHub then points to.
    Missing(&'static str),
}

/// A request as the API sees it.
struct Asked<'a> {
    request: &'a Request,
    /// When it came.
    arrived: Instant,
    /// When it came, in seconds since 1970.
    now: u64,
    /// The number that its reply bears.
    id: &'a str,
}

impl Api {
    pub(super) fn new(settings: Settings, address: SocketAddr) -> Self {
        Self {
            address,
            owner: Account::owner(&settings.user),
            latency: settings.latency,
            faults: settings.faults,
            wall_clock: settings.wall_clock,
            state: Mutex::new(State {
                list: List::new(settings.followers),
                limits: Limits::new(Quota::new(HOURLY_LIMIT)),
                script: Script::default(),
                replies: 0,
            }),
        }
    }

    /// How many requests came while a limit lasted, although it had been said before.
    pub(super) fn early(&self) -> u64 {
        self.state().limits.early()
    }

    /// Decides everything about the reply to a request that came then: what is said, and when, and
    /// what goes wrong.
    pub(super) fn reply(
        &self,
        asked: &Result<Request, Refusal>,
        arrived: Instant,
    ) -> (Reply, Option<&Kind>) {
        let now = (self.wall_clock)();
        let mut state = self.state();
        state.limits.quota.look(now);
        state.replies += 1;
        // Shaped like GitHub's; counted, and not random, so that every run is the same.
        let (number, reset) = (state.replies, state.limits.quota.reset);
        let id = &format!("C0DE:{number:06X}:{number:06X}:{number:06X}:{reset:08X}");
        let (answer, fault) = match asked {
            Ok(request) => self.answer(&Asked { request, arrived, now, id }, &mut state),
            Err(Refusal::Malformed) => {
                (Answer::plain(400, "text/plain", "This is not HTTP/1.1.\n"), None)
            }
            Err(Refusal::TooLarge) => {
                let said = "These headers are too many or too long.\n";
                (Answer::plain(431, "text/plain", said), None)
            }
        };
        let quota = state.limits.quota;
        drop(state);
        let close = asked.as_ref().map_or(true, |request| request.last);
        let headers = headers(&answer, &quota, id, now, close);
        let body_asked = asked.as_ref().map_or(true, |request| request.method != "HEAD");
        let body = if body_asked { answer.body } else { Vec::new() };
        let Answer { status, timing, .. } = answer;
        (Reply { status, headers, body, timing, close }, fault)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, asked: &Asked<'_>, state: &mut State) -> (Answer, Option<&Kind>) {
        let Request { target, method, has_agent, .. } = asked.request;
        if !has_agent {
            return (Answer::no_agent(), None);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let resource = self.resource(method, path);
        if matches!(resource, Resource::RateLimit) {
            return (Answer::json(200, rate_limit(&state.limits.quota)), None);
        }
        if let Err(refused) = state.limits.admit(asked.arrived) {
            return (Answer::refused(refused, asked.id), None);
        }
        match resource {
            Resource::Missing(about) => (Answer::missing(about), None),
            Resource::Profile => self.user(asked, Place::Profile, query, state),
            _ => self.user(asked, Place::Page(Paging::of(query).page), query, state),
        }
    }

    /// What is said of the user, and what goes wrong with it. Faults meet GET alone: HEAD is not how
    /// anybody fetches a list.
    fn user(
        &self,
        asked: &Asked<'_>,
        place: Place,
        query: &str,
        state: &mut State,
    ) -> (Answer, Option<&Kind>) {
        let scripted = asked.request.method == "GET";
        if scripted {
            for movement in state.script.movements(&self.faults, place) {
                state.list.change(movement);
            }
        }
        let url = self.url(asked.request.host.as_deref());
        let numbered = format!("{url}/user/{}", self.owner.id);
        let (answer, elsewhere) = match place {
            Place::Profile => (self.profile(&url, &state.list), numbered),
            Place::Page(_) => {
                let address = numbered + "/followers";
                let answer = self.page(&Paging::of(query), &url, &address, &state.list);
                (answer, format!("{address}?{query}"))
            }
        };
        let fault = if scripted { state.script.next(&self.faults, place) } else { None };
        let Some(fault) = fault else { return (answer, None) };
        let refused = match fault.limit() {
            None => return (fault.amend(answer, &elsewhere), Some(fault)),
            Some(Limit::Primary(refused, seconds)) => {
                state.limits.exhaust(refused, asked.now + seconds, asked.arrived);
                refused
            }
            Some(Limit::Secondary(refused, lasts)) => {
                state.limits.refuse(refused, lasts, asked.arrived);
                refused
            }
        };
        (Answer::refused(refused, asked.id), None)
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

    fn profile(&self, url: &str, list: &List) -> Answer {
        let timing = self.latency.of_profile();
        Answer { timing, ..Answer::json(200, self.owner.profile(url, list.len())) }
    }

    /// A page; `address` is what its links lead to.
    fn page(&self, paging: &Paging, url: &str, address: &str, list: &List) -> Answer {
        let first = (paging.page - 1).saturating_mul(u64::from(paging.per_page));
        let users = list.from(first, paging.per_page, &self.owner);
        let users: Vec<String> = users.iter().map(|user| user.simple(url)).collect();
        Answer {
            link: paging.links(address, list.len()),
            timing: self.latency.of_page(paging.page),
            ..Answer::json(200, format!("[{}]", users.join(",")))
        }
    }
}

/// Every header of the reply with this id to a request that came then.
fn headers(
    answer: &Answer,
    quota: &Quota,
    id: &str,
    now: u64,
    close: bool,
) -> Vec<(&'static str, String)> {
    // As of when the head leaves. No calendar of HTTP goes beyond the year 9999.
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
            faults: Faults::default(),
            at_once: None,
        };
        let api = Api::new(settings, SocketAddr::from(([127, 0, 0, 1], 4321)));
        api.state().limits = Limits::new(Quota::new(limit));
        api
    }

    fn get(api: &Api, target: &str) -> Reply {
        let request = Request {
            method: "GET".to_owned(),
            target: target.to_owned(),
            host: None,
            has_agent: true,
            last: false,
        };
        api.reply(&Ok(request), Instant::now()).0
    }

    #[test]
    fn a_quota_that_ran_dry_refuses_all_but_the_question_for_it() {
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
    fn the_date_is_that_of_the_answer() {
        let latency = Duration::from_millis(2_500);
        let latency = Latency::Uniform { latency, jitter: Duration::ZERO, seed: 0 };
        let api = Api { latency, ..api(9) };
        let date = |target| get(&api, target).headers.first().cloned();
        let expected = |date: &str| Some(("date", date.to_owned()));
        assert_eq!(date("/users/octocat"), expected("Tue, 14 Nov 2023 22:13:22 GMT"));
        assert_eq!(date("/rate_limit"), expected("Tue, 14 Nov 2023 22:13:20 GMT"));
        let far = Api { wall_clock: || u64::MAX, ..api };
        let date = get(&far, "/rate_limit").headers.first().cloned();
        assert_eq!(date, expected("Fri, 31 Dec 9999 23:59:59 GMT"));
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
