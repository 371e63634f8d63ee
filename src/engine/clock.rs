//! The only place that asks the time.

use std::time::{Duration, SystemTime};

use tokio::sync::watch;

use crate::model::Nanos;

/// What the calendar says at a manual clock's zero, in seconds since 1970 (UTC).
const MANUAL_ZERO: u64 = 1_700_000_000;

/// A monotonic clock: the machine's, or one that a test moves by hand.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// Its zero, as [`monotonic`] tells it.
    System(Nanos),
    Manual(watch::Sender<Nanos>),
}

impl Clock {
    /// The machine's monotonic clock, at zero now.
    pub fn system() -> Self {
        Self(Source::System(monotonic::now()))
    }

    /// The clock of another process of this machine, which told its [`Self::zero`].
    pub const fn with_zero(zero: Nanos) -> Self {
        Self(Source::System(zero))
    }

    /// Where this clock's zero is on the clock that all processes of this machine share; nothing where
    /// they share none, and for a manual clock.
    pub const fn zero(&self) -> Option<Nanos> {
        match &self.0 {
            Source::System(zero) if monotonic::IS_SHARED => Some(*zero),
            Source::System(_) | Source::Manual(_) => None,
        }
    }

    /// A clock at zero that stands still until [`Self::advance`] moves it.
    pub fn manual() -> Self {
        Self(Source::Manual(watch::Sender::default()))
    }

    /// Moves a manual clock and all its clones; the machine's cannot be moved.
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

    /// The calendar's time, in seconds since 1970 (UTC).
    pub fn utc(&self) -> u64 {
        match &self.0 {
            Source::System(_) => wall_clock(),
            Source::Manual(now) => MANUAL_ZERO + now.borrow().0 / 1_000_000_000,
        }
    }

    /// Waits until this clock stands at `moment`. Needs a tokio runtime with timers.
    pub async fn sleep_until(&self, moment: Nanos) {
        match &self.0 {
            Source::System(_) => tokio::time::sleep(moment.since(self.now()).into()).await,
            // An error would mean that no sender is left, and this is one.
            Source::Manual(now) => _ = now.subscribe().wait_for(|&now| now >= moment).await,
        }
    }
}

/// The calendar's time, in seconds since 1970 (UTC).
pub fn wall_clock() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs())
}

/// The time since the machine was started: `CLOCK_MONOTONIC` (POSIX, `clock_gettime`), which is the
/// same for all its processes.
#[cfg(unix)]
mod monotonic {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use crate::model::Nanos;

    pub(super) const IS_SHARED: bool = true;

    pub(super) fn now() -> Nanos {
        // It is never before the start.
        Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default().into()
    }
}

/// The time since this process first asked.
#[cfg(not(unix))]
mod monotonic {
    use std::sync::OnceLock;
    use std::time::Instant;

    use crate::model::Nanos;

    static START: OnceLock<Instant> = OnceLock::new();

    pub(super) const IS_SHARED: bool = false;

    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub(super) fn now() -> Nanos {
        START.get_or_init(Instant::now).elapsed().into()
    }
}
