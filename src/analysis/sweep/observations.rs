//! The observations in the runs of one number of workers beside their times: service times, refusals and
//! failed requests.

use std::collections::BTreeMap;

use crate::analysis::attempt::Attempt;
use crate::analysis::latency;
use crate::analysis::refusals::Refusals;
use crate::model::{Failure, Nanos, Run};

/// The observations of all trials with one number of workers.
#[derive(Clone, Debug, Default)]
pub(super) struct Observations {
    /// The service times in trials that counted.
    counted: Vec<Nanos>,
    /// The service times in trials that rate limits held back.
    held_back: Vec<Nanos>,
    /// The refusals of the server.
    pub(super) refusals: Refusals,
    /// The number of failed requests by HTTP status, or by kind of failure without a response.
    pub(super) failures: BTreeMap<String, u32>,
}

impl Observations {
    /// Adds a run that has ended.
    pub(super) fn add_run(&mut self, run: &Run, is_held_back: bool) {
        let times = if is_held_back { &mut self.held_back } else { &mut self.counted };
        times.extend(latency::service_times(run));
        self.refusals = self.refusals.with(Refusals::of_run(run));
        // Nearly all runs need no look at each attempt.
        if run.progress().retry_count() == 0 {
            return;
        }
        for failure in run.attempts().iter().filter_map(Attempt::failure) {
            *self.failures.entry(cause_name(failure)).or_default() += 1;
        }
    }

    /// The service times of the trials that are summarized.
    pub(super) fn service_times(&self, is_held_back: bool) -> &[Nanos] {
        if is_held_back { &self.held_back } else { &self.counted }
    }
}

/// Returns the status of a response, or the kind of a failure without one: `429`, `timed_out`.
fn cause_name(failure: &Failure) -> String {
    let kind = || serde_json::to_value(failure.kind).ok()?.as_str().map(str::to_owned);
    let status = failure.status.map(|status| status.to_string());
    status.or_else(kind).unwrap_or_default()
}
