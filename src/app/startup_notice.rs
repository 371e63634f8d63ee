//! The word that stands when the screen opens: for the first seconds, or until a person does something.

use super::App;
use crate::model::Nanos;

/// It stands no longer: long enough to be read.
const MAX_DURATION: Nanos = Nanos::from_millis(6_000);

/// Whether the word stands, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StartupNotice {
    visible: bool,
    since: Option<Nanos>,
}

impl App {
    /// The same with a word that stands for the first seconds.
    #[must_use]
    pub fn with_startup_notice(mut self, notice: Option<String>) -> Self {
        self.startup_notice.visible = notice.is_some();
        self.notice = notice;
        self
    }

    /// Whether the word stands.
    pub(super) const fn shows_startup_notice(&self) -> bool {
        self.startup_notice.visible
    }

    /// A person did something: what was said is read.
    pub(super) fn clear_notice(&mut self) {
        self.startup_notice.visible = false;
        self.notice = None;
    }

    /// It is `clock` on the clock of whoever draws.
    pub(super) fn expire_startup_notice(&mut self, clock: Nanos) {
        let since = *self.startup_notice.since.get_or_insert(clock);
        if self.startup_notice.visible && clock.since(since) >= MAX_DURATION {
            self.clear_notice();
        }
    }
}
