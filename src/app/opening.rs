//! The word that stands when the screen opens: for the first seconds, or until a person does something.

use super::App;
use crate::model::Nanos;

/// It stands no longer: long enough to be read.
const LONGEST: Nanos = Nanos::from_millis(6_000);

/// Whether the word stands, and since when.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Opening {
    stands: bool,
    since: Option<Nanos>,
}

impl App {
    /// The same with a word that stands for the first seconds.
    #[must_use]
    pub fn noticing(mut self, notice: Option<String>) -> Self {
        self.opening.stands = notice.is_some();
        self.notice = notice;
        self
    }

    /// Whether the word stands.
    pub(super) const fn is_opening(&self) -> bool {
        self.opening.stands
    }

    /// A person did something: what was said is read.
    pub(super) fn hush(&mut self) {
        self.opening.stands = false;
        self.notice = None;
    }

    /// It is `clock` on the clock of whoever draws.
    pub(super) fn open_until(&mut self, clock: Nanos) {
        let since = *self.opening.since.get_or_insert(clock);
        if self.opening.stands && clock.since(since) >= LONGEST {
            self.hush();
        }
    }
}
