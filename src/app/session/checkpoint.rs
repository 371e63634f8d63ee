//! The return to the start of a selection, to play its events again.

use super::{LatestRun, RunSet, Session};
use crate::model::{Event, EventKind, Nanos, Run, Selection};

/// The state of a session before a selection, as far as the selection's runs change it.
#[derive(Clone, Copy, Debug)]
pub(in crate::app) struct Checkpoint {
    /// The selection.
    pub(in crate::app) selection: Selection,
    latest: Option<LatestRun>,
    sequential: Option<Nanos>,
}

impl Session {
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
        self.start_run(selection, 0);
    }

    /// Applies an event again after a return. The plan of its run is the one that it was started
    /// with, even if the number of workers was changed since.
    pub(in crate::app) fn apply_again(&mut self, event: &Event) {
        if let (EventKind::RunStarted { plan }, Some(run)) = (&event.kind, self.active_run_mut()) {
            *run = Run::new(plan.clone());
        }
        self.apply_unlogged(event);
    }
}
