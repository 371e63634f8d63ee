//! A count of distinct accounts. The list shifts while its pages are fetched, so an account may
//! appear twice.

use std::collections::HashSet;

/// The maximum capacity that is reserved in advance. Growing the set rehashes all entries, which at
/// a million would delay a frame. A server that announces more accounts than it has costs 19 MB of
/// address space, of which 2 MB are used.
const MAX_RESERVED: u64 = 1 << 20;

/// The number of distinct accounts and of duplicates.
#[derive(Clone, Debug, Default)]
pub(super) struct DistinctAccounts {
    /// Hashed with random keys, because a server chooses the account numbers.
    seen: HashSet<u64>,
    count: u64,
    duplicates: u64,
}

impl DistinctAccounts {
    /// Reserves capacity for an expected number of accounts.
    pub(super) fn reserve(&mut self, accounts: u64) {
        let capacity = accounts.min(MAX_RESERVED) as usize;
        self.seen.reserve(capacity.saturating_sub(self.seen.len()));
    }

    /// Counts accounts by their numbers.
    pub(super) fn add(&mut self, ids: &[u64]) {
        for &id in ids {
            if self.seen.insert(id) {
                self.count += 1;
            } else {
                self.duplicates += 1;
            }
        }
    }

    /// Drops the set once the run is complete; the counts remain.
    pub(super) fn discard_ids(&mut self) {
        self.seen = HashSet::new();
    }

    /// The number of distinct accounts.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The number of accounts that had appeared before.
    pub(super) const fn duplicate_count(&self) -> u64 {
        self.duplicates
    }

    /// Returns a filter that accepts each account number the first time it is passed.
    pub(super) fn first_occurrence_filter(&self) -> impl FnMut(u64) -> bool + use<> {
        let mut seen = (self.duplicates > 0).then(HashSet::new);
        move |id| seen.as_mut().is_none_or(|seen| seen.insert(id))
    }
}
