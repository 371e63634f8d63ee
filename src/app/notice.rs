//! A text beside the keys, for some time or until the next key.

use crate::model::Nanos;

/// The time that the result of a key is shown, unless another key is pressed.
const RESULT_TIME: Nanos = Nanos::from_millis(3_000);

/// The time that a startup notice is shown: longer, because no key asked for it.
const STARTUP_TIME: Nanos = Nanos::from_millis(6_000);

/// A text beside the keys, shown for some time or until the next key.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) text: String,
    /// The time that it is shown.
    pub(super) time: Nanos,
    /// The time of the first frame that shows it, on the screen's clock.
    pub(super) since: Option<Nanos>,
}

impl Notice {
    /// Creates a notice of the result of a key.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), time: RESULT_TIME, since: None }
    }

    /// Creates a notice at the start of the program.
    pub(super) fn at_startup(text: String) -> Self {
        Self { time: STARTUP_TIME, ..Self::new(text) }
    }
}
