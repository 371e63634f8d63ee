//! Durations on the command line: `50ms`, `1.5s`, `5m`, `200us`.

use std::time::Duration;

use thiserror::Error;

/// The maximum time-out of a response.
const MAX_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

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

/// Parses a duration that needs a unit, because a bare number could be taken for seconds.
pub(super) fn parse_with_unit(text: &str) -> Result<Duration, DurationError> {
    if text.parse::<f64>().is_ok() {
        return Err(DurationError::NoUnit);
    }
    parse(text)
}

/// Parses a duration. A bare number is in milliseconds.
pub(super) fn parse(text: &str) -> Result<Duration, DurationError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_and_a_bare_number() {
        for (text, micros) in [
            ("50ms", 50_000),
            ("50", 50_000),
            ("1.5s", 1_500_000),
            ("200us", 200),
            ("0", 0),
            (".5ms", 500),
            ("86400s", 86_400_000_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_micros(micros)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "", "ms", "-5ms", "+5", "5 ms", "5h", "1e3", "inf", "NaN", "1.2.3s", ".", "5µs", "5ms ",
        ] {
            assert_eq!(parse(text), Err(DurationError::Malformed), "{text:?}");
        }
        for text in ["86401s", "99999999999999999999999999s"] {
            assert_eq!(parse(text), Err(DurationError::TooLong), "{text:?}");
        }
    }
}
