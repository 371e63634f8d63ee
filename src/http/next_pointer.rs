//! The URL of the next page from the body of a page, for APIs without Link headers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;
use url::form_urlencoded::byte_serialize;

use super::origin::{OriginError, own_url};
use super::url_text::decoded;
use crate::model::item_page::{ItemsError, parse_body};
use crate::model::json_pointer::{JsonPlace, JsonPointer, PointerError};
use crate::model::printable::printable;

/// The place of the next page in a body: `/links/next` for a URL, or `cursor=/meta/next` for a value of the
/// query parameter `cursor`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NextPointer {
    parameter: Option<Box<str>>,
    pointer: JsonPointer,
}

/// The next page as a body states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPage {
    /// Its URL.
    Url(Url),
    /// There is none: the value is null, empty or false.
    End,
    /// The body has no such value. Many APIs omit it on the last page; on the first one, the pointer may
    /// be wrong.
    Missing(Box<JsonPlace>),
}

/// The reason why the next page cannot be requested.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NextError {
    /// The body is not JSON.
    #[error(transparent)]
    Body(#[from] ItemsError),
    /// The value is a cursor, but its parameter is not known.
    #[error(
        "the value at \"{0}\" is not a URL; if it is a cursor, name its query parameter: \
         --next cursor={0}"
    )]
    NoUrl(String),
    /// The value is neither a text nor a number.
    #[error("{0}, not a URL or a cursor; check --next")]
    NoText(Box<JsonPlace>),
    /// The URL is not requested.
    #[error("the next page is on {0}")]
    Origin(#[from] OriginError),
    /// The next page is the one that names it.
    #[error("the next page is the page itself, so the list has no end")]
    Loop,
}

impl NextPointer {
    /// Returns the next page that the body of the page at `current` states.
    pub fn find(&self, body: &[u8], current: &Url) -> Result<NextPage, NextError> {
        let body = parse_body(body)?;
        let value = match self.pointer.find(body) {
            Ok(value) => value,
            Err(place) => return Ok(NextPage::Missing(place)),
        };
        let text = match value.get().as_bytes().first() {
            Some(b'"') => serde_json::from_str::<String>(value.get()).ok(),
            Some(b'-' | b'0'..=b'9') => Some(value.get().to_owned()),
            _ if matches!(value.get(), "null" | "false") => Some(String::new()),
            _ => None,
        };
        let text = text.ok_or_else(|| {
            NextError::NoText(Box::new(JsonPlace::new(self.pointer.clone(), value)))
        })?;
        if text.is_empty() {
            return Ok(NextPage::End);
        }
        let next = self.url(&text, current)?;
        let next = own_url(current, &next)?;
        if next == *current { Err(NextError::Loop) } else { Ok(NextPage::Url(next)) }
    }

    fn url(&self, text: &str, current: &Url) -> Result<Url, NextError> {
        if let Some(name) = &self.parameter {
            return Ok(with_parameter(current, name, text));
        }
        // A cursor would be a relative URL too.
        let is_url = ["http://", "https://", "/", "?"].iter().any(|start| text.starts_with(start));
        let url = current.join(text).ok().filter(|_| is_url);
        url.ok_or_else(|| NextError::NoUrl(printable(&self.pointer.to_string())))
    }
}

impl FromStr for NextPointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let (parameter, pointer) = match text.split_once("=/") {
            Some((name, _)) if !name.is_empty() && !name.starts_with('/') => {
                (Some(name.into()), text.get(name.len() + 1..).unwrap_or_default())
            }
            _ => (None, text),
        };
        Ok(Self { parameter, pointer: pointer.parse()? })
    }
}

impl TryFrom<String> for NextPointer {
    type Error = PointerError;

    fn try_from(text: String) -> Result<Self, PointerError> {
        text.parse()
    }
}

impl From<NextPointer> for String {
    fn from(pointer: NextPointer) -> Self {
        pointer.to_string()
    }
}

impl fmt::Display for NextPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.parameter {
            Some(name) => write!(f, "{name}={}", self.pointer),
            None => write!(f, "{}", self.pointer),
        }
    }
}

/// Returns a URL with a query parameter set. The others stay as they are written.
fn with_parameter(url: &Url, name: &str, value: &str) -> Url {
    let name_of = |part: &str| decoded(part.split('=').next().unwrap_or_default());
    let parts = url.query().into_iter().flat_map(|query| query.split('&'));
    let mut parts: Vec<String> =
        parts.filter(|part| !part.is_empty() && name_of(part) != name).map(str::to_owned).collect();
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    parts.push(format!("{}={}", encode(name), encode(value)));
    let mut url = url.clone();
    url.set_query(Some(&parts.join("&")));
    url
}

#[cfg(test)]
mod tests;
