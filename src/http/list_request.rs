//! The pages of a list as the user names them: the addresses that are known in advance, and what all
//! requests have in common. `Debug` output has no secrets.

use serde::{Deserialize, Serialize};
use url::Url;

use super::next_pointer::NextPointer;
use super::secret_headers::SecretHeaders;
use super::secret_url::SecretUrl;
use super::url_range::UrlRange;
use crate::model::TaskId;
use crate::model::item_page::ItemPointers;

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

    /// The address of the first page, if there is any.
    pub fn first(&self) -> Option<Url> {
        self.url(TaskId(1))
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
    pub headers: SecretHeaders,
    /// The base address of GitHub's API, if the list is one of it.
    pub github: Option<String>,
    /// Set if requests carry the token. A worker process reads it from the same place as its parent.
    pub with_token: bool,
    /// The maximum size of a body, in bytes.
    pub max_body_size: usize,
    /// The places of the items and of their identities.
    pub pointers: ItemPointers,
    /// Set if the Link header of a page has the addresses of further ones, which are not known otherwise.
    pub reads_links: bool,
    /// The place of the next address in the body.
    pub next: Option<NextPointer>,
    /// Set if a body that is not JSON is an error.
    pub needs_items: bool,
}
