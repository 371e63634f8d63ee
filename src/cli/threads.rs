//! The way a workload runs: `--mode`, `--threads` (a number, `auto`, or the counts of a sweep), and
//! `--repeats`.

use std::ops::RangeInclusive;
use std::{fmt, iter};

use clap::{Args, ValueEnum};

use super::UsageError;
use super::values::whole;
use crate::model::setup::{MAX_PROCESSES, MAX_SWEEP_COUNTS, MAX_SWEEP_REPEATS, max_workers};
use crate::model::{Mode, ModeChoice, Selection, SweepSetup};

/// The maximum number of counts in a range that are all tried.
const MAX_WHOLE_RANGE: u32 = 8;

/// `--mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModeArg {
    /// All modes of the workload, on one time axis
    Race,
    /// One task after another, on one thread
    Sequential,
    /// Several threads, without a GIL
    Threads,
    /// Several threads under one GIL, like Python's
    Gil,
    /// Several processes
    Processes,
    /// Threads, with several thread counts
    Sweep,
}

impl From<ModeArg> for ModeChoice {
    fn from(mode: ModeArg) -> Self {
        match mode {
            ModeArg::Race => Self::Race,
            ModeArg::Sequential => Self::Only(Mode::Sequential),
            ModeArg::Threads => Self::Only(Mode::Threads),
            ModeArg::Gil => Self::Only(Mode::Gil),
            ModeArg::Processes => Self::Only(Mode::Processes),
            ModeArg::Sweep => Self::Sweep,
        }
    }
}

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
        counts.extend(spread_counts(range).filter_map(|count| u16::try_from(count).ok()));
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

/// Returns the counts of a range: all of a short one, else each the double of the one before, and the
/// last.
fn spread_counts(range: &RangeInclusive<u32>) -> impl Iterator<Item = u32> {
    let (first, last) = (*range.start(), *range.end());
    let is_short = last - first < MAX_WHOLE_RANGE;
    let next = move |&count: &u32| {
        let next = if is_short { count + 1 } else { count.saturating_mul(2).min(last) };
        (count < last).then_some(next)
    };
    iter::successors(Some(first), next)
}

/// Returns the count if it is within the bounds.
pub(super) fn validate_workers(
    asked: u32,
    costs_quota: bool,
    selection: Selection,
) -> Result<u16, UsageError> {
    let most = max_workers(costs_quota);
    let processes = selection.modes(false).contains(&Mode::Processes);
    match u16::try_from(asked) {
        Ok(workers) if processes && (MAX_PROCESSES + 1..=most).contains(&workers) => {
            Err(UsageError::Processes { asked, most: MAX_PROCESSES })
        }
        Ok(workers) if (1..=most).contains(&workers) => Ok(workers),
        _ if costs_quota && selection.workload.has_accounts() => {
            Err(UsageError::ThreadsOnQuota { asked, most })
        }
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

#[derive(Args, Debug)]
#[command(next_help_heading = "Sweep")]
pub(super) struct SweepArgs {
    /// Number of trials per thread count [default: 3]
    #[arg(
        long,
        value_name = "N",
        value_parser = whole::<u16>(1..=u64::from(MAX_SWEEP_REPEATS)),
        allow_negative_numbers = true
    )]
    repeats: Option<u16>,
}

impl SweepArgs {
    /// The setup of the sweep, if one was requested.
    pub(super) fn resolve(
        &self,
        counts: Option<Vec<u16>>,
        selection: Selection,
    ) -> Result<SweepSetup, UsageError> {
        if self.repeats.is_some() && !selection.is_sweep() {
            return Err(UsageError::NoSweep { option: "--repeats" });
        }
        let usual = SweepSetup::default();
        let repeats = self.repeats.unwrap_or(usual.repeats);
        Ok(SweepSetup { counts, repeats })
    }
}
