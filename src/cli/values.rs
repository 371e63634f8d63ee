//! The values of options: whole numbers, durations such as `50ms`, `1.5s`, `5m` and `200us`, usernames.

use std::ops::RangeInclusive;
use std::time::Duration;

use thiserror::Error;

use crate::model::printable::printable;

/// The maximum duration.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// The maximum length of a username in characters.
const MAX_USERNAME_LENGTH: usize = 39;

/// The range of the time that one task takes alone.
const SIZE_RANGE: [Duration; 2] = [Duration::from_millis(1), Duration::from_secs(10 * 60)];

/// The range of the switch interval. CPython has none, but a shorter interval would measure the
/// system's timers.
const SWITCH_INTERVAL_RANGE: [Duration; 2] = [Duration::from_micros(1), Duration::from_secs(10)];

/// The maximum number of cores. More cores than lanes on a screen would show nothing new.
pub(super) const MAX_CORES: u64 = 64;

/// An error in a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DurationError {
    /// Not a number with a unit.
    #[error("use a duration such as 50ms, 1.5s, 5m or 200us, up to a day")]
    Malformed,
    /// A number without a unit.
    #[error("add the unit: 500ms, 30s or 5m")]
    NoUnit,
    /// Longer than a day.
    #[error("use at most a day: 1440m")]
    TooLong,
}

/// An invalid GitHub username.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is not a GitHub username; use 1 to 39 letters, digits and single hyphens, with no hyphen \
     at either end"
)]
pub struct UsernameError(String);

/// Returns a parser of whole numbers in a range.
pub(super) fn whole<N: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<N, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number
            .and_then(|number| N::try_from(number).ok())
            .ok_or_else(|| format!("use a whole number from {} to {}", range.start(), range.end()))
    }
}

/// Parses `--jobs`. The maximum depends on the machine and is checked later.
pub(super) fn parse_jobs(text: &str) -> Result<u32, &'static str> {
    text.parse().map_err(|_not_whole| "use a whole number from 1 up")
}

/// Parses `--per-page`.
pub(super) fn parse_per_page(text: &str) -> Result<u8, String> {
    whole(1..=100)(text)
}

/// Returns the first of these options that is given.
pub(super) fn first_given<const N: usize>(
    options: [(bool, &'static str); N],
) -> Option<&'static str> {
    options.into_iter().find_map(|(is_given, option)| is_given.then_some(option))
}

/// Parses `--size`.
pub(super) fn parse_size(text: &str) -> Result<Duration, String> {
    parse_within(text, SIZE_RANGE)
        .ok_or_else(|| "use 1ms to 10m, with the unit: 150ms, 1.5s".to_owned())
}

/// Parses `--switch-interval`.
pub(super) fn parse_switch_interval(text: &str) -> Result<Duration, String> {
    parse_within(text, SWITCH_INTERVAL_RANGE).ok_or_else(|| {
        "use 1us to 10s, with the unit: a thread waits this long for the GIL before it asks the \
         holder to release it (Python: 5ms)"
            .to_owned()
    })
}

fn parse_within(text: &str, [least, most]: [Duration; 2]) -> Option<Duration> {
    parse_with_unit(text).ok().filter(|duration| (least..=most).contains(duration))
}

/// Parses a duration that needs a unit, because a bare number could be taken for seconds.
pub(super) fn parse_with_unit(text: &str) -> Result<Duration, DurationError> {
    if text.parse::<f64>().is_ok() {
        return Err(DurationError::NoUnit);
    }
    parse_duration(text)
}

/// Parses a duration. A bare number is in milliseconds.
pub(super) fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit_at).ok_or(DurationError::Malformed)?;
    let seconds = match unit {
        "m" => 60.0,
        "s" => 1.0,
        "ms" | "" => 1e-3,
        "us" => 1e-6,
        _ => return Err(DurationError::Malformed),
    };
    let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let number: f64 = number.parse().ok().filter(|_| plain).ok_or(DurationError::Malformed)?;
    Duration::try_from_secs_f64(number * seconds)
        .ok()
        .filter(|&duration| duration <= MAX_DURATION)
        .ok_or(DurationError::TooLong)
}

/// Returns the name if it is valid on GitHub. An underscore is allowed because managed users have one
/// before the short code of their company:
/// <https://docs.github.com/enterprise-cloud@latest/admin/managing-iam/iam-configuration-reference/username-considerations-for-external-authentication>.
pub(super) fn validate_username(name: &str) -> Result<&str, UsernameError> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let hyphens = name.starts_with('-') || name.ends_with('-') || name.contains("--");
    if (1..=MAX_USERNAME_LENGTH).contains(&name.len()) && name.bytes().all(known) && !hyphens {
        Ok(name)
    } else {
        Err(UsernameError(printable(name)))
    }
}
