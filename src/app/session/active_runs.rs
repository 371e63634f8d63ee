//! The active runs of a session: one, or all of a race whose modes start at the same moment.

use super::Session;
use crate::analysis::plural;
use crate::model::{Run, RunId, Selection};

/// The active runs of a selection. There is at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActiveRuns {
    pub(super) selection: Selection,
    runs: Vec<RunId>,
}

impl ActiveRuns {
    /// Returns `None` if there are no runs.
    pub(super) fn new(selection: Selection, runs: Vec<RunId>) -> Option<Self> {
        (!runs.is_empty()).then_some(Self { selection, runs })
    }

    fn contains(&self, run: RunId) -> bool {
        self.runs.contains(&run)
    }

    /// Removes a run that has ended. Returns `None` after the last.
    pub(super) fn without(mut self, run: RunId) -> Option<Self> {
        self.runs.retain(|&other| other != run);
        Self::new(self.selection, self.runs)
    }
}

impl Session {
    /// The active selection.
    pub fn active(&self) -> Option<Selection> {
        self.active.as_ref().map(|active| active.selection)
    }

    /// The active runs with their IDs, in the order of their modes.
    pub fn active_runs(&self) -> impl Iterator<Item = (RunId, &Run)> {
        let active = self.active.iter();
        let ids = active.flat_map(|active| active.runs.iter().map(|&run| (active.selection, run)));
        ids.filter_map(|(selection, run)| Some((run, self.run(selection, run)?)))
    }

    /// The first of the active runs.
    pub fn active_run(&self) -> Option<&Run> {
        self.active_runs().next().map(|(_, run)| run)
    }

    /// The active runs of a selection; none if another is active.
    pub fn active_runs_of(&self, selection: Selection) -> impl Iterator<Item = &Run> {
        let is_active = self.active() == Some(selection);
        self.active_runs().filter(move |_| is_active).map(|(_, run)| run)
    }

    /// The names of the active runs, as in a sentence: `sequential, threads and gil`.
    pub fn active_names(&self) -> Option<String> {
        let name = |run: &Run| run.plan().selection().to_string();
        let names: Vec<String> = self.active_runs().map(|(_, run)| name(run)).collect();
        plural::enumeration(&names)
    }

    /// Returns a run if it is active.
    pub(super) fn active_run_mut(&mut self, run: RunId) -> Option<&mut Run> {
        let active = self.active.as_ref().filter(|active| active.contains(run))?;
        self.run_sets.get_mut(&active.selection)?.runs.get_mut(usize::from(run.0))
    }

    pub(super) fn is_active(&self, run: RunId) -> bool {
        self.active.as_ref().is_some_and(|active| active.contains(run))
    }

    pub(super) fn run(&self, selection: Selection, run: RunId) -> Option<&Run> {
        self.runs(selection).get(usize::from(run.0))
    }
}
