//! The conclusion about runs that rate limits held back: their times are not comparable.

use super::mode_result::{factor_text, workers_text};
use super::{Clause, Verdict};
use crate::analysis::rate_limit_hold::RateLimitHold;
use crate::analysis::stats::{self, sequential_run};
use crate::model::{Mode, Nanos, Run};

impl Verdict<'_> {
    /// Returns the runs that cannot be compared because of a rate limit, and the speed-ups without it
    /// where they can be told. Empty if no run was held back, or if there is nothing to compare.
    pub(super) fn not_comparable_clauses(&self) -> Vec<Clause> {
        let is_comparison = self.runs.len() > 1 || self.baseline.is_some();
        let holds = self.runs.iter().filter_map(|run| Some((run, RateLimitHold::of_run(run)?)));
        let held: Vec<Clause> = holds.enumerate().map(held_clause).collect();
        if !is_comparison || held.is_empty() {
            return Vec::new();
        }
        held.into_iter().chain(self.speed_ups_without_limits().map(Clause::aside)).collect()
    }

    /// Returns how long rate limits held back a run that is not compared.
    pub(super) fn held_back_check(&self) -> Option<String> {
        let ([run], None) = (self.runs, self.baseline) else { return None };
        let hold = RateLimitHold::of_run(run)?;
        Some(format!("held back {} by a rate limit", seconds_text(hold.time)))
    }

    /// Returns the speed-ups without the limits: `(without: 6.1x)`, or `None` if none can be told.
    fn speed_ups_without_limits(&self) -> Option<String> {
        let one = sequential_run(self.runs);
        let sequential = one.map_or(self.baseline, RateLimitHold::time_without_limits);
        let is_held = |run| RateLimitHold::of_run(run).is_some();
        let others = self.runs.iter().filter(|run| run.plan().mode != Mode::Sequential);
        let affected = others.filter(|run| one.is_some_and(is_held) || is_held(run));
        let affected: Vec<&Run> = affected.collect();
        let speed_up = |run: &Run| {
            let times = stats::speed_up(sequential?, RateLimitHold::time_without_limits(run)?)?;
            Some(factor_text(times))
        };
        let told: Vec<String> = match affected.as_slice() {
            [run] => speed_up(run).into_iter().collect(),
            runs => {
                let named = |run: &&Run| Some(format!("{} {}", subject(run), speed_up(run)?));
                runs.iter().filter_map(named).collect()
            }
        };
        (!told.is_empty()).then(|| format!("(without: {})", told.join(", ")))
    }
}

/// Returns how long a run was held back. The first clause is a sentence, the others continue it.
fn held_clause((place, (run, hold)): (usize, (&Run, RateLimitHold))) -> Clause {
    let (subject, time) = (subject(run), seconds_text(hold.time));
    let verb = if run.plan().workers == 1 { "was" } else { "were" };
    match place {
        0 => Clause::other(format!(
            "not comparable: {subject} {verb} held back {time} by a rate limit"
        )),
        _ => Clause::more(format!("{subject} {time}")),
    }
}

/// Returns the workers of a run in words.
fn subject(run: &Run) -> String {
    workers_text(run.plan(), run.mean_workers(Nanos::ZERO).round() as u16)
}

/// Formats a time to a tenth of a second: `4.0 s`, or a shorter one to the millisecond: `120 ms`.
pub(super) fn seconds_text(time: Nanos) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 1.0 { time.to_string() } else { format!("{seconds:.1} s") }
}
