//! Web links in the Link header of a response (RFC 8288). The header is untrusted.

use reqwest::header::{HeaderMap, HeaderValue, LINK};
use thiserror::Error;
use url::Url;

use super::origin::{OriginError, own_url};

/// Relations between pages. Their links must be URLs; an invalid link of another relation does not matter.
const PAGE_RELATIONS: [&str; 5] = ["first", "prev", "previous", "next", "last"];

/// The links of a response, by their relations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkSet {
    /// The relations, in lower case, and their targets.
    links: Vec<(Box<str>, Url)>,
}

/// The reason why a Link header is rejected.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LinkError {
    /// The header does not conform to RFC 8288.
    #[error("its Link header is malformed")]
    Malformed,
    /// A link is not requested.
    #[error("its Link header points to {0}")]
    Origin(#[from] OriginError),
}

/// A link as it is in the header.
struct RawLink<'header> {
    target: &'header str,
    /// The relation types, separated by spaces.
    relations: String,
    /// Set if the link is about a resource other than the one that was requested.
    has_anchor: bool,
}

/// The rest of a header that is still to be parsed.
struct LinkParser<'header>(&'header str);

impl LinkSet {
    /// Parses the Link headers of a response to a request of `base`, to which targets are relative. A
    /// response without one has no links.
    pub fn from_headers(headers: &HeaderMap, base: &Url) -> Result<Self, LinkError> {
        let mut set = Self::default();
        // A list may be split into several header lines: RFC 9110, section 5.3.
        for line in headers.get_all(LINK).iter().map(HeaderValue::to_str) {
            let mut parser = LinkParser(line.map_err(|_not_text| LinkError::Malformed)?);
            while let Some(link) = parser.next_link()? {
                set.insert(&link, base)?;
            }
        }
        Ok(set)
    }

    /// Returns the target of a relation, whose name is in lower case.
    pub fn rel(&self, relation: &str) -> Option<&Url> {
        self.links.iter().find(|(name, _)| **name == *relation).map(|(_, url)| url)
    }

    /// Returns the target of a relation like [`Self::rel`], on the server of `base`, as [`own_url`] does.
    ///
    /// # Errors
    ///
    /// Returns an error if the target is on another server, which must not get the headers of requests.
    pub fn own_rel(&self, relation: &str, base: &Url) -> Result<Option<Url>, LinkError> {
        Ok(self.rel(relation).map(|url| own_url(base, url)).transpose()?)
    }

    /// Returns `true` if there are no links.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty()
    }

    fn insert(&mut self, link: &RawLink<'_>, base: &Url) -> Result<(), LinkError> {
        if link.has_anchor {
            return Ok(());
        }
        let target = base.join(link.target);
        for relation in link.relations.to_ascii_lowercase().split_ascii_whitespace() {
            match &target {
                Ok(url) => self.links.push((relation.into(), url.clone())),
                Err(_) if PAGE_RELATIONS.contains(&relation) => return Err(LinkError::Malformed),
                Err(_) => {}
            }
        }
        Ok(())
    }
}

impl<'header> LinkParser<'header> {
    /// Parses the next link: `<target>; name=value; name="value"`. Lists may have empty elements: RFC 9110,
    /// section 5.6.1.
    fn next_link(&mut self) -> Result<Option<RawLink<'header>>, LinkError> {
        self.0 = self.0.trim_start_matches([',', ' ', '\t']);
        if self.0.is_empty() {
            return Ok(None);
        }
        let rest = self.0.strip_prefix('<').ok_or(LinkError::Malformed)?;
        let (target, rest) = rest.split_once('>').ok_or(LinkError::Malformed)?;
        self.0 = rest;
        let (mut relations, mut has_anchor) = (None, false);
        while self.skip(';') {
            let (name, value) = self.parameter()?;
            match name.to_ascii_lowercase().as_str() {
                // Further ones are ignored: RFC 8288, section 3.3.
                "rel" => _ = relations.get_or_insert(value),
                "anchor" => has_anchor = true,
                _ => {}
            }
        }
        if !self.0.is_empty() && !self.0.starts_with(',') {
            return Err(LinkError::Malformed);
        }
        Ok(Some(RawLink { target, relations: relations.unwrap_or_default(), has_anchor }))
    }

    /// Parses a parameter, which may be empty.
    fn parameter(&mut self) -> Result<(&'header str, String), LinkError> {
        self.trim_start();
        let name = self.take_until(&['=', ';', ',']).trim_end();
        if !self.skip('=') {
            return Ok((name, String::new()));
        }
        self.trim_start();
        if !self.skip('"') {
            return Ok((name, self.take_until(&[';', ',']).trim_end().to_owned()));
        }
        let (value, rest) = unquote(self.0).ok_or(LinkError::Malformed)?;
        self.0 = rest;
        self.trim_start();
        Ok((name, value))
    }

    fn trim_start(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    /// Skips a character, and spaces before it, if it is the next one.
    fn skip(&mut self, c: char) -> bool {
        self.trim_start();
        let rest = self.0.strip_prefix(c);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn take_until(&mut self, ends: &[char]) -> &'header str {
        let end = self.0.find(ends).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or((self.0, ""));
        self.0 = rest;
        taken
    }
}

/// Returns the value of a quoted string after its first quote, and the text behind its last one: RFC 9110,
/// section 5.6.4.
fn unquote(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests;
