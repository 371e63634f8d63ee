//! What the program itself costs, and whether its figures agree with each other: that a person can
//! trust what is shown.

use super::{App, Overlay};
use crate::model::littles_law::LittlesLaw;
use crate::model::{Nanos, Run};

/// More than this share of a run's time is said to disturb it.
const MAX_OVERHEAD_SHARE: f64 = 0.01;

/// What was measured of the program itself; nothing that was not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overhead {
    /// To send, receive and fold an event.
    pub event: Option<Nanos>,
    /// To draw the last frame.
    pub frame: Option<Nanos>,
    /// To draw the slowest of this sitting.
    pub slowest: Option<Nanos>,
}

impl Overhead {
    /// A frame was drawn.
    pub(super) fn record_frame(&mut self, took: Nanos) {
        self.frame = Some(took);
        self.slowest = self.slowest.max(Some(took));
    }

    /// The share of a run's time that its events took.
    pub fn share_of_run(&self, run: &Run, until: Nanos) -> Option<f64> {
        let all = self.event?.0 as f64 * run.event_count() as f64;
        (until > Nanos::ZERO).then(|| all / until.0 as f64)
    }

    /// Whether such a share disturbs what is measured.
    pub fn is_significant(share: f64) -> bool {
        share > MAX_OVERHEAD_SHARE
    }
}

impl App {
    /// What the program itself costs.
    pub const fn overhead(&self) -> &Overhead {
        &self.overhead
    }

    /// Little's law over the runs shown that have begun, as of when the help was opened: all attempts
    /// are gone through for it.
    pub fn self_checks(&self) -> &[(String, LittlesLaw)] {
        &self.self_checks
    }

    /// Shows the keys, and whether the figures of the runs shown agree with each other.
    pub(super) fn open_help(&mut self) {
        self.overlay = Some(Overlay::Help(0));
        let laws = self
            .visible_runs()
            .filter_map(|(run, until)| Some((run.plan().name(), LittlesLaw::for_run(run, until)?)));
        self.self_checks = laws.collect();
    }
}
