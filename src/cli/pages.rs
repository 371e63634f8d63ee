//! `threadline URL`: the pages of a list of any API, from a URL or a file of URLs, and what is read of them.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args;
use reqwest::header::HeaderValue;
use url::Url;

use super::api::{proxies, token};
use super::list_options::ListOptions;
use super::usage::{ListError, MAX_LIST_BYTES};
use super::values::whole;
use super::{Environment, UsageError, find_variable, into_lossy_string};
use crate::github::api::{Api, GITHUB};
use crate::http::transport::{host_name, is_local};
use crate::http::url_range::{self, UrlRange};
use crate::http::url_text::masked;
use crate::http::{ListAddresses, ListRequest, NextPointer, SecretHeaders, SecretUrl};
use crate::model::item_page::ItemPointers;
use crate::model::json_pointer::JsonPointer;
use crate::model::plan::MAX_TASKS;
use crate::model::printable::printable;
use crate::model::{PageAddressing, PagedList};

/// The default maximum size of a body, in megabytes.
const DEFAULT_MAX_BODY: usize = 16;

/// The heading of the options for lists.
const LIST_OPTIONS: &str = "Lists (threadline URL)";

#[derive(Args, Debug)]
#[command(next_help_heading = LIST_OPTIONS)]
pub(super) struct PagesArgs {
    /// Send this header to the server of the URL; @FILE reads one per line, so that ps shows none
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Fetch the URLs in FILE, one per line; - is stdin
    #[arg(long, value_name = "FILE")]
    urls: Option<PathBuf>,
    /// The array of items in a body, as a JSON Pointer [default: the only array]
    #[arg(long, value_name = "/POINTER")]
    items: Option<JsonPointer>,
    /// The identity of an item, as a JSON Pointer in it; later items with the same one are left out
    #[arg(long, value_name = "/POINTER")]
    id: Option<JsonPointer>,
    /// The URL of the next page in a body; with PARAM=, a cursor for that query parameter
    #[arg(long, value_name = "[PARAM=]/POINTER")]
    next: Option<NextPointer>,
    /// Send this User-Agent
    #[arg(long, value_name = "TEXT", value_parser = user_agent)]
    user_agent: Option<String>,
    /// Maximum size of a body in MB [default: 16]
    #[arg(long, value_name = "MB", value_parser = whole::<usize>(1..=1024))]
    max_body: Option<usize>,
    /// Maximum number of requests, retries and redirects included; then the run ends
    #[arg(long, value_name = "N", value_parser = whole::<u64>(1..=u64::from(u32::MAX)))]
    max_requests: Option<u64>,
}

/// Returns `true` if a word is a URL, or meant as one, and no username: it begins with a scheme or a host.
pub(super) fn is_url(word: &str) -> bool {
    let host = word.split(['/', '?', '#', '{']).next().unwrap_or_default();
    let is_name = |part: &str| part.starts_with(|c: char| c.is_ascii_alphanumeric());
    let has_domain =
        host.split_once('.').is_some_and(|(name, rest)| is_name(name) && is_name(rest));
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    word.contains("//") || has_domain || has_port || (host == "localhost" && word != host)
}

impl PagesArgs {
    /// Returns the first option that is given.
    pub(super) fn given(&self) -> Option<&'static str> {
        super::values::first_given([
            (!self.headers.is_empty(), "--header"),
            (self.items.is_some(), "--items"),
            (self.id.is_some(), "--id"),
            (self.next.is_some(), "--next"),
            (self.user_agent.is_some(), "--user-agent"),
            (self.max_body.is_some(), "--max-body"),
            (self.max_requests.is_some(), "--max-requests"),
        ])
    }

    /// Returns `true` if the URLs come from a file.
    pub(super) const fn has_file(&self) -> bool {
        self.urls.is_some()
    }

    /// Resolves the list of a URL or of a file. `has_output` is `true` if the items are written.
    pub(super) fn resolve(
        self,
        url: Option<&str>,
        api_url: Option<&str>,
        has_output: bool,
        environment: Environment<'_>,
    ) -> Result<ListOptions, UsageError> {
        let (shown, addressing, addresses) = match (url, &self.urls) {
            (Some(_), Some(_)) => return Err(ListError::UrlAndFile.into()),
            (None, Some(path)) => urls_from_file(path)?,
            (url, None) => addresses_of(url.unwrap_or_default(), self.next.is_some())?,
        };
        if let (Some(_), ListAddresses::Range(_) | ListAddresses::Urls(_)) =
            (&self.next, &addresses)
        {
            return Err(ListError::NextOfKnown.into());
        }
        let Some(first) = addresses.first() else { return Err(ListError::NoUrls(shown).into()) };
        let headers = self.request_headers()?;
        let base = find_variable(environment, "GITHUB_API_URL").map(into_lossy_string);
        let base = api_url.or(base.as_deref()).unwrap_or(GITHUB);
        let github = is_github(&first, base).then(|| base.to_owned());
        let token = if github.is_some() { token(environment)? } else { None };
        let pointers = ItemPointers { items: self.items, id: self.id };
        let needs_items = has_output || pointers != ItemPointers::default();
        let list = PagedList {
            url: shown,
            api: host_name(&first),
            addresses: addressing,
            pointers: pointers.clone(),
            costs_quota: !is_local(&first),
        };
        let request = ListRequest {
            first: SecretUrl(first),
            headers,
            github,
            with_token: token.is_some(),
            max_body_size: self.max_body.unwrap_or(DEFAULT_MAX_BODY) << 20,
            pointers,
            reads_links: addresses.count().is_none(),
            next: self.next,
            needs_items,
        };
        let (proxies, max_requests) = (proxies(environment), self.max_requests);
        Ok(ListOptions { list, addresses, request, token, proxies, max_requests })
    }

    fn request_headers(&self) -> Result<SecretHeaders, UsageError> {
        let mut headers = self.headers.clone();
        headers.extend(self.user_agent.iter().map(|agent| format!("User-Agent: {agent}")));
        Ok(SecretHeaders::parse(&headers)?)
    }
}

