//! Heads of responses for the tests of this room: recorded from GitHub, GitLab, Gitea and Bitbucket, with
//! the headers that matter here.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

pub(super) const GITHUB: &str = include_str!("../../tests/fixtures/heads/github.txt");
pub(super) const GITHUB_CURSOR: &str = include_str!("../../tests/fixtures/heads/github_cursor.txt");
pub(super) const GITLAB: &str = include_str!("../../tests/fixtures/heads/gitlab.txt");
pub(super) const GITEA: &str = include_str!("../../tests/fixtures/heads/gitea.txt");
pub(super) const BITBUCKET: &str = include_str!("../../tests/fixtures/heads/bitbucket.txt");

/// The URL of the request and the headers of the response.
pub(super) fn recorded(head: &str) -> (Url, HeaderMap) {
    let request = head.lines().next().unwrap().strip_prefix("GET ").unwrap();
    let lines = head.lines().skip(2).map(|line| line.split_once(": ").unwrap());
    (url(request), headers(lines))
}

pub(super) fn headers<'a>(lines: impl IntoIterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let header = |(name, value): (&str, &str)| {
        (HeaderName::try_from(name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    lines.into_iter().map(header).fold(HeaderMap::new(), |mut headers, (name, value)| {
        headers.append(name, value);
        headers
    })
}

pub(super) fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}
