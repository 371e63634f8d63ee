//! Comparison of the runs shown with a baseline.

use super::App;
use super::keymap::Action;
use super::session::Baseline;
use crate::analysis::LatencySummary;
use crate::analysis::stats::speed_up;
use crate::model::{ModeChoice, Nanos, Run};

/// The difference between a run and its baseline. A figure that either run lacks is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// The speed-up over the baseline.
    pub times: Option<f64>,
    /// The relative change of the elapsed time.
    pub elapsed: Option<f64>,
    /// The relative change of the rate of tasks.
    pub rate: Option<f64>,
    /// The relative change of the median service time.
    pub p50: Option<f64>,
    /// The relative change of the 95th percentile of the service time.
    pub p95: Option<f64>,
}

impl Difference {
    /// The difference between `run`, which is shown up to `until`, and `other`, which has ended.
    /// While `run` is active, it is compared with the state of `other` at the same elapsed time.
    fn between(run: &Run, until: Nanos, other: &Run) -> Self {
        let more = |new: f64, old: f64| (old > 0.0 && new > 0.0).then(|| new / old - 1.0);
        let (took, before) = (run.duration(), other.duration());
        let times = LatencySummary::between(run, Nanos::ZERO, until).service;
        let others = if run.is_over() { before.unwrap_or_default() } else { until };
        let others = LatencySummary::between(other, Nanos::ZERO, others).service;
        let both = times.zip(others);
        let longer = |new: Nanos, old: Nanos| more(new.as_secs_f64(), old.as_secs_f64());
        let over = took.zip(before).filter(|_| run.is_complete() && other.is_complete());
        Self {
            times: over.and_then(|(new, old)| speed_up(old, new)),
            elapsed: over.and_then(|(new, old)| longer(new, old)),
            rate: took.and_then(|took| more(run.rate(took), other.rate(took))),
            p50: both.and_then(|(new, old)| longer(new.p50, old.p50)),
            p95: both.and_then(|(new, old)| longer(new.p95, old.p95)),
        }
    }
}

impl App {
    /// The baseline that the runs shown are compared with.
    pub fn baseline(&self) -> Option<Baseline<'_>> {
        self.session.baselines(self.selection).into_iter().nth(self.baseline_index?)
    }

    /// Sets the runs of a recording as the first baseline.
    pub fn set_external_baseline(&mut self, runs: Vec<Run>, name: String) {
        self.session.set_external_baseline(runs, name);
    }

    /// The startup notice about the recording used as a baseline, if there is one.
    pub fn external_baseline_notice(&self) -> Option<String> {
        let key = self.key_of(Action::Compare);
        let name_notice = self
            .session
            .external_baseline_name(self.selection)
            .map(|name| format!("{key} compares with {name}"));
        name_notice.or_else(|| self.session.external_baseline_mismatch(self.selection))
    }

    /// Each run shown that has started, with its baseline and the difference between them.
    pub fn differences(&self) -> Vec<(&Run, &Run, Difference)> {
        let Some(baseline) = self.baseline() else { return Vec::new() };
        let started = self.visible_runs().filter(|(run, _)| run.has_started());
        let pairs = started.filter_map(|(run, until)| Some((run, until, baseline.run_for(run)?)));
        pairs
            .map(|(run, until, other)| (run, other, Difference::between(run, until, other)))
            .collect()
    }

    /// Selects the next baseline, or none after the last.
    pub(super) fn select_next_baseline(&mut self) {
        if self.selection.choice == ModeChoice::Sweep {
            self.notice = Some("the chart already compares the trials of a sweep".to_owned());
            return;
        }
        let (compare, run) = (self.key_of(Action::Compare), self.key_of(Action::Run));
        let next = self.baseline_index.map_or(0, |at| at + 1);
        let baselines = self.session.baselines(self.selection);
        let names: Vec<String> = baselines.into_iter().map(|baseline| baseline.name).collect();
        self.baseline_index = (next < names.len()).then_some(next);
        let mismatch =
            self.session.external_baseline_mismatch(self.selection).filter(|_| next == 0);
        self.notice = match (names.get(next), names.get(next + 1)) {
            (Some(name), Some(other)) => {
                Some(format!("compared with {name}; {compare} compares with {other}"))
            }
            (Some(name), None) => Some(format!("compared with {name}; {compare} ends it")),
            (None, _) if mismatch.is_some() => None,
            (None, _) if names.is_empty() => {
                Some(format!("no other run to compare with; {run} runs again and keeps this run"))
            }
            (None, _) => None,
        };
        if let Some(mismatch) = mismatch {
            let notice =
                self.notice.take().map_or_else(String::new, |notice| format!("; {notice}"));
            self.notice = Some(mismatch + &notice);
        }
    }
}
