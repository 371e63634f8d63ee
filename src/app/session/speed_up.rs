//! Speed-up and agreement of the runs of a session.

use super::Session;
use crate::analysis::stats::{self, Agreement};
use crate::model::{Mode, ModeChoice, Nanos, Run, Selection};

impl Session {
    /// The sequential time that speed-ups of the selection refer to.
    pub fn baseline_time(&self, selection: Selection) -> Option<Nanos> {
        match selection.choice {
            ModeChoice::Race => stats::sequential_time(self.runs(selection)),
            ModeChoice::Sweep => {
                let points = self.sweep(selection)?.points().iter();
                points.filter(|point| point.workers == 1).map(|point| point.median).next()
            }
            ModeChoice::Only(_) => self.sequential.get(&selection.workload).copied(),
        }
    }

    /// The speed-up of a run of the selection over the sequential run. While the run is active, it
    /// is estimated from the rate of the tasks completed so far.
    pub fn speed_up(&self, selection: Selection, run: &Run, now: Nanos) -> Option<f64> {
        let baseline = self.baseline_time(selection)?;
        let done = run.ended_tasks();
        let share = f64::from(done) / f64::from(run.progress().known_tasks().max(1));
        match run.outcome() {
            Some(_) if run.is_comparable() => stats::speed_up(baseline, run.duration()?),
            Some(_) => None,
            None if done == 0 || run.plan().mode == Mode::Sequential => None,
            None => Some(stats::speed_up(baseline, run.elapsed(now))? * share),
        }
    }

    /// The agreement of the results of the selection's runs, once all have ended.
    pub fn agreement(&self, selection: Selection) -> Option<Agreement> {
        self.run_sets.get(&selection)?.agreement
    }
}
