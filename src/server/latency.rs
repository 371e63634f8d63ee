//! The latency of responses: recorded in a profile, or uniform with jitter.

use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::{ServerFileError, read_file};

/// The profile that yields the example's figures.
const BUILT_IN_PROFILE: &str = include_str!("../../assets/latency-profile-5-pages-4.647s.json");

/// The maximum latency, which can be added to any instant without overflow.
const MAX_LATENCY: Duration = Duration::from_secs(24 * 60 * 60);

/// The latency of responses. Only the profile and the pages of followers are delayed; errors are
/// sent at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latency {
    /// From a profile.
    Profile(LatencyProfile),
    /// The same for every request, plus or minus jitter; the body then arrives in one piece.
    Uniform {
        /// The time before the response.
        latency: Duration,
        /// The maximum deviation.
        jitter: Duration,
        /// The seed of the jitter. A page has the same latency in every run and every mode,
        /// whatever the order of the requests.
        seed: u64,
    },
}

/// The timing of a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ResponseTiming {
    /// From the request's arrival to the head.
    pub(super) wait: Duration,
    /// From the head to the last byte of the body.
    pub(super) receive: Duration,
}

impl Latency {
    /// Returns the timing of the user's profile.
    pub(super) fn profile_timing(&self) -> ResponseTiming {
        match self {
            Self::Profile(profile) => {
                ResponseTiming { wait: millis(profile.profile_ms), receive: Duration::ZERO }
            }
            Self::Uniform { .. } => self.page_timing(0),
        }
    }

    /// Returns the timing of a page of followers, counted from 1.
    pub(super) fn page_timing(&self, page: u64) -> ResponseTiming {
        match *self {
            Self::Profile(LatencyProfile { ref pages, .. }) => {
                let place = page.saturating_sub(1) % (pages.len() as u64).max(1);
                pages.get(place as usize).map_or_else(ResponseTiming::default, |page| {
                    ResponseTiming { wait: millis(page.wait_ms), receive: millis(page.receive_ms) }
                })
            }
            Self::Uniform { latency, jitter, seed } => ResponseTiming {
                wait: apply_jitter(latency.min(MAX_LATENCY), jitter.min(MAX_LATENCY), seed, page),
                receive: Duration::ZERO,
            },
        }
    }
}

const fn millis(millis: u32) -> Duration {
    Duration::from_millis(millis as u64)
}

/// Returns `latency` ± `jitter`, determined by the seed and the page.
fn apply_jitter(latency: Duration, jitter: Duration, seed: u64, page: u64) -> Duration {
    // Similar seeds start with similar numbers, so the page is first spread over all 64 bits.
    let mut chance = fastrand::Rng::with_seed(seed ^ page.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    (latency + jitter.mul_f64(2.0 * chance.f64())).saturating_sub(jitter)
}

/// Recorded delays, a JSON file: `profile_ms` before the user's profile, and for each page
/// `wait_ms` before the first byte and `receive_ms` during the body, all in milliseconds. Pages
/// beyond the last one start again at the first. Other keys, such as `about`, are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct LatencyProfile {
    profile_ms: u32,
    pages: Vec<PageDelay>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct PageDelay {
    wait_ms: u32,
    receive_ms: u32,
}

/// The reason why a latency profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LatencyProfileError {
    /// The text is not a latency profile.
    #[error(
        "this is not a latency profile; one looks like \
        {{\"profile_ms\":250,\"pages\":[{{\"wait_ms\":900,\"receive_ms\":100}}]}}"
    )]
    Malformed {
        /// The error and its position.
        #[from]
        source: serde_json::Error,
    },
    /// The profile has no pages.
    #[error("this latency profile has no pages; give it at least one")]
    NoPages,
}

impl LatencyProfile {
    /// Returns the profile that yields the example's figures: 5 pages of 30 take 4.647 s
    /// sequentially on one connection, and the slowest of them, the first, takes 1.050 s.
    pub fn built_in() -> Self {
        // The text is part of the program, and a test parses it.
        Self::parse(BUILT_IN_PROFILE).unwrap_or_default()
    }

    /// Parses the text of a profile.
    pub fn parse(text: &str) -> Result<Self, LatencyProfileError> {
        let profile: Self = serde_json::from_str(text)?;
        if profile.pages.is_empty() {
            return Err(LatencyProfileError::NoPages);
        }
        Ok(profile)
    }

    /// Reads a profile from a file.
    pub fn read(path: &Path) -> Result<Self, ServerFileError> {
        read_file("latency profile", path, Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uniform(latency: u64, jitter: u64, seed: u64) -> Latency {
        Latency::Uniform {
            latency: Duration::from_millis(latency),
            jitter: Duration::from_millis(jitter),
            seed,
        }
    }

    #[test]
    fn the_built_in_profile_has_five_pages_and_the_first_is_slowest() {
        let profile = LatencyProfile::parse(BUILT_IN_PROFILE).unwrap();
        assert_eq!(profile, LatencyProfile::built_in());
        let totals: Vec<u32> =
            profile.pages.iter().map(|page| page.wait_ms + page.receive_ms).collect();
        assert_eq!(totals.len(), 5);
        assert_eq!(totals.iter().max(), totals.first());
        // A client adds a few milliseconds per page.
        let sum: u32 = totals.iter().sum();
        assert!((4_610..=4_647).contains(&sum), "{sum}");
    }

    #[test]
    fn pages_beyond_the_profile_start_again() {
        let text = r#"{"profile_ms":7,"pages":[{"wait_ms":1,"receive_ms":2},{"wait_ms":3,"receive_ms":4}]}"#;
        let latency = Latency::Profile(LatencyProfile::parse(text).unwrap());
        assert_eq!(latency.profile_timing().wait, millis(7));
        assert_eq!(latency.page_timing(2).receive, millis(4));
        assert_eq!(latency.page_timing(1), latency.page_timing(3));
        assert_eq!(latency.page_timing(2), latency.page_timing(1_000_000));
        assert_eq!(latency.page_timing(1), latency.page_timing(0));
    }

    #[test]
    fn jitter_depends_on_seed_and_page_alone_and_stays_in_bounds() {
        let latency = uniform(100, 30, 1);
        let waits: Vec<Duration> = (0..200).map(|page| latency.page_timing(page).wait).collect();
        assert!(waits.iter().all(|&wait| (millis(70)..=millis(130)).contains(&wait)));
        assert!(waits.iter().any(|&wait| wait < millis(80)));
        assert!(waits.iter().any(|&wait| wait > millis(120)));
        for page in (0..200).rev() {
            assert_eq!(latency.page_timing(page).wait, waits[page as usize]);
        }
        assert_ne!(latency.page_timing(1), uniform(100, 30, 2).page_timing(1));
        assert_eq!(uniform(100, 0, 1).page_timing(9).wait, millis(100));
    }

    #[test]
    fn jitter_never_underflows_or_overflows() {
        for page in 0..100 {
            assert!(uniform(1, 50, 3).page_timing(page).wait <= millis(51));
            assert!(uniform(u64::MAX, u64::MAX, 3).page_timing(page).wait <= MAX_LATENCY * 2);
        }
    }
}
