//! `--threads`: a number, `auto`, or the counts of a sweep.

use std::fmt;
use std::ops::RangeInclusive;

use super::usage::UsageError;
use crate::model::setup::{MAX_PROCESSES, MAX_SWEEP_COUNTS, max_workers};
use crate::model::{Mode, ModeChoice, Selection};

/// `--threads` as given. The maximum depends on the API and is checked later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ThreadsArg {
    /// A number.
    Count(u32),
    /// Several counts, for a sweep.
    Counts(Vec<RangeInclusive<u32>>),
    /// `auto`.
    Auto,
}

/// The value of `--threads`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ThreadOptions {
    /// The number of workers, if given.
    pub(super) workers: Option<u16>,
    /// The counts of a sweep, if given: in order, without duplicates.
    pub(super) counts: Option<Vec<u16>>,
    /// Adapts the number of workers during the run.
    pub(super) auto: bool,
}

impl ThreadsArg {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let count = |text: &str| {
            text.trim().parse::<u32>().map_err(|_not_whole| {
                "use a whole number from 1 up, or auto; for a sweep, several: 1,2,4,8 or 1..32"
                    .to_owned()
            })
        };
        if !text.contains([',', '.']) {
            return count(text).map(Self::Count);
        }
        let part = |part: &str| match part.split_once("..") {
            None => count(part).map(|count| count..=count),
            Some((first, last)) => {
                let range = count(first)?..=count(last)?;
                if range.is_empty() {
                    return Err(format!("{part} ends before it begins"));
                }
                Ok(range)
            }
        };
        text.split(',').map(part).collect::<Result<_, _>>().map(Self::Counts)
    }

    /// Checks the value against the maximum.
    pub(super) fn resolve(
        self,
        costs_quota: bool,
        selection: Selection,
    ) -> Result<ThreadOptions, UsageError> {
        match (self, selection.choice) {
            (Self::Count(asked), ModeChoice::Sweep) => Err(UsageError::OneCount { asked }),
            (Self::Count(asked), _) => {
                let workers = validate_workers(asked, costs_quota, selection)?;
                Ok(ThreadOptions { workers: Some(workers), ..ThreadOptions::default() })
            }
            (Self::Counts(ranges), ModeChoice::Sweep) => {
                let counts = expand_counts(&ranges, costs_quota, selection)?;
                Ok(ThreadOptions { counts: Some(counts), ..ThreadOptions::default() })
            }
            (Self::Auto, ModeChoice::Sweep) => Err(UsageError::AutoSweep),
            (Self::Auto, _) if selection.workload.is_fetched() => {
                Ok(ThreadOptions { auto: true, ..ThreadOptions::default() })
            }
            (Self::Auto, _) => Err(UsageError::AutoWithoutServer { workload: selection.workload }),
            (counts, _) => Err(UsageError::CountsWithoutSweep { asked: counts.to_string() }),
        }
    }
}

/// Returns the counts in order, without duplicates.
fn expand_counts(
    ranges: &[RangeInclusive<u32>],
    costs_quota: bool,
    selection: Selection,
) -> Result<Vec<u16>, UsageError> {
    let mut counts = Vec::new();
    for range in ranges {
        // Checks the ends first, because a range may be huge.
        validate_workers(*range.start(), costs_quota, selection)?;
        validate_workers(*range.end(), costs_quota, selection)?;
        counts.extend(range.clone().filter_map(|count| u16::try_from(count).ok()));
    }
    counts.sort_unstable();
    counts.dedup();
    match counts.as_slice() {
        [one] => Err(UsageError::OneCount { asked: u32::from(*one) }),
        _ if counts.len() > MAX_SWEEP_COUNTS => {
            Err(UsageError::TooManyCounts { asked: counts.len(), most: MAX_SWEEP_COUNTS })
        }
        _ => Ok(counts),
    }
}

/// Returns the count if it is within the bounds.
pub(super) fn validate_workers(
    asked: u32,
    costs_quota: bool,
    selection: Selection,
) -> Result<u16, UsageError> {
    let most = max_workers(costs_quota);
    let processes = selection.modes().contains(&Mode::Processes);
    match u16::try_from(asked) {
        Ok(workers) if processes && (MAX_PROCESSES + 1..=most).contains(&workers) => {
            Err(UsageError::Processes { asked, most: MAX_PROCESSES })
        }
        Ok(workers) if (1..=most).contains(&workers) => Ok(workers),
        _ if costs_quota => Err(UsageError::ThreadsOnQuota { asked, most }),
        _ => Err(UsageError::ThreadsHere { asked, most }),
    }
}

impl fmt::Display for ThreadsArg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Count(count) => write!(f, "{count}"),
            Self::Counts(ranges) => {
                let part = |range: &RangeInclusive<u32>| match (range.start(), range.end()) {
                    (first, last) if first == last => first.to_string(),
                    (first, last) => format!("{first}..{last}"),
                };
                f.write_str(&ranges.iter().map(part).collect::<Vec<_>>().join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Workload;

    const SWEEP: Selection = Selection { workload: Workload::Followers, choice: ModeChoice::Sweep };

    fn counts(text: &str) -> Result<Vec<u16>, String> {
        let arg = ThreadsArg::parse(text)?;
        let threads = arg.resolve(false, SWEEP).map_err(|error| error.to_string())?;
        Ok(threads.counts.unwrap_or_default())
    }

    #[test]
    fn lists_and_ranges_are_put_in_order_and_each_count_is_taken_once() {
        assert_eq!(counts("1,2,4,8,16"), Ok(vec![1, 2, 4, 8, 16]));
        assert_eq!(counts("1..5"), Ok(vec![1, 2, 3, 4, 5]));
        assert_eq!(counts("16, 2..4 ,3,1"), Ok(vec![1, 2, 3, 4, 16]));
        assert_eq!(counts("937..1000"), Ok((937..=1000).collect()));
    }

    #[test]
    fn an_invalid_count_is_reported() {
        for text in ["", ",", "1,", "1..", "..4", "1...4", "x,2", "1.5", "-1,2", "5..1"] {
            assert!(ThreadsArg::parse(text).is_err(), "{text:?}");
        }
        for (text, words) in [
            ("0..4", "--threads 0 is out of range; use 1 to 1000"),
            ("1..4294967295", "--threads 4294967295 is out of range; use 1 to 1000"),
            ("7", "--threads 7 is a single count; "),
            ("7", "such as 1,2,4,8 or 1..7"),
            ("0", "such as 1,2,4,8 or 1..8"),
            ("1", "such as 1,2,4,8 or 1..8"),
            ("7,7", "--threads 7 is a single count; "),
            ("1..1000", "1000 counts are too many"),
        ] {
            let error = counts(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
