//! The only place that asks the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::model::Nanos;

/// A monotonic clock: the machine's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(Instant),
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's monotonic clock, at zero now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// A clock at zero that stands still until [`Self::advance`] moves it.
    pub fn manual() -> Self {
        Self(Source::Manual(Arc::default()))
    }

    /// Moves a manual clock and all its clones; the machine's cannot be moved.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(Nanos::from(by).0, Ordering::SeqCst);
        }
    }

    /// The time since this clock's zero.
    pub fn now(&self) -> Nanos {
        match &self.0 {
            Source::System(zero) => Nanos::from(zero.elapsed()),
            Source::Manual(now) => Nanos(now.load(Ordering::SeqCst)),
        }
    }
}

/// The calendar's time, in seconds since 1970 (UTC).
pub fn wall_clock() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}
