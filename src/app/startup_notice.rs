//! The startup notice: shown for the first seconds, or until the user presses a key or the mouse.

use super::App;
use crate::model::Nanos;

/// The maximum time the notice is shown: long enough to read it.
const MAX_DURATION: Nanos = Nanos::from_millis(6_000);

/// The state of the startup notice.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StartupNotice {
    visible: bool,
    since: Option<Nanos>,
}

impl App {
    /// Sets the startup notice.
    #[must_use]
    pub fn with_startup_notice(mut self, notice: Option<String>) -> Self {
        self.startup_notice.visible = notice.is_some();
        self.notice = notice;
        self
    }

    /// Returns `true` while the startup notice is shown.
    pub(super) const fn shows_startup_notice(&self) -> bool {
        self.startup_notice.visible
    }

    /// Clears the notice after user input.
    pub(super) fn clear_notice(&mut self) {
        self.startup_notice.visible = false;
        self.notice = None;
    }

    /// Clears the startup notice if its time is over. `clock` is the time of the caller's clock.
    pub(super) fn expire_startup_notice(&mut self, clock: Nanos) {
        let since = *self.startup_notice.since.get_or_insert(clock);
        if self.startup_notice.visible && clock.since(since) >= MAX_DURATION {
            self.clear_notice();
        }
    }
}
