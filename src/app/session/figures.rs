//! How the runs of a sitting compare.

use super::Session;
use crate::model::stats::{self, Agreement};
use crate::model::{Choice, End, Mode, Nanos, Run, Selection, Workload};

impl Session {
    /// The sequential time that the selection's runs are measured against.
    pub fn baseline(&self, selection: Selection) -> Option<Nanos> {
        match selection.choice {
            Choice::Race => {
                let sequential = self.runs(selection).first();
                sequential.filter(|run| is_comparable(run)).and_then(Run::took)
            }
            Choice::Sweep => {
                let points = self.sweep(selection)?.medians().iter();
                points.filter(|point| point.workers == 1).map(|point| point.median).next()
            }
            Choice::Only(_) => self.sequential.get(&selection.workload).copied(),
        }
    }

    /// The speed-up of a run of the selection, once it is over; before, of its tasks so far, if
    /// there are any: how many times as many a second as in the sequential run.
    pub fn speed_up(&self, selection: Selection, run: &Run, now: Nanos) -> Option<f64> {
        let baseline = self.baseline(selection)?;
        let failed = if selection.workload == Workload::Commands { run.failed_tasks() } else { 0 };
        let done = run.done_tasks() + failed;
        let share = f64::from(done) / f64::from(run.known_tasks().max(1));
        match run.end() {
            Some(_) if is_comparable(run) => stats::speed_up(baseline, run.took()?),
            Some(_) => None,
            None if done == 0 || run.plan().mode == Mode::Sequential => None,
            None => Some(stats::speed_up(baseline, run.elapsed(now))? * share),
        }
    }

    /// Whether the selection's runs brought the same, once the last is over.
    pub fn agreement(&self, selection: Selection) -> Option<Agreement> {
        self.bouts.get(&selection)?.agreement
    }
}

/// Whether a run did all that there is to do, so that its time can be set beside another's: a command
/// that fails has run as well.
pub(super) fn is_comparable(run: &Run) -> bool {
    let commands = run.plan().workload() == Workload::Commands;
    run.is_whole() || (commands && run.end() == Some(&End::Finished))
}
