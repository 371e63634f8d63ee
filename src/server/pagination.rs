//! Parses the page of a request, and builds the `Link` header.

use url::form_urlencoded;

/// The default number of followers per page.
const DEFAULT_PER_PAGE: u32 = 30;

/// The maximum number of followers per page. A larger request is reduced to it without an error.
const MAX_PER_PAGE: u32 = 100;

/// The part of the list that a request selects.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pagination {
    /// The page, counted from 1.
    pub(super) page: u64,
    /// The page size, 1 to 100.
    pub(super) per_page: u32,
    /// The `per_page` value that the links repeat as it was spelled, or `None` if it was not sent.
    raw_per_page: Option<String>,
}

impl Pagination {
    /// Parses a query. An invalid value counts as absent; of a repeated parameter, the last one
    /// counts.
    pub(super) fn from_query(query: &str) -> Self {
        let mut paging = Self { page: 1, per_page: DEFAULT_PER_PAGE, raw_per_page: None };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let number = value.parse::<u64>().ok().filter(|&number| number > 0);
            match name.as_ref() {
                "page" => paging.page = number.unwrap_or(1),
                "per_page" => {
                    paging.per_page = number.map_or(DEFAULT_PER_PAGE, |number| {
                        number.min(u64::from(MAX_PER_PAGE)) as u32
                    });
                    // Encoded again, so that no byte of a request is copied into a header
                    // unchanged.
                    paging.raw_per_page =
                        Some(form_urlencoded::byte_serialize(value.as_bytes()).collect());
                }
                _ => {}
            }
        }
        paging
    }

    /// Returns the `Link` header with the adjacent pages, in GitHub's current order, or `None` if
    /// there is only one page.
    pub(super) fn link_header(&self, address: &str, followers: u32) -> Option<String> {
        let last = u64::from(followers.div_ceil(self.per_page).max(1));
        let link = |page: u64, relation: &str| {
            let size = self.raw_per_page.as_ref();
            let size = size.map_or_else(String::new, |size| format!("per_page={size}&"));
            format!(r#"<{address}?{size}page={page}>; rel="{relation}""#)
        };
        let mut links = Vec::new();
        if self.page > 1 {
            links.push(link((self.page - 1).min(last), "prev"));
        }
        if self.page < last {
            links.push(link(self.page + 1, "next"));
        }
        if self.page != last {
            links.push(link(last, "last"));
        }
        if self.page > 1 {
            links.push(link(1, "first"));
        }
        (!links.is_empty()).then(|| links.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_numbers_count_as_absent() {
        let of = |query| {
            let Pagination { page, per_page, .. } = Pagination::from_query(query);
            (page, per_page)
        };
        assert_eq!(of(""), (1, 30));
        assert_eq!(of("page=3&per_page=7"), (3, 7));
        assert_eq!(of("page=0&per_page=0"), (1, 30));
        assert_eq!(of("page=-1&per_page=-1"), (1, 30));
        assert_eq!(of("page=x&per_page="), (1, 30));
        assert_eq!(of("page&per_page&&=&%"), (1, 30));
        assert_eq!(of("per_page=100&per_page=101"), (1, 100));
        assert_eq!(of("page=18446744073709551615").0, u64::MAX);
        assert_eq!(of("page=18446744073709551616").0, 1);
    }
}
