//! The list of a report.

use serde::Serialize;

use crate::model::{PageAddressing, PagedList};

/// The list whose pages are fetched.
#[derive(Clone, Debug, Serialize)]
pub struct ListReport {
    /// The URL with its range and with secrets masked, or the file of URLs.
    pub url: String,
    /// The host of the server.
    pub api: String,
    /// `range`, `urls`, `links` (the Link header of the first page) or `body` (each page has the address
    /// of the next one).
    pub addresses: PageAddressing,
    /// The JSON Pointer of the items; null for the only array.
    pub items: Option<String>,
    /// The JSON Pointer of an item's identity; null if items are not compared.
    pub id: Option<String>,
    /// `true` if the requests may count against a rate limit.
    pub costs_quota: bool,
}

impl ListReport {
    pub(super) fn from_list(list: &PagedList) -> Self {
        let PagedList { url, api, addresses, pointers, costs_quota } = list.clone();
        let [items, id] = [pointers.items, pointers.id].map(|one| one.map(|one| one.to_string()));
        Self { url, api, addresses, items, id, costs_quota }
    }
}
