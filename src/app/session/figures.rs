//! How the runs of a sitting compare.

use super::Session;
use crate::model::stats::{self, Agreement};
use crate::model::{Choice, Nanos, Run, Selection};

impl Session {
    /// The sequential time that the selection's runs are measured against.
    pub fn baseline(&self, selection: Selection) -> Option<Nanos> {
        match selection.choice {
            Choice::Race => {
                let sequential = self.runs(selection).first();
                sequential.filter(|run| run.is_whole()).and_then(Run::took)
            }
            Choice::Only(_) => self.sequential.get(&selection.workload).copied(),
        }
    }

    /// The speed-up of a run of the selection, once it is over; before, of its pages so far, if
    /// there are any: how many times as many a second as in the sequential run.
    pub fn speed_up(&self, selection: Selection, run: &Run, now: Nanos) -> Option<f64> {
        let baseline = self.baseline(selection)?;
        let done = f64::from(run.done_tasks()) / f64::from(run.known_tasks().max(1));
        match run.end() {
            Some(_) if run.is_whole() => stats::speed_up(baseline, run.took()?),
            Some(_) => None,
            None if run.done_tasks() == 0 => None,
            None => Some(stats::speed_up(baseline, run.elapsed(now))? * done),
        }
    }

    /// Whether the selection's runs brought the same, once the last is over.
    pub fn agreement(&self, selection: Selection) -> Option<Agreement> {
        self.bouts.get(&selection)?.agreement
    }
}
