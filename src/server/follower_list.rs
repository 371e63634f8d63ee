//! The list of followers, which can change while it is read, and its pages.

use url::form_urlencoded;

use super::accounts::{ACCOUNT_COUNT, Account, MAX_FOLLOWERS};

/// The default number of followers per page.
const DEFAULT_PER_PAGE: u32 = 30;

/// The maximum number of followers per page. A larger request is reduced to it without an error.
const MAX_PER_PAGE: u32 = 100;

/// An end of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ListEnd {
    /// Before the first page, so that every page moves.
    #[default]
    Front,
    /// After the last page.
    Back,
}

/// A change to the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListChange {
    /// The number of followers to add, or to remove if negative.
    pub(super) joined: i64,
    /// The end that changes.
    pub(super) at: ListEnd,
}

/// The followers, as indices for [`Account::follower`]. Followers added at the front have indices
/// before 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FollowerList {
    first: i64,
    end: i64,
}

impl FollowerList {
    pub(super) fn new(followers: u32) -> Self {
        Self { first: 0, end: followers.into() }
    }

    /// The number of followers.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.end - self.first).unwrap_or_default()
    }

    /// Adds or removes followers, as far as the list has room or followers.
    pub(super) fn apply_change(&mut self, ListChange { joined, at }: ListChange) {
        let most = i64::from(MAX_FOLLOWERS);
        match at {
            ListEnd::Front => {
                let before = most - i64::from(ACCOUNT_COUNT);
                self.first = self.first.saturating_sub(joined).max(before).min(self.end);
            }
            ListEnd::Back => self.end = self.end.saturating_add(joined).min(most).max(self.first),
        }
    }

    /// Returns at most `most` followers from index `first`, counted from 0.
    pub(super) fn accounts_from(&self, first: u64, most: u32, owner: &Account) -> Vec<Account> {
        let first = i64::try_from(first).map_or(self.end, |first| self.first.saturating_add(first));
        let end = first.saturating_add(most.into()).min(self.end);
        let place = |place: i64| place.rem_euclid(ACCOUNT_COUNT.into()) as u32;
        (first..end).map(|at| Account::follower(place(at), owner)).collect()
    }
}

/// The page of the list that a request selects.
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
    use std::collections::HashSet;

    use super::*;

    fn everybody(list: &FollowerList) -> Vec<u64> {
        let all = list.accounts_from(0, u32::MAX, &Account::owner("x"));
        all.into_iter().map(|account| account.id).collect()
    }

    #[test]
    fn followers_are_added_and_removed_at_both_ends() {
        let mut list = FollowerList::new(10);
        let before = everybody(&list);
        list.apply_change(ListChange { joined: 3, at: ListEnd::Front });
        list.apply_change(ListChange { joined: -2, at: ListEnd::Back });
        let after = everybody(&list);
        assert_eq!((after.len(), list.len()), (11, 11));
        assert_eq!(after[3..], before[..8]);
        list.apply_change(ListChange { joined: -4, at: ListEnd::Front });
        list.apply_change(ListChange { joined: 1, at: ListEnd::Back });
        assert_eq!(everybody(&list), before[1..9]);
        list.apply_change(ListChange { joined: i64::MIN, at: ListEnd::Front });
        assert_eq!(list.len(), 0);
    }

    #[test]
    fn a_full_list_has_no_duplicates() {
        let mut list = FollowerList::new(MAX_FOLLOWERS);
        list.apply_change(ListChange { joined: i64::MAX, at: ListEnd::Back });
        assert_eq!(list.len(), MAX_FOLLOWERS);
        list.apply_change(ListChange { joined: i64::MAX, at: ListEnd::Front });
        assert_eq!(list.len(), ACCOUNT_COUNT);
        assert_eq!(
            everybody(&list).into_iter().collect::<HashSet<_>>().len(),
            ACCOUNT_COUNT as usize
        );
    }

    #[test]
    fn pages_beyond_the_end_are_empty() {
        let list = FollowerList::new(10);
        let owner = Account::owner("x");
        assert_eq!(list.accounts_from(7, 5, &owner).len(), 3);
        for first in [10, 11, u64::MAX] {
            assert!(list.accounts_from(first, 5, &owner).is_empty());
        }
    }

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
