//! The clock: the only module that reads the system time.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::model::Nanos;

/// The calendar time of a manual clock's zero, in seconds since 1970 (UTC).
const MANUAL_ZERO: u64 = 1_700_000_000;

/// A monotonic clock: the machine's, or one that a test advances.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// The machine's clock, with its zero as time of [`monotonic`].
    System(Nanos),
    Manual(watch::Sender<Nanos>),
}

impl Clock {
    /// Returns the machine's monotonic clock, with its zero now.
    pub fn system() -> Self {
        Self(Source::System(monotonic::now()))
    }

    /// Returns the clock of another process of this machine, given that clock's [`Self::zero`].
    pub const fn with_zero(zero: Nanos) -> Self {
        Self(Source::System(zero))
    }

    /// The zero of this clock on the machine-wide monotonic clock, or `None` for a manual clock or if
    /// the platform has no such clock.
    pub const fn zero(&self) -> Option<Nanos> {
        match &self.0 {
            Source::System(zero) if monotonic::IS_SHARED => Some(*zero),
            Source::System(_) | Source::Manual(_) => None,
        }
    }

    /// Returns a clock at zero that stands still until [`Self::advance`] is called.
    pub fn manual() -> Self {
        Self(Source::Manual(watch::Sender::default()))
    }

    /// Advances a manual clock and all its clones. Has no effect on the machine's clock.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.send_modify(|now| *now = *now + Nanos::from(by));
        }
    }

    /// The time since this clock's zero.
    pub fn now(&self) -> Nanos {
        match &self.0 {
            Source::System(zero) => monotonic::now().since(*zero),
            Source::Manual(now) => *now.borrow(),
        }
    }

    /// The calendar time, in seconds since 1970 (UTC).
    pub fn utc(&self) -> u64 {
        match &self.0 {
            Source::System(_) => wall_clock(),
            Source::Manual(now) => MANUAL_ZERO + now.borrow().0 / 1_000_000_000,
        }
    }

    /// Waits until this clock reads `moment`. Needs a tokio runtime with timers.
    pub async fn sleep_until(&self, moment: Nanos) {
        match &self.0 {
            Source::System(_) => tokio::time::sleep(moment.since(self.now()).into()).await,
            // This cannot fail: `self` holds a sender.
            Source::Manual(now) => _ = now.subscribe().wait_for(|&now| now >= moment).await,
        }
    }
}

/// The calendar time of the system, in seconds since 1970 (UTC).
pub fn wall_clock() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// The time since the machine was started: `CLOCK_MONOTONIC` (POSIX, `clock_gettime`), which all
/// processes of the machine share.
#[cfg(unix)]
mod monotonic {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use crate::model::Nanos;

    pub(super) const IS_SHARED: bool = true;

    pub(super) fn now() -> Nanos {
        // The monotonic clock is never negative.
        Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default().into()
    }
}

/// The time since the first call in this process.
#[cfg(not(unix))]
mod monotonic {
    use std::sync::OnceLock;
    use std::time::Instant;

    use crate::model::Nanos;

    static START: OnceLock<Instant> = OnceLock::new();

    pub(super) const IS_SHARED: bool = false;

    #[expect(clippy::disallowed_methods, reason = "the only use of the system clock")]
    pub(super) fn now() -> Nanos {
        START.get_or_init(Instant::now).elapsed().into()
    }
}
