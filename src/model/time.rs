//! Nanoseconds since the start of a run, and their display format.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment, in nanoseconds since the start of its run, or a duration.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Nanos {
    /// The start of the run.
    pub const ZERO: Self = Self(0);

    /// The maximum duration of a run: 9 years. Times from outside are capped to it, so that they
    /// can be added and packed without overflow.
    pub const MAX: Self = Self(u64::MAX >> 6);

    /// Creates a time from milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// The time in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Formats the time as an approximate duration: `4 s`, `12 min`, `3 h`.
    pub fn approximate(self) -> String {
        match self.as_secs_f64() {
            seconds if seconds < 99.5 => format!("{:.0} s", seconds.max(1.0)),
            seconds if seconds < 99.5 * 60.0 => format!("{:.0} min", seconds / 60.0),
            seconds => format!("{:.0} h", seconds / 3_600.0),
        }
    }

    /// The time since `earlier`, or zero if `earlier` is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl Add for Nanos {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Formats seconds since 1970 (UTC) as hours and minutes: `15:42`.
pub fn time_of_day(utc: u64) -> String {
    format!("{:02}:{:02}", utc / 3_600 % 24, utc / 60 % 60)
}

/// Formats a duration: in seconds up to two minutes, then in minutes, hours or days.
pub fn describe_duration(time: Duration) -> String {
    match time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0)) {
        1 if time.as_secs() == 0 => format!("{} ms", time.as_millis()),
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds.div_ceil(60)),
        seconds @ 7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        seconds => format!("{} days", seconds.div_ceil(86_400)),
    }
}

impl From<Duration> for Nanos {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }
}

impl From<Nanos> for Duration {
    fn from(nanos: Nanos) -> Self {
        Self::from_nanos(nanos.0)
    }
}

/// Formats the time in the largest fitting unit: `412 ns`, `38 us`, `872 ms`, `1.050 s`.
impl fmt::Display for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.0 {
            0..1_000 => format!("{} ns", self.0),
            1_000..1_000_000 => format!("{} us", self.0 / 1_000),
            1_000_000..10_000_000 => format!("{:.1} ms", self.0 as f64 / 1e6),
            10_000_000..999_500_000 => format!("{:.0} ms", self.0 as f64 / 1e6),
            _ => format!("{:.3} s", self.as_secs_f64()),
        };
        f.pad(&text)
    }
}
