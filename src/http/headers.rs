//! Parses response headers.

use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// Returns the `Retry-After` duration: RFC 9110, section 10.2.3.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = parse_header(headers, RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    let moment = date_seconds(headers, RETRY_AFTER.as_str())?;
    Some(Duration::from_secs(moment.saturating_sub(date_seconds(headers, DATE.as_str())?)))
}

/// Parses a date header, in seconds since 1970.
pub(crate) fn date_seconds(headers: &HeaderMap, name: &str) -> Option<u64> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// Parses a header as a value.
pub(crate) fn parse_header<T: FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
