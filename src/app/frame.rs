//! Preparation of a frame: the time up to which each run is shown, and the range of the time axis.

use super::{App, Effect, viewport};
use crate::model::{Nanos, Run};

impl App {
    /// Prepares the state for drawing a frame whose timeline is `columns` cells wide.
    pub(super) fn prepare_frame(&mut self, now: Nanos, columns: u16) -> Option<Effect> {
        self.expire_startup_notice(now);
        let effect = self.advance_playback(now);
        if self.player.is_none() {
            self.now = now;
        }
        let (edge, newest, expected) =
            (self.latest_time(), self.active_time(), self.expected_duration());
        self.view.viewport.set_reduced_motion(self.reduced_motion);
        self.view.prepare_frame(columns, edge, newest, expected);
        if self.search.shows_status() {
            self.refresh_search();
        }
        self.refresh_table();
        effect
    }

    /// The latest time shown on the timeline.
    fn latest_time(&self) -> Nanos {
        self.visible_runs().map(|(_, until)| until).max().unwrap_or_default()
    }

    /// The latest time of the active run, if it is on the timeline and the view is not paused.
    fn active_time(&self) -> Option<Nanos> {
        let mut active_runs =
            self.visible_runs().filter(|(run, _)| run.has_started() && !run.is_over());
        active_runs.next().filter(|_| !self.view.is_paused()).map(|(_, until)| until)
    }

    /// The expected total duration of the active run, if it is on the timeline.
    fn expected_duration(&self) -> Option<Nanos> {
        let run = self.session.active_run()?;
        (self.session.active() == Some(self.selection))
            .then(|| viewport::expected_duration(run, self.now))
    }

    /// The runs shown, each with the time up to which it is visible. A paused view ends early.
    pub fn visible_runs(&self) -> impl Iterator<Item = (&Run, Nanos)> {
        let runs = self.runs().iter().enumerate();
        runs.map(|(index, run)| (run, self.view.visible_until(index, run, self.now)))
    }

    /// The elapsed time of the active run.
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// The time by which a paused view lags behind, or `None` if the view is not paused.
    pub fn time_behind(&self) -> Option<Nanos> {
        self.view.time_behind(self.runs(), self.now)
    }
}
