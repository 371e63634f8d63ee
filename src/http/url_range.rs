//! A list of URLs written as one URL with a range in braces, as in shells: `page={1..60}`.

use std::fmt;

use thiserror::Error;
use url::Url;

use super::transport::is_local;
use super::url_text::masked_text;
use crate::model::printable::printable;

/// The maximum number of URLs of a range.
pub const MAX_URLS: u32 = 1_000_000;

/// The URLs that a URL with a range in braces stands for. Its `Debug` output masks secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlRange {
    /// The text before the braces.
    prefix: Box<str>,
    /// The text after the braces.
    suffix: Box<str>,
    numbers: NumberRange,
}

/// The numbers of a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct NumberRange {
    first: u64,
    last: u64,
    step: u64,
    /// The minimum number of digits, with leading zeros.
    width: usize,
}

/// The reason why a text is no URL, or no range of URLs, that can be fetched. No text of it has a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UrlRangeError {
    /// The scheme is missing.
    #[error("the URL has no scheme; did you mean {0}?")]
    NoScheme(String),
    /// The scheme is neither http nor https.
    #[error("cannot fetch {0}:// URLs; use https:// or http://")]
    UnknownScheme(String),
    /// A user, and perhaps a password, is before the host.
    #[error(
        "the URL contains a user or a password, which other programs can read; send them in a \
         header instead: -H @FILE, with the line Authorization: …"
    )]
    Credentials,
    /// The URL contains white space or control characters.
    #[error("the URL contains a space or a control character; write a space as %20")]
    ControlCharacter,
    /// The URL cannot be parsed.
    #[error("the URL is invalid ({0}); write it as https://HOST/PATH?QUERY")]
    Invalid(url::ParseError),
    /// The braces contain something else, or one of them is missing.
    #[error(
        "\"{0}\" is not a range; write {{1..60}}, {{001..060}} or {{0..5900..100}}, and braces that \
         belong to the URL as %7B and %7D"
    )]
    NotARange(String),
    /// The range is in the notation of curl.
    #[error("ranges are in braces here; write {0}")]
    Brackets(String),
    /// There is more than one range.
    #[error("the URL has more than one range in braces; keep one of them")]
    TwoRanges,
    /// The last number is less than the first.
    #[error("the range {{{first}..{last}}} descends; write {{{last}..{first}}}")]
    Descending {
        /// The first number.
        first: u64,
        /// The last number.
        last: u64,
    },
    /// The step is 0.
    #[error("the step of the range is 0; use 1 or more, or leave it out")]
    NoStep,
    /// The range has too many numbers.
    #[error(
        "the range has more than {MAX_URLS} numbers; use a shorter one, or a step: {{0..5900..100}}"
    )]
    TooLong,
    /// The number is part of the scheme, the host or the port.
    #[error("the range changes the server; put it into the path or the query")]
    ServerChanges,
    /// The number makes no difference: it is in the fragment, which is not sent, or before `/../`.
    #[error("all URLs of the range are the same; put it into the path or the query, before any #")]
    SameUrls,
    /// The shell has expanded the braces into several arguments.
    #[error("the shell expanded the braces into {count} URLs; quote the URL: '{pattern}'")]
    Expanded {
        /// The number of URLs.
        count: usize,
        /// The URL with its range, with secrets masked.
        pattern: String,
    },
}

impl UrlRange {
    /// Parses a URL with a range. Returns `None` for a valid URL without braces.
    pub fn parse(text: &str) -> Result<Option<Self>, UrlRangeError> {
        let not_a_range = |text: &str| UrlRangeError::NotARange(printable(text));
        let Some((prefix, rest)) = text.split_once('{') else {
            return match curl_range(text) {
                _ if text.contains('}') => Err(not_a_range("}")),
                Some(pattern) => Err(UrlRangeError::Brackets(pattern)),
                None => parse_url(text).map(|_| None),
            };
        };
        let (range, suffix) = rest.split_once('}').ok_or_else(|| not_a_range("{"))?;
        if suffix.contains('{') {
            return Err(UrlRangeError::TwoRanges);
        }
        if range.contains('{') || suffix.contains('}') {
            return Err(not_a_range(&format!("{{{range}}}")));
        }
        let numbers = NumberRange::parse(range)?;
        let urls = Self { prefix: prefix.into(), suffix: suffix.into(), numbers };
        urls.check().map(|()| Some(urls))
    }

    /// The number of URLs, at least 1.
    pub const fn count(&self) -> u32 {
        self.numbers.count()
    }

    /// Returns the URL at an index, counted from 0, or `None` behind the last.
    pub fn url(&self, index: u32) -> Option<Url> {
        if index >= self.count() { None } else { parse_url(&self.text(index)).ok() }
    }

    /// Returns the URL with its range in braces, with secrets masked.
    pub fn masked(&self) -> String {
        masked_text(&self.pattern())
    }

    fn pattern(&self) -> String {
        format!("{}{{{}}}{}", self.prefix, self.numbers, self.suffix)
    }

    fn text(&self, index: u32) -> String {
        let NumberRange { first, step, width, .. } = self.numbers;
        let number = first + step * u64::from(index);
        format!("{}{number:0width$}{}", self.prefix, self.suffix)
    }

    /// Checks the first and the last URL: those between them differ in the same digits.
    fn check(&self) -> Result<(), UrlRangeError> {
        let first = parse_url(&self.text(0)).map_err(|error| match error {
            UrlRangeError::NoScheme(_) => UrlRangeError::NoScheme(with_scheme(&self.pattern())),
            error => error,
        })?;
        let last = parse_url(&self.text(self.count() - 1))?;
        if first.origin() != last.origin() {
            return Err(UrlRangeError::ServerChanges);
        }
        if first == last && self.count() > 1 {
            return Err(UrlRangeError::SameUrls);
        }
        Ok(())
    }
}

