//! Who follows now: a list that people join and leave while it is read.

use super::accounts::{Account, MOST_FOLLOWERS, PLACES};

/// An end of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum End {
    /// Before the first page: every page moves.
    #[default]
    Front,
    /// Behind the last page.
    Back,
}

/// So many people join, or leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Movement {
    /// How many join; leave, if negative.
    pub(super) joined: i64,
    /// Where.
    pub(super) at: End,
}

/// The followers, as places of [`Account::follower`]; those that join at the front come from before
/// place 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct List {
    first: i64,
    end: i64,
}

impl List {
    pub(super) fn new(followers: u32) -> Self {
        Self { first: 0, end: followers.into() }
    }

    /// How many follow.
    pub(super) fn len(&self) -> u32 {
        u32::try_from(self.end - self.first).unwrap_or_default()
    }

    /// People join or leave, as far as there is room for more, or anybody left.
    pub(super) fn change(&mut self, Movement { joined, at }: Movement) {
        let most = i64::from(MOST_FOLLOWERS);
        match at {
            End::Front => {
                let before = most - i64::from(PLACES);
                self.first = self.first.saturating_sub(joined).max(before).min(self.end);
            }
            End::Back => self.end = self.end.saturating_add(joined).min(most).max(self.first),
        }
    }

    /// Those from the `first`-th on (from 0), at most so many.
    pub(super) fn from(&self, first: u64, most: u32, owner: &Account) -> Vec<Account> {
        let first = i64::try_from(first).map_or(self.end, |first| self.first.saturating_add(first));
        let end = first.saturating_add(most.into()).min(self.end);
        let place = |place: i64| place.rem_euclid(PLACES.into()) as u32;
        (first..end).map(|at| Account::follower(place(at), owner)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn everybody(list: &List) -> Vec<u64> {
        let all = list.from(0, u32::MAX, &Account::owner("x"));
        all.into_iter().map(|account| account.id).collect()
    }

    #[test]
    fn people_join_and_leave_at_both_ends() {
        let mut list = List::new(10);
        let before = everybody(&list);
        list.change(Movement { joined: 3, at: End::Front });
        list.change(Movement { joined: -2, at: End::Back });
        let after = everybody(&list);
        assert_eq!((after.len(), list.len()), (11, 11));
        assert_eq!(after[3..], before[..8]);
        list.change(Movement { joined: -4, at: End::Front });
        list.change(Movement { joined: 1, at: End::Back });
        assert_eq!(everybody(&list), before[1..9]);
        list.change(Movement { joined: i64::MIN, at: End::Front });
        assert_eq!(list.len(), 0);
    }

    #[test]
    fn nobody_joins_twice_even_a_list_that_is_full() {
        let mut list = List::new(MOST_FOLLOWERS);
        list.change(Movement { joined: i64::MAX, at: End::Back });
        assert_eq!(list.len(), MOST_FOLLOWERS);
        list.change(Movement { joined: i64::MAX, at: End::Front });
        assert_eq!(list.len(), PLACES);
        assert_eq!(everybody(&list).into_iter().collect::<HashSet<_>>().len(), PLACES as usize);
    }

    #[test]
    fn nobody_is_beyond_the_end() {
        let list = List::new(10);
        let owner = Account::owner("x");
        assert_eq!(list.from(7, 5, &owner).len(), 3);
        for first in [10, 11, u64::MAX] {
            assert!(list.from(first, 5, &owner).is_empty());
        }
    }
}
