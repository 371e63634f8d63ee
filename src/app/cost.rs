//! What the program itself costs, and whether its figures agree with each other: that a person can
//! trust what is shown.

use super::{App, Popup};
use crate::model::law::Law;
use crate::model::{Nanos, Run};

/// More than this share of a run's time is said to disturb it.
const DISTURBS: f64 = 0.01;

/// What was measured of the program itself; nothing that was not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// To send, receive and fold an event.
    pub event: Option<Nanos>,
    /// To draw the last frame.
    pub frame: Option<Nanos>,
    /// To draw the slowest of this sitting.
    pub slowest: Option<Nanos>,
}

impl Cost {
    /// A frame was drawn.
    pub(super) fn draw(&mut self, took: Nanos) {
        self.frame = Some(took);
        self.slowest = self.slowest.max(Some(took));
    }

    /// The share of a run's time that its events took.
    pub fn share(&self, run: &Run, until: Nanos) -> Option<f64> {
        let all = self.event?.0 as f64 * run.events() as f64;
        (until > Nanos::ZERO).then(|| all / until.0 as f64)
    }

    /// Whether such a share disturbs what is measured.
    pub fn disturbs(share: f64) -> bool {
        share > DISTURBS
    }
}

impl App {
    /// What the program itself costs.
    pub const fn cost(&self) -> &Cost {
        &self.cost
    }

    /// Little's law over the runs shown that have begun, as of when the help was opened: all attempts
    /// are gone through for it.
    pub fn laws(&self) -> &[(String, Law)] {
        &self.laws
    }

    /// Shows the keys, and whether the figures of the runs shown agree with each other.
    pub(super) fn help(&mut self) {
        self.popup = Some(Popup::Help(0));
        let laws = self
            .visible()
            .filter_map(|(run, until)| Some((run.plan().name(), Law::over(run, until)?)));
        self.laws = laws.collect();
    }
}
