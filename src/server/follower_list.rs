//! The list of followers, which can change while it is read.

use super::accounts::{ACCOUNT_COUNT, Account, MAX_FOLLOWERS};

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
}
