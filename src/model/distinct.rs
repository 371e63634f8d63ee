//! Accounts counted once each: while pages are turned a list moves, so that one may come twice.

use std::collections::HashSet;

/// Room is made beforehand for so many: to grow moves all of them at once, which at a million would
/// hold up a frame. A server that promises more than it has costs 19 MB of addresses, 2 MB in use.
const MOST_ROOM: u64 = 1 << 20;

/// How many accounts were different ones, and how many came again.
#[derive(Clone, Debug, Default)]
pub(super) struct Distinct {
    /// Its hashes are keyed at random: a server chooses the numbers.
    seen: HashSet<u64>,
    count: u64,
    duplicates: u64,
}

impl Distinct {
    /// About so many will come in all.
    pub(super) fn expect(&mut self, accounts: u64) {
        let room = accounts.min(MOST_ROOM) as usize;
        self.seen.reserve(room.saturating_sub(self.seen.len()));
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

    /// Nothing more will come: keeps the counts alone.
    pub(super) fn close(&mut self) {
        self.seen = HashSet::new();
    }

    /// How many different ones there were.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// How many came again.
    pub(super) const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Whether an account comes for the first time, asked for each in turn.
    pub(super) fn is_first(&self) -> impl FnMut(u64) -> bool + use<> {
        let mut seen = (self.duplicates > 0).then(HashSet::new);
        move |id| seen.as_mut().is_none_or(|seen| seen.insert(id))
    }
}
