//! The query parameter that distinguishes the pages of a list, so that they can be requested at once.

use std::fmt;

use url::Url;

use super::url_text::{decoded, masked};

/// Parts of names that count items instead of pages.
const OFFSET_NAMES: [&str; 4] = ["from", "offset", "skip", "start"];

/// A query parameter that is a page number or an offset. Its `Debug` output masks secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct PageParameter {
    /// The URL of page 1, as it was requested: the server's own may differ from it.
    first: Url,
    /// The URL of page 2.
    next: Url,
    /// The index of the parameter in the query of page 2.
    index: usize,
    numbers: PageNumbers,
    count: u32,
}

/// The values of a parameter: on page 1, and the difference between two pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PageNumbers {
    start: u64,
    step: u64,
}

/// A parameter as it is written in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
struct QueryParameter<'url> {
    name: &'url str,
    value: &'url str,
}

impl PageParameter {
    /// Finds the one parameter in which the URLs of the next and the last page differ. Returns `None` unless
    /// it is a number that counts pages, or items in equal steps, from the first page. The caller limits the
    /// number of pages.
    pub fn between(first: &Url, next: &Url, last: &Url) -> Option<Self> {
        let (nexts, lasts) = (parameters(next), parameters(last));
        if without_query(next) != without_query(last) || nexts.len() != lasts.len() {
            return None;
        }
        let mut differing = (0..nexts.len()).filter(|&index| nexts.get(index) != lasts.get(index));
        let Some(index) = differing.next() else {
            // A list of two pages, which are the first and the next one.
            let numbers = PageNumbers { start: 1, step: 1 };
            return Some(Self::new(first, next, nexts.len(), numbers, 2)).filter(|_| first != next);
        };
        let (next_parameter, last_parameter) = (nexts.get(index)?, lasts.get(index)?);
        if differing.next().is_some() || next_parameter.name != last_parameter.name {
            return None;
        }
        let last = last_parameter.number()?;
        let numbers = PageNumbers::find(first, *next_parameter, last)?;
        let steps = last.checked_sub(numbers.start)? / numbers.step;
        let count = u32::try_from(steps).ok()?.checked_add(1)?;
        Some(Self::new(first, next, index, numbers, count))
    }

    /// Finds the page number, counted from 1, in the URL of the next page of a list of `pages` pages.
    pub fn with_total(first: &Url, next: &Url, pages: u32) -> Option<Self> {
        let index = page_number_index(first, next)?;
        let start = parameters(next).get(index)?.number()?.checked_sub(1)?;
        // The pages before the first one that was requested do not count.
        let before = u32::try_from(start.checked_sub(1)?).ok()?;
        let count = pages.checked_sub(before).filter(|count| *count > 1)?;
        Some(Self::new(first, next, index, PageNumbers { start, step: 1 }, count))
    }

    fn new(first: &Url, next: &Url, index: usize, numbers: PageNumbers, count: u32) -> Self {
        Self { first: first.clone(), next: next.clone(), index, numbers, count }
    }

    /// The number of pages, at least 2.
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The name of the parameter, still encoded. `None` if there are only two pages and the server did not
    /// need to say how they differ.
    pub fn name(&self) -> Option<&str> {
        parameters(&self.next).get(self.index).map(|parameter| parameter.name)
    }

    /// Returns the URL of a page, counted from 1, or `None` behind the last.
    pub fn url(&self, page: u32) -> Option<Url> {
        match page {
            _ if page > self.count => None,
            0 => None,
            1 => Some(self.first.clone()),
            2 => Some(self.next.clone()),
            _ => {
                let PageNumbers { start, step } = self.numbers;
                let number = start + step * u64::from(page - 1);
                let mut query = String::new();
                for (index, part) in self.next.query()?.split('&').enumerate() {
                    query.extend((index > 0).then_some('&'));
                    match part.split_once('=') {
                        Some((name, _)) if index == self.index => {
                            query.extend([name, "=", &number.to_string()]);
                        }
                        _ => query.push_str(part),
                    }
                }
                let mut url = self.next.clone();
                url.set_query(Some(&query));
                Some(url)
            }
        }
    }
}

impl fmt::Debug for PageParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, next, numbers, count, .. } = self;
        write!(f, "PageParameter({count} pages: {}, {}, {numbers:?})", masked(first), masked(next))
    }
}

impl PageNumbers {
    /// Finds the numbers that lead from the first page to the next, and on to `last`.
    fn find(first: &Url, next: QueryParameter<'_>, last: u64) -> Option<Self> {
        let number = next.number()?;
        let from = |start: u64| {
            let step = number.checked_sub(start).filter(|step| *step > 0)?;
            (last.checked_sub(number)? % step == 0).then_some(Self { start, step })
        };
        match value_in(first, next.name) {
            NumberInUrl::Number(start) => from(start),
            NumberInUrl::Other => None,
            NumberInUrl::Absent => {
                let name = next.name.to_ascii_lowercase();
                let is_offset = OFFSET_NAMES.iter().any(|offset| name.contains(offset));
                match number {
                    // Page 2, or the third item.
                    2 if is_offset => None,
                    2 => from(1),
                    // Items are counted from 0, rarely from 1.
                    _ => from(0).or_else(|| from(1)),
                }
            }
        }
    }
}

impl QueryParameter<'_> {
    /// Returns the value as a number, if it is written as this program would write it.
    fn number(self) -> Option<u64> {
        self.value.parse().ok().filter(|number: &u64| number.to_string() == self.value)
    }
}

/// The value of a parameter in a URL.
enum NumberInUrl {
    Absent,
    Number(u64),
    /// It is no number, or there are several of that name.
    Other,
}

fn value_in(url: &Url, name: &str) -> NumberInUrl {
    let name = decoded(name);
    let all = parameters(url);
    let mut same = all.iter().filter(|parameter| decoded(parameter.name) == name);
    match (same.next(), same.next()) {
        (None, _) => NumberInUrl::Absent,
        (Some(parameter), None) => {
            parameter.number().map_or(NumberInUrl::Other, NumberInUrl::Number)
        }
        (Some(_), Some(_)) => NumberInUrl::Other,
    }
}

/// Returns the index of the parameter that counts pages in the URL of the next page. A parameter that the
/// first URL has too is preferred to one that the server added, of which `page` is preferred to others.
fn page_number_index(first: &Url, next: &Url) -> Option<usize> {
    let (mut changed, mut added) = (Vec::new(), Vec::new());
    for (index, parameter) in parameters(next).iter().enumerate() {
        match (value_in(first, parameter.name), parameter.number()) {
            (NumberInUrl::Number(before), Some(number))
                if before.checked_add(1) == Some(number) =>
            {
                changed.push(index);
            }
            (NumberInUrl::Absent, Some(2)) => added.push((index, parameter.name)),
            _ => {}
        }
    }
    match (&changed[..], &added[..]) {
        (&[index], _) | ([], &[(index, _)]) => Some(index),
        ([], several) => {
            let mut pages = several.iter().filter(|(_, name)| name.eq_ignore_ascii_case("page"));
            pages.next().filter(|_| pages.next().is_none()).map(|(index, _)| *index)
        }
        _ => None,
    }
}

fn parameters(url: &Url) -> Vec<QueryParameter<'_>> {
    let parts = url.query().into_iter().flat_map(|query| query.split('&'));
    let parameter = |part| {
        let (name, value) = str::split_once(part, '=').unwrap_or((part, ""));
        QueryParameter { name, value }
    };
    parts.map(parameter).collect()
}

fn without_query(url: &Url) -> Url {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests;
