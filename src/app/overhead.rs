//! The overhead of the program itself, and a cross-check of its figures, so that users can judge
//! the measurements.

use super::{App, Overlay};
use crate::analysis::latency::LittlesLaw;
use crate::model::{Nanos, Run};

/// The maximum share of a run's time that events may take without disturbing the run.
const MAX_OVERHEAD_SHARE: f64 = 0.01;

/// The measured overhead of the program. `None` if not yet measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Overhead {
    /// The time to send, receive and apply an event.
    pub event: Option<Nanos>,
    /// The time to draw the last frame.
    pub frame: Option<Nanos>,
    /// The time to draw the slowest frame of the session.
    pub slowest: Option<Nanos>,
}

impl Overhead {
    /// Records the drawing time of a frame.
    pub(super) fn record_frame(&mut self, took: Nanos) {
        self.frame = Some(took);
        self.slowest = self.slowest.max(Some(took));
    }

    /// The share of a run's elapsed time that its events took.
    pub fn share_of_run(&self, run: &Run, until: Nanos) -> Option<f64> {
        let all = self.event?.0 as f64 * run.timing().event_count() as f64;
        (until > Nanos::ZERO).then(|| all / until.0 as f64)
    }

    /// Returns `true` if such a share disturbs the measurement.
    pub fn is_significant(share: f64) -> bool {
        share > MAX_OVERHEAD_SHARE
    }
}

impl App {
    /// The overhead of the program.
    pub const fn overhead(&self) -> &Overhead {
        &self.overhead
    }

    /// Little's law for each run shown that has started. Computed from all attempts, so only once,
    /// when the help opens.
    pub fn self_checks(&self) -> &[(String, LittlesLaw)] {
        &self.self_checks
    }

    /// Opens the help and computes the cross-check of the runs shown.
    pub(super) fn open_help(&mut self) {
        self.overlay = Some(Overlay::Help(0));
        let laws = self
            .visible_runs()
            .filter_map(|(run, until)| Some((run.plan().name(), LittlesLaw::for_run(run, until)?)));
        self.self_checks = laws.collect();
    }
}
