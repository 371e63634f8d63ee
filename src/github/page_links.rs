//! Parses the Link header (RFC 8288), which is untrusted: only page numbers are used, and only from
//! links to the server that sent them.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use crate::model::plan::MAX_TASKS;

/// The pages that a response links to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLinks {
    /// The next page.
    pub next: Option<u32>,
    /// The last page.
    pub last: Option<u32>,
}

/// The reason why a Link header is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// The header does not conform to RFC 8288.
    #[error("its Link header is malformed")]
    Malformed,
    /// A link points to another server.
    #[error("its Link header points to another server")]
    ForeignServer,
    /// The page is not an integer from 1 to [`MAX_TASKS`].
    #[error("its Link header has no page number from 1 to {MAX_TASKS}")]
    InvalidPage,
}

/// Parses a Link header sent by the server at `base`. Relations other than `next` and `last` are
/// ignored.
pub fn parse_links(header: &str, base: &Url) -> Result<PageLinks, LinkError> {
    let mut links = PageLinks::default();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (target, after) = rest
            .strip_prefix('<')
            .and_then(|rest| rest.split_once('>'))
            .ok_or(LinkError::Malformed)?;
        let (parameters, after) = split_parameters(after);
        for relation in relations(parameters) {
            let place = match relation.to_ascii_lowercase().as_str() {
                "next" => &mut links.next,
                "last" => &mut links.last,
                _ => continue,
            };
            *place = Some(page_number(target, base)?);
        }
        rest = after;
    }
    Ok(links)
}

/// Splits at the comma that ends a link's parameters, ignoring commas in quotes.
fn split_parameters(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let end = text.find(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    match end.and_then(|end| text.split_at_checked(end)) {
        Some((parameters, rest)) => (parameters, rest.trim_start_matches([',', ' ', '\t'])),
        None => (text, ""),
    }
}

/// Returns the relation types in a link's parameters, such as `; rel="next last"`.
fn relations(parameters: &str) -> impl Iterator<Item = &str> {
    parameters
        .split(';')
        .filter_map(|parameter| parameter.split_once('='))
        .filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"))
        .flat_map(|(_, value)| value.trim().trim_matches('"').split_ascii_whitespace())
}

fn page_number(target: &str, base: &Url) -> Result<u32, LinkError> {
    let url = base.join(target).map_err(|_unreadable| LinkError::Malformed)?;
    if url.origin() != base.origin() {
        return Err(LinkError::ForeignServer);
    }
    let mut pages = url.query_pairs().filter(|(name, _)| name == "page");
    let page = pages.next().and_then(|(_, page)| page.parse().ok());
    page.filter(|page| (1..=MAX_TASKS).contains(page)).ok_or(LinkError::InvalidPage)
}
