//! Up to when the picture shows its runs, and what a frame has to have room for.

use super::{App, viewport};
use crate::model::{Nanos, Run};

impl App {
    /// A frame is about to be drawn, on so many cells of the timeline.
    pub(super) fn prepare_frame(&mut self, now: Nanos, columns: u16) {
        self.expire_startup_notice(now);
        if self.player.is_some() {
            self.advance_replay(now);
        } else {
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
    }

    /// The newest moment in the picture.
    fn latest_time(&self) -> Nanos {
        self.visible_runs().map(|(_, until)| until).max().unwrap_or_default()
    }

    /// The newest moment of the picture's run that goes on, if one does and is not held.
    fn active_time(&self) -> Option<Nanos> {
        let mut going_on =
            self.visible_runs().filter(|(run, _)| run.has_started() && !run.is_over());
        going_on.next().filter(|_| !self.view.is_paused()).map(|(_, until)| until)
    }

    /// While a run of the picture goes on: how long it may take in all.
    fn expected_duration(&self) -> Option<Nanos> {
        let run = self.session.active_run()?;
        (self.session.active() == Some(self.selection))
            .then(|| viewport::expected_duration(run, self.now))
    }

    /// The runs that are shown, each with the moment until which it is: a paused view ends early.
    pub fn visible_runs(&self) -> impl Iterator<Item = (&Run, Nanos)> {
        let runs = self.runs().iter().enumerate();
        runs.map(|(index, run)| (run, self.view.visible_until(index, run, self.now)))
    }

    /// How far the run that goes on is, by its own clock.
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// How far behind a paused view is: nothing if it is not paused.
    pub fn time_behind(&self) -> Option<Nanos> {
        self.view.time_behind(self.runs(), self.now)
    }
}
