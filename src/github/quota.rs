//! Rate limits: what the headers say of them.

use reqwest::header::HeaderMap;

use crate::model::Quota;

/// The quota that a reply states; nothing where the server states none, as GitHub Enterprise Server
/// does not by default. Source: <https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>.
pub(super) fn read(headers: &HeaderMap) -> Option<Quota> {
    Some(Quota {
        limit: number(headers, "x-ratelimit-limit")?,
        remaining: number(headers, "x-ratelimit-remaining")?,
        reset: number(headers, "x-ratelimit-reset")?,
    })
}

/// Whether a 403 or 429 means that too much was asked, and not that it may not be asked at all.
pub(super) fn is_limit(headers: &HeaderMap, message: &str) -> bool {
    let used_up = number::<u32>(headers, "x-ratelimit-remaining") == Some(0);
    used_up
        || headers.contains_key("retry-after")
        || message.to_ascii_lowercase().contains("rate limit")
}

/// When the server wants to be asked again, as a person reads it: "in 60 s" or "at 15:42 UTC".
pub(super) fn again(headers: &HeaderMap) -> String {
    if let Some(seconds) = number::<u64>(headers, "retry-after") {
        return format!("in {seconds} s");
    }
    match number::<u64>(headers, "x-ratelimit-reset") {
        Some(reset) => format!("at {:02}:{:02} UTC", reset / 3600 % 24, reset / 60 % 60),
        None => "in a few minutes".to_owned(),
    }
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}
