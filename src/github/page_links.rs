//! The pages that GitHub's Link header names. It is untrusted: only page numbers are used, and only from
//! links to the server that sent them.

use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::http::{LinkError, LinkSet};
use crate::model::plan::MAX_TASKS;

/// The pages that a response links to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLinks {
    /// The next page.
    pub next: Option<u32>,
    /// The last page.
    pub last: Option<u32>,
}

/// The reason why the pages of a Link header are rejected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PageLinkError {
    /// The header is malformed, or points to another server.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The page is not an integer from 1 to [`MAX_TASKS`].
    #[error("its Link header has no page number from 1 to {MAX_TASKS}")]
    InvalidPage,
}

/// Parses the Link header of a response of the server at `base`. Relations other than `next` and `last` are
/// ignored.
pub fn parse_links(headers: &HeaderMap, base: &Url) -> Result<PageLinks, PageLinkError> {
    let links = LinkSet::from_headers(headers, base)?;
    let page = |relation| links.own_rel(relation, base)?.as_ref().map(page_number).transpose();
    Ok(PageLinks { next: page("next")?, last: page("last")? })
}

fn page_number(url: &Url) -> Result<u32, PageLinkError> {
    let mut pages = url.query_pairs().filter(|(name, _)| name == "page");
    let page = pages.next().and_then(|(_, page)| page.parse().ok());
    page.filter(|page| (1..=MAX_TASKS).contains(page)).ok_or(PageLinkError::InvalidPage)
}
