//! The log of a session: the selections that were started and the events of their runs, in order.
//! Replaying the log rebuilds the session, and so does
//! replaying a selection after a return to its start.

use std::sync::Arc;

use super::{LatestRun, RunSet, Session};
use crate::model::{
    Event, EventKind, LogEntry, LogSink, Nanos, Run, RunId, Selection, SelectionStart, Setup,
};

/// The state of a session before a selection, as far as the selection's runs change it.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct Checkpoint {
    /// The selection.
    pub(in crate::app) selection: Selection,
    latest: Option<LatestRun>,
    sequential: Option<Nanos>,
}

impl Session {
    /// Sends all further entries to `sink`.
    #[must_use]
    pub fn with_log_sink(mut self, sink: Box<dyn LogSink>) -> Self {
        self.log = Some(sink);
        self
    }

    /// Rebuilds a session from the setup that it began with and its log.
    pub fn from_log(setup: &Setup, entries: &[LogEntry]) -> Self {
        let mut session = Self::new(setup.clone());
        for entry in entries {
            session.replay_entry(entry);
        }
        session
    }

    /// Applies an entry of another session's log.
    pub fn replay_entry(&mut self, entry: &LogEntry) {
        match entry {
            LogEntry::Start(start) if self.active.is_none() => {
                self.adopt_setup(start);
                self.start_selection(start.selection);
            }
            LogEntry::Start(_) => {}
            LogEntry::Event { run, event } => _ = self.apply(*run, event),
        }
    }

    /// Adopts the setup that a selection had in another session.
    pub(in crate::app) fn adopt_setup(&mut self, start: &SelectionStart) {
        let simulation = start.setup.compute.simulation;
        if simulation != self.setup.compute.simulation {
            self.set_simulation(simulation);
        }
        let commands = Arc::clone(&self.setup.commands);
        self.setup = Setup { commands, ..start.setup.clone() };
        self.pages = start.pages;
    }

    /// Returns the log entry of a selection that starts now.
    pub(in crate::app) fn selection_start(&self, selection: Selection) -> SelectionStart {
        let setup = Setup { commands: Arc::default(), ..self.setup.clone() };
        SelectionStart { selection, setup, pages: self.pages }
    }

    pub(super) fn log_start(&mut self, selection: Selection) {
        let start = self.selection_start(selection);
        if let Some(log) = &mut self.log {
            log.record(LogEntry::Start(Arc::new(start)));
        }
    }

    /// Logs an event of an active run.
    pub(super) fn log_event(&mut self, run: RunId, event: &Event) {
        let is_active = self.is_active(run);
        if let Some(log) = self.log.as_mut().filter(|_| is_active) {
            log.record(LogEntry::Event { run, event: event.clone() });
        }
    }

    /// Returns the state before `selection` starts.
    pub(in crate::app) fn checkpoint(&self, selection: Selection) -> Checkpoint {
        let sequential = self.sequential.get(&selection.workload).copied();
        Checkpoint { selection, latest: self.latest, sequential }
    }

    /// Returns to the start of the selection that was started last. The runs of other selections,
    /// the baseline, the setup and the log stay.
    pub(in crate::app) fn rewind(&mut self, start: Checkpoint) {
        let Checkpoint { selection, latest, sequential } = start;
        let run_set = self.run_sets.entry(selection).or_default();
        *run_set = RunSet { earlier: std::mem::take(&mut run_set.earlier), ..RunSet::default() };
        self.latest = latest;
        match sequential {
            Some(took) => _ = self.sequential.insert(selection.workload, took),
            None => _ = self.sequential.remove(&selection.workload),
        }
        self.start_first_runs(selection);
    }

    /// Plans the runs of a selection that starts later, so that their lanes can be shown.
    pub(in crate::app) fn plan_selection(&mut self, selection: Selection) {
        self.plan_runs(selection, RunId(0));
    }

    /// Adds the runs of a selection as they ended in another session.
    #[must_use]
    pub(in crate::app) fn with_finished_runs(
        mut self,
        selection: Selection,
        runs: Vec<Run>,
    ) -> Self {
        let count = runs.len() as u16;
        self.run_sets.insert(selection, RunSet { runs, ..RunSet::default() });
        for run in (0..count).map(RunId) {
            self.latest = Some(LatestRun { selection, run });
            self.record_results(selection, run);
        }
        self
    }

    /// Applies an event again after a return. The plan of its run is the one that it was started
    /// with, even if the number of workers was changed since.
    pub(in crate::app) fn apply_again(&mut self, run: RunId, event: &Event) {
        if let (EventKind::RunStarted { plan }, Some(planned)) =
            (&event.kind, self.active_run_mut(run))
        {
            *planned = Run::new(plan.clone());
        }
        self.apply_unlogged(run, event);
    }
}
