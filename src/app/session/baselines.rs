//! Baselines for the runs of a selection: its previous runs, other modes of the session, and runs
//! of a recording.

use super::{RunSet, Session};
use crate::model::{ModeChoice, Run, RunOutcome, Selection};

/// Runs that others are compared with.
#[derive(Clone, Debug)]
pub struct Baseline<'session> {
    /// The name in a sentence: `the previous run`.
    pub name: String,
    /// The name after the same mode's workers: `before`, `in run.jsonl`.
    pub short: String,
    runs: Vec<&'session Run>,
    /// A single run may be compared with a run in another mode.
    across_modes: bool,
}

impl<'session> Baseline<'session> {
    /// The run to compare `run` with, in the same mode if possible.
    pub fn run_for(&self, run: &Run) -> Option<&'session Run> {
        let mode = run.plan().mode;
        let same = self.runs.iter().find(|other| other.plan().mode == mode);
        same.or_else(|| self.runs.first().filter(|_| self.across_modes)).copied()
    }
}

/// The runs of a recording that serves as a baseline.
#[derive(Clone, Debug)]
pub(super) struct ExternalBaseline {
    name: String,
    /// The complete runs.
    runs: Vec<Run>,
    /// The recording also has incomplete runs, which are left out.
    partial: bool,
}

impl Session {
    /// Sets the runs of a recording as a baseline. Incomplete runs are left out.
    pub fn set_external_baseline(&mut self, mut runs: Vec<Run>, name: String) {
        let all = runs.len();
        runs.retain(Run::is_comparable);
        self.external_baseline = Some(ExternalBaseline { name, partial: runs.len() < all, runs });
    }

    /// The name of the recording used as a baseline. `None` if there is none, or if it does not
    /// match the selection; see [`Self::external_baseline_mismatch`].
    pub fn external_baseline_name(&self, selection: Selection) -> Option<String> {
        let ExternalBaseline { name, partial, .. } = self.external_baseline.as_ref()?;
        let part = if *partial { " (complete runs only)" } else { "" };
        self.external_baseline_mismatch(selection).is_none().then(|| format!("{name}{part}"))
    }

    /// The reason why the recording cannot be a baseline for the selection, if so.
    pub fn external_baseline_mismatch(&self, selection: Selection) -> Option<String> {
        let ExternalBaseline { name, runs, .. } = self.external_baseline.as_ref()?;
        let Selection { workload, choice } = selection;
        let Some(first) = runs.first().map(Run::plan) else {
            return Some(format!("{name} contains no complete run"));
        };
        if first.workload() != workload {
            return Some(format!("{name} contains {} runs, not {workload}", first.workload()));
        }
        let modes = self.setup.modes(selection);
        let shares = runs.iter().any(|run| modes.contains(&run.plan().mode));
        (choice == ModeChoice::Race && !shares)
            .then(|| format!("{name} contains only {}, not a race", first.selection()))
    }

    /// Keeps the finished runs of a selection as the baseline for the next ones. Only the latest
    /// set is kept.
    pub(super) fn keep_as_baseline(&mut self, selection: Selection) {
        let Some(run_set) = self.run_sets.remove(&selection) else { return };
        // The last trial of a sweep is not a fair baseline.
        if selection.choice == ModeChoice::Sweep {
            return;
        }
        let finished = |run: &Run| run.outcome() == Some(&RunOutcome::Finished);
        let mut earlier: Vec<Run> = run_set.runs.into_iter().filter(finished).collect();
        if earlier.is_empty() {
            earlier = run_set.earlier;
        }
        if !earlier.is_empty() {
            let run_set = RunSet { earlier, ..RunSet::default() };
            self.run_sets.insert(selection, run_set);
        }
    }

    /// The available baselines for a selection, the most likely choice first.
    pub fn baselines(&self, selection: Selection) -> Vec<Baseline<'_>> {
        let across_modes = selection.choice != ModeChoice::Race;
        let mut baselines = Vec::new();
        let mut add = |name: &str, short: &str, runs| {
            let [name, short] = [name, short].map(str::to_owned);
            baselines.push(Baseline { name, short, runs, across_modes });
        };
        if let Some(ExternalBaseline { name, runs, .. }) = &self.external_baseline {
            let same_workload =
                runs.iter().filter(|run| run.plan().workload() == selection.workload);
            let short = name.rsplit('/').next().unwrap_or_default();
            add(name, &format!("in {short}"), same_workload.collect());
        }
        if let Some(run_set) = self.run_sets.get(&selection) {
            add("the previous run", "before", run_set.earlier.iter().collect());
        }
        let others = Selection::all(selection.workload);
        for other in others.filter(|&it| it != selection && it.choice != ModeChoice::Sweep) {
            let ended = self.runs(other).iter().filter(|run| run.is_over());
            let name = other.to_string();
            add(&name, &name, ended.collect());
        }
        let has = |runs: &[&Run], mode| runs.iter().any(|run| run.plan().mode == mode);
        baselines.retain(|Baseline { runs, .. }| {
            let shares = self.setup.modes(selection).iter().any(|&mode| has(runs, mode));
            shares || (across_modes && !runs.is_empty())
        });
        baselines
    }
}
