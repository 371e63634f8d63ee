//! The pages of a list as the user names them: the addresses that are known in advance, and what all
//! requests have in common. `Debug` output has no secrets.

use std::fmt;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::Url;

use super::secret_url::SecretUrl;
use super::url_range::UrlRange;
use crate::model::TaskId;
use crate::model::item_page::ItemPointers;
use crate::model::json_pointer::JsonPointer;

/// The way to the addresses.
#[derive(Clone, Debug)]
pub enum ListAddresses {
    /// A range of URLs.
    Range(UrlRange),
    /// A list of URLs.
    Urls(Vec<SecretUrl>),
    /// The first page, which has the addresses of further ones.
    First(SecretUrl),
}

impl ListAddresses {
    /// The number of pages, if it is known in advance.
    pub fn count(&self) -> Option<u32> {
        match self {
            Self::Range(range) => Some(range.count()),
            Self::Urls(urls) => u32::try_from(urls.len()).ok(),
            Self::First(_) => None,
        }
    }

    /// Returns the address of a page that is known in advance.
    pub fn url(&self, TaskId(page): TaskId) -> Option<Url> {
        let index = page.checked_sub(1)?;
        match self {
            Self::Range(range) => range.url(index),
            Self::Urls(urls) => urls.get(index as usize).map(|SecretUrl(url)| url.clone()),
            Self::First(SecretUrl(url)) => (index == 0).then(|| url.clone()),
        }
    }
}

/// The parameters of the requests of a list. A worker process receives them through its pipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListRequest {
    /// The first URL. All requests go to its origin.
    pub first: SecretUrl,
    /// The headers that the user gave.
    pub headers: SecretHeaderMap,
    /// The base address of GitHub's API, if the list is one of it.
    pub github: Option<String>,
    /// Set if requests carry the token. A worker process reads it from the same place as its parent.
    pub with_token: bool,
    /// The maximum size of a body, in bytes.
    pub max_body_size: usize,
    /// The places of the items and of their identities.
    pub pointers: ItemPointers,
    /// The place of the next address in the body.
    pub next: Option<NextPointer>,
    /// Set if a body that is not JSON is an error.
    pub needs_items: bool,
}

/// The place of the next address in a body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextPointer {
    /// The place of the URL or of the cursor.
    pub pointer: JsonPointer,
    /// The query parameter that the cursor is put into; `None` for a URL.
    pub parameter: Option<String>,
}

/// Headers that can be sent to the server and to a worker process, but not printed.
#[derive(Clone, PartialEq)]
pub struct SecretHeaderMap(pub HeaderMap);

impl fmt::Debug for SecretHeaderMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Serialize for SecretHeaderMap {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))
    }
}

impl<'de> Deserialize<'de> for SecretHeaderMap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(String, Vec<u8>)>::deserialize(deserializer)?;
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let name: HeaderName = name.parse().map_err(de::Error::custom)?;
            let mut value = HeaderValue::from_bytes(&value).map_err(de::Error::custom)?;
            value.set_sensitive(true);
            headers.append(name, value);
        }
        Ok(Self(headers))
    }
}
