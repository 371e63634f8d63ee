//! The list of an API that the user names by a URL, as far as it may be shown and recorded: secrets are
//! masked. The URLs that are requested, the headers and the token are known to the launcher alone.

use serde::{Deserialize, Serialize};

use super::item_page::ItemPointers;

/// A list whose pages are fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PagedList {
    /// The URL of the list, with its range and with secrets masked; or the name of the file of URLs.
    pub url: String,
    /// The host of the server.
    pub api: String,
    /// The way to the addresses of the pages.
    pub addresses: PageAddressing,
    /// The places of the items and of their identities.
    pub pointers: ItemPointers,
    /// `true` if requests may count against a rate limit. Requests to this machine do not.
    pub costs_quota: bool,
}

/// The way to the addresses of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageAddressing {
    /// All addresses are known: a range in braces.
    Range,
    /// All addresses are known: a file of URLs.
    Urls,
    /// The first page has a Link header, which names the last page or the next one.
    Links,
    /// The Link header of each page has turned out to name the next one alone.
    NextLinks,
    /// The body of each page has the address of the next one.
    Body,
}

impl PagedList {
    /// Returns `true` if the address of each page is known to be in the page before.
    pub const fn is_chained(&self) -> bool {
        matches!(self.addresses, PageAddressing::NextLinks | PageAddressing::Body)
    }
}