impl fmt::Debug for UrlRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UrlRange({})", self.masked())
    }
}

impl NumberRange {
    /// Parses the text between the braces.
    fn parse(text: &str) -> Result<Self, UrlRangeError> {
        let parts: Vec<&str> = text.split("..").collect();
        let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let (first, last, step) = match parts[..] {
            _ if !parts.iter().all(is_number) => ("", "", ""),
            [first, last] => (first, last, "1"),
            [first, last, step] => (first, last, step),
            _ => ("", "", ""),
        };
        if first.is_empty() {
            return Err(UrlRangeError::NotARange(printable(&format!("{{{text}}}"))));
        }
        let is_padded = [first, last].iter().any(|text| text.len() > 1 && text.starts_with('0'));
        let width = if is_padded { first.len().max(last.len()) } else { 0 };
        let number = |text: &str| text.parse().map_err(|_too_large| UrlRangeError::TooLong);
        let range = Self { first: number(first)?, last: number(last)?, step: number(step)?, width };
        range.check().map(|()| range)
    }

    const fn check(&self) -> Result<(), UrlRangeError> {
        let Self { first, last, step, width } = *self;
        if step == 0 {
            return Err(UrlRangeError::NoStep);
        }
        if last < first {
            return Err(UrlRangeError::Descending { first, last });
        }
        // u64 has at most 20 digits; longer zeros are no number that anybody counts in.
        if (last - first) / step >= MAX_URLS as u64 || width > 20 {
            return Err(UrlRangeError::TooLong);
        }
        Ok(())
    }

    /// The number of numbers. [`Self::check`] limits it.
    const fn count(&self) -> u32 {
        ((self.last - self.first) / self.step) as u32 + 1
    }
}

/// The range as it is written between braces.
impl fmt::Display for NumberRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, step, width } = *self;
        write!(f, "{first:0width$}..{last:0width$}")?;
        if step == 1 { Ok(()) } else { write!(f, "..{step}") }
    }
}

/// Parses one URL and checks that it can be fetched. Its fragment, which is not sent, is removed.
pub fn parse_url(text: &str) -> Result<Url, UrlRangeError> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(UrlRangeError::ControlCharacter);
    }
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
    };
    match text.split_once("://") {
        Some((scheme, _))
            if ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web)) => {}
        Some((scheme, _)) if is_scheme(scheme) => {
            return Err(UrlRangeError::UnknownScheme(printable(scheme)));
        }
        _ => return Err(UrlRangeError::NoScheme(with_scheme(text))),
    }
    let mut url = Url::parse(text).map_err(UrlRangeError::Invalid)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlRangeError::Credentials);
    }
    url.set_fragment(None);
    Ok(url)
}

/// Returns a text without a scheme as the URL that it probably is, with secrets masked.
fn with_scheme(text: &str) -> String {
    let text =
        ["http:", "https:"].iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    let text = text.trim_start_matches('/');
    let http = Url::parse(&format!("http://{text}"));
    let scheme = if http.is_ok_and(|url| is_local(&url)) { "http" } else { "https" };
    printable(&format!("{scheme}://{}", masked_text(text)))
}

/// Returns the URL of a text with a range in the notation of curl, `[1-60]`, with that range in braces and
/// secrets masked.
fn curl_range(text: &str) -> Option<String> {
    let (prefix, rest) = text.split_once('[')?;
    let (range, suffix) = rest.split_once(']')?;
    let (first, rest) = range.split_once('-')?;
    let (last, step) = rest.split_once(':').map_or((rest, None), |(last, step)| (last, Some(step)));
    let step = step.map_or(String::new(), |step| format!("..{step}"));
    NumberRange::parse(&format!("{first}..{last}{step}")).ok()?;
    Some(printable(&masked_text(&format!("{prefix}{{{first}..{last}{step}}}{suffix}"))))
}

/// Returns the error for several URLs that differ in one number alone, because the shell has expanded the
/// braces. Returns `None` for other arguments.
pub fn expanded_by_shell(arguments: &[impl AsRef<str>]) -> Option<UrlRangeError> {
    let texts: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
    let [first, second, ..] = texts[..] else { return None };
    let differing = first.char_indices().zip(second.chars()).find(|((_, a), b)| a != b);
    let end = differing.map_or(first.len(), |((at, _), _)| at);
    let prefix = first.get(..end)?.trim_end_matches(|c: char| c.is_ascii_digit());
    let rest = first.strip_prefix(prefix)?;
    let suffix = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = |text: &&str| text.strip_prefix(prefix)?.strip_suffix(suffix)?.parse::<u64>().ok();
    let numbers: Vec<u64> = texts.iter().map(number).collect::<Option<_>>()?;
    let step = numbers.get(1)?.checked_sub(*numbers.first()?).filter(|step| *step > 0)?;
    let is_even =
        numbers.windows(2).all(|pair| matches!(pair, [a, b] if a.checked_add(step) == Some(*b)));
    if !is_even || !prefix.contains('/') {
        return None;
    }
    let digits = |text: &&str| Some(text.strip_prefix(prefix)?.strip_suffix(suffix)?.to_owned());
    let mut range = format!("{}..{}", digits(&first)?, digits(texts.last()?)?);
    if step > 1 {
        range.extend(["..".to_owned(), step.to_string()]);
    }
    let pattern = printable(&masked_text(&format!("{prefix}{{{range}}}{suffix}")));
    Some(UrlRangeError::Expanded { count: texts.len(), pattern })
}

#[cfg(test)]
mod tests;