/// Parses the value of `--user-agent`.
fn user_agent(text: &str) -> Result<String, String> {
    let is_valid = !text.trim().is_empty() && HeaderValue::from_str(text).is_ok();
    let problem = "it is empty, or contains a line break or another control character";
    is_valid.then(|| text.to_owned()).ok_or_else(|| problem.to_owned())
}

/// Returns the addresses that a URL stands for, with the text that may be shown.
fn addresses_of(
    text: &str,
    has_next: bool,
) -> Result<(String, PageAddressing, ListAddresses), UsageError> {
    if let Some(range) = UrlRange::parse(text)? {
        return Ok((range.masked(), PageAddressing::Range, ListAddresses::Range(range)));
    }
    let url = url_range::parse_url(text)?;
    let addressing = if has_next { PageAddressing::Body } else { PageAddressing::Links };
    Ok((printable(&masked(&url)), addressing, ListAddresses::First(SecretUrl(url))))
}

/// Returns `true` if the URL is one of GitHub's API at `base`.
fn is_github(url: &Url, base: &str) -> bool {
    Api::new(base, None).is_ok_and(|api| {
        let base = api.base();
        base.origin() == url.origin() && url.path().starts_with(base.path())
    })
}

/// Reads one URL per line, skipping blank lines and those that begin with #. `-` is stdin. All are on one
/// server, which the headers are for.
fn urls_from_file(path: &Path) -> Result<(String, PageAddressing, ListAddresses), UsageError> {
    let (place, text) = if path.as_os_str() == "-" {
        ("stdin".to_owned(), read_bounded(io::stdin().lock()))
    } else {
        (printable(&path.display().to_string()), File::open(path).and_then(read_bounded))
    };
    let text = text.map_err(|error| ListError::Unreadable {
        place: place.clone(),
        reason: error.to_string(),
    })?;
    let mut urls: Vec<SecretUrl> = Vec::new();
    for (line, text) in (1..).zip(text.lines()).map(|(line, text)| (line, text.trim())) {
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let invalid = |error| ListError::Line { place: place.clone(), line, error };
        let url = url_range::parse_url(text).map_err(invalid)?;
        if let Some(SecretUrl(first)) =
            urls.first().filter(|first| first.0.origin() != url.origin())
        {
            let [first, other] = server_names(first, &url);
            return Err(ListError::TwoServers { place, line, first, other }.into());
        }
        urls.push(SecretUrl(url));
    }
    if urls.len() > MAX_TASKS as usize {
        return Err(ListError::TooMany(place).into());
    }
    Ok((place, PageAddressing::Urls, ListAddresses::Urls(urls)))
}

/// Returns the names of two servers, with their schemes if they differ in that.
fn server_names(one: &Url, other: &Url) -> [String; 2] {
    let [first, second] = [one, other].map(host_name);
    if first == second {
        [one, other].map(|url| url.origin().ascii_serialization())
    } else {
        [first, second]
    }
}

fn read_bounded(from: impl Read) -> io::Result<String> {
    let mut text = String::new();
    from.take(MAX_LIST_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LIST_BYTES {
        return Err(io::Error::other(format!("it is larger than {} MB", MAX_LIST_BYTES >> 20)));
    }
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}
