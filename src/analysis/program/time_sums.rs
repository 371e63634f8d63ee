//! Sums and parts of times.

use crate::model::Nanos;

/// Returns `whole` times `part` / `all`, or 0 if `all` is 0.
pub(super) fn scaled(whole: u64, part: u64, all: u64) -> u64 {
    let product = u128::from(whole) * u128::from(part);
    product.checked_div(u128::from(all)).map_or(0, |scaled| scaled.min(u64::MAX.into()) as u64)
}

/// Adds up the times of equal keys, the longest first.
pub(super) fn grouped<K: PartialEq>(times: impl Iterator<Item = (K, Nanos)>) -> Vec<(K, Nanos)> {
    let mut sums: Vec<(K, Nanos)> = Vec::new();
    for (key, time) in times {
        match sums.iter_mut().find(|(known, _)| *known == key) {
            Some((_, sum)) => *sum = *sum + time,
            None => sums.push((key, time)),
        }
    }
    sums.sort_by_key(|&(_, time)| std::cmp::Reverse(time));
    sums
}
