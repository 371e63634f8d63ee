//! Showing another selection: at once, with its runs. What is free starts, and replaces a free run that
//! is active; what has to wait leaves the picture as it is, and a notice says so.

use super::App;
use super::keymap::Action;
use super::message::Effect;
use crate::model::Selection;

/// A choice of what to run once the active runs have been stopped to make room for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Successor {
    /// The selection shown, if it has not run yet.
    Shown,
    /// This selection, also if it has run, unless another is shown by then.
    Again(Selection),
    /// The selection shown, on the other machine: on the simulated one, this selection.
    Simulation(Selection),
}

impl App {
    /// Shows another selection, and runs it if it has not run yet and is free.
    pub(super) fn show(&mut self, selection: Selection) -> Option<Effect> {
        if self.screen.recording().is_some() {
            return self.show_recorded(selection);
        }
        let has_runs = !self.session.runs(selection).is_empty();
        let active = self.session.active().filter(|&active| active != selection && !has_runs);
        match active {
            None => {
                self.switch_to(selection);
                self.start_if_free()
            }
            Some(active) if self.is_free(active) && self.is_free(selection) => {
                self.switch_to(selection);
                self.replace(active, Successor::Shown)
            }
            Some(active) => {
                self.notify(self.waiting_notice(selection, active));
                None
            }
        }
    }

    /// Stops the active runs and discards them, unless they are complete by then. The successor starts
    /// when they have ended.
    pub(super) fn replace(&mut self, active: Selection, successor: Successor) -> Option<Effect> {
        self.stopping = Some(active);
        self.replaced = Some((active, successor));
        if self.is_playback() { self.stop_simulated_run() } else { Some(Effect::Stop) }
    }

    /// Starts what follows the active runs, now that the last of them has ended.
    pub(super) fn start_successor(&mut self) -> Option<Effect> {
        let stopped = self.stopping.take();
        let Some((replaced, successor)) = self.replaced.take() else {
            // After a stop, no run starts by itself, unless another selection was chosen since.
            return if stopped == Some(self.selection()) { None } else { self.start_if_free() };
        };
        self.session.discard_stopped(replaced);
        match successor {
            Successor::Again(selection) if selection == self.selection() => self.start_live(),
            Successor::Shown | Successor::Again(_) => self.start_if_free(),
            Successor::Simulation(alone) => self.switch_machine(alone),
        }
    }

    /// Returns `true` if a selection runs without being asked for. The user's commands may have side
    /// effects, so selecting them does not run them again.
    pub(super) fn is_free(&self, Selection { workload, .. }: Selection) -> bool {
        let is_foreign = workload.is_command() || workload.is_program();
        !self.session.setup().costs_quota(workload) && !is_foreign
    }

    /// Returns the notice that a selection has to wait for the end of the active one.
    pub(super) fn waiting_notice(&self, selection: Selection, active: Selection) -> String {
        let (own, other) = (selection.beside(active), active.beside(selection));
        let cost = self.session.request_cost(selection);
        let cost = cost.map(|cost| format!(" ({cost})")).unwrap_or_default();
        let stop = self.key_of(Action::Stop);
        let [verb, _] = active.agreement();
        format!("{own}{cost} can run when {other} {verb} over; {stop} stops {other}")
    }

    /// Runs the selection shown if it has not run yet, no other run is active and it is free.
    pub(super) fn start_if_free(&mut self) -> Option<Effect> {
        let selection = self.selection();
        let workload = selection.workload;
        // If a run has not even found the number of pages, others start when the user asks for them.
        let failed = self.session.latest_run().is_some_and(|run| run.plan().workload() == workload);
        let prepared = self.session.task_count(workload).is_some() || !failed;
        let ready = prepared && self.session.active().is_none();
        let starts = self.is_free(selection) && ready && self.runs().is_empty();
        starts.then(|| self.start()).flatten()
    }
}
