//! The runs in progress: their events as one stream, and their common end.

use std::iter::{Peekable, Take};
use std::time::Duration;

use crossbeam_channel::{Receiver, TryIter, TryRecvError, after, never, select};

use crate::model::{Event, Nanos, PlannedRun, RunId};
use crate::source::{Launcher, Never, RunHandle};

/// The handles of the runs in progress: one, or all of a race at the same moment. Dropping them stops
/// the runs.
#[derive(Default)]
pub(super) struct RunHandles(Vec<(RunId, RunHandle)>);

impl RunHandles {
    /// Starts runs at the same moment, each with a clock of its own.
    pub(super) fn start(launcher: &Launcher, runs: Vec<PlannedRun>) -> Self {
        let start = |PlannedRun { run, plan }| (run, launcher.start(plan));
        Self(runs.into_iter().map(start).collect())
    }

    /// Returns `true` if no run is in progress.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The elapsed time of the runs when the launcher's clock reads `now`: that of the run that
    /// started last, so that none is shown ahead of its own clock.
    pub(super) fn elapsed(&self, now: Nanos) -> Nanos {
        self.0.iter().map(|(_, run)| run.elapsed(now)).min().unwrap_or_default()
    }

    /// Stops all runs.
    pub(super) fn stop(&self) {
        self.0.iter().for_each(|(_, run)| run.stop());
    }

    /// The maximum time for the runs to end once they are stopped.
    pub(super) fn stop_grace(&self) -> Duration {
        self.0.iter().map(|(_, run)| run.stop_grace()).max().unwrap_or_default()
    }

    /// A channel that closes once one of the runs has sent its last event. The ends of the others are
    /// noticed with their events.
    pub(super) fn over(&self) -> Receiver<Never> {
        self.0.first().map_or_else(never, |(_, run)| run.over().clone())
    }

    /// The channels of the events.
    pub(super) fn channels(&self) -> impl Iterator<Item = &Receiver<Event>> {
        self.0.iter().map(|(_, run)| run.events())
    }

    /// Stops all runs and applies their events up to the last, or until [`Self::stop_grace`] is over.
    pub(super) fn finish(&mut self, mut apply: impl FnMut(RunId, Event)) {
        self.stop();
        let late = after(self.stop_grace());
        while !self.is_empty() {
            let over = self.over();
            let is_late = select! {
                recv(over) -> _ => false,
                recv(late) -> _ => true,
            };
            self.take_events(&mut apply);
            if is_late {
                return;
            }
        }
    }

    /// Takes the events that have arrived and applies them, in the order of their times as far as each
    /// run's own order permits. Removes the runs that have ended.
    pub(super) fn take_events(&mut self, mut apply: impl FnMut(RunId, Event)) {
        // Read before the events: a run that has ended sends no more.
        let is_over = |run: &RunHandle| run.over().try_recv() == Err(TryRecvError::Disconnected);
        let ended: Vec<bool> = self.0.iter().map(|(_, run)| is_over(run)).collect();
        let arrived = self.0.iter().map(|(run, handle)| ArrivedEvents::new(*run, handle));
        for (run, event) in MergedEvents(arrived.collect()) {
            apply(run, event);
        }
        let mut ended = ended.into_iter();
        self.0.retain(|_| !ended.next().unwrap_or(false));
    }
}

/// The events of a run that have arrived, in the order in which the run sent them.
struct ArrivedEvents<'run> {
    run: RunId,
    /// The start of the run on the launcher's clock.
    started: Nanos,
    events: Peekable<Take<TryIter<'run, Event>>>,
}

impl<'run> ArrivedEvents<'run> {
    /// Leaves the events that arrive meanwhile to the next call: a simulated run has millions.
    fn new(run: RunId, handle: &'run RunHandle) -> Self {
        let events = handle.events();
        let arrived = events.try_iter().take(events.len()).peekable();
        Self { run, started: handle.started(), events: arrived }
    }
}

/// The events of several runs in the order of the clock, as far as each run's own order permits.
struct MergedEvents<'run>(Vec<ArrivedEvents<'run>>);

impl Iterator for MergedEvents<'_> {
    type Item = (RunId, Event);

    fn next(&mut self) -> Option<Self::Item> {
        let heads = self.0.iter_mut().filter_map(|arrived| {
            let at = arrived.started + arrived.events.peek()?.at;
            Some((at, arrived))
        });
        let (_, next) = heads.min_by_key(|(at, arrived)| (*at, arrived.run))?;
        Some((next.run, next.events.next()?))
    }
}
