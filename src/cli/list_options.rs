//! A list to fetch, as the arguments describe it.

use crate::github::Token;
use crate::http::{ListAddresses, ListRequest, ProxySettings};
use crate::model::PagedList;

/// A list to fetch.
#[derive(Clone, Debug)]
pub struct ListOptions {
    /// The list as it may be shown.
    pub list: PagedList,
    /// The addresses of its pages.
    pub addresses: ListAddresses,
    /// The requests.
    pub request: ListRequest,
    /// GitHub's token.
    pub token: Option<Token>,
    /// The proxies.
    pub proxies: ProxySettings,
    /// The maximum number of requests, if there is one.
    pub max_requests: Option<u64>,
}
