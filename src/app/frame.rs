//! Up to when the picture shows its runs, and what a frame has to have room for.

use super::{App, viewport};
use crate::model::{Nanos, Run};

impl App {
    /// A frame is about to be drawn, on so many cells of the timeline.
    pub(super) fn frame(&mut self, now: Nanos, columns: u16) {
        self.open_until(now);
        if self.player.is_some() {
            self.play_until(now);
        } else {
            self.now = now;
        }
        let (edge, newest, expected) = (self.edge(), self.newest(), self.expected());
        self.view.viewport.set_calm(self.calm);
        self.view.frame(columns, edge, newest, expected);
        if self.finding.is_told() {
            self.refresh_search();
        }
        self.refresh_table();
    }

    /// The newest moment in the picture.
    fn edge(&self) -> Nanos {
        self.visible().map(|(_, until)| until).max().unwrap_or_default()
    }

    /// The newest moment of the picture's run that goes on, if one does and is not held.
    fn newest(&self) -> Option<Nanos> {
        let mut going_on = self.visible().filter(|(run, _)| run.has_begun() && !run.is_over());
        going_on.next().filter(|_| !self.view.is_paused()).map(|(_, until)| until)
    }

    /// While a run of the picture goes on: how long it may take in all.
    fn expected(&self) -> Option<Nanos> {
        let run = self.session.active_run()?;
        (self.session.active() == Some(self.shown)).then(|| viewport::expected(run, self.now))
    }

    /// The runs that are shown, each with the moment until which it is: a paused view ends early.
    pub fn visible(&self) -> impl Iterator<Item = (&Run, Nanos)> {
        let runs = self.runs().iter().enumerate();
        runs.map(|(index, run)| (run, self.view.until(index, run, self.now)))
    }

    /// How far the run that goes on is, by its own clock.
    pub const fn now(&self) -> Nanos {
        self.now
    }

    /// How far behind a paused view is: nothing if it is not paused.
    pub fn behind(&self) -> Option<Nanos> {
        self.view.behind(self.runs(), self.now)
    }
}
