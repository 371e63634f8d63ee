//! The ceiling of a server, in words: the number of requests at once above which it refuses.

use super::conclusion::Clause;
use crate::analysis::refusals::Refusals;
use crate::model::{Nanos, Run};

/// The minimum share of a run's time that refusals must cost to come before the figures.
const MIN_SHARE: f64 = 0.1;

/// Returns the ceiling that cost the most, as the leading clause.
pub(super) fn leading_clause(runs: &[Run]) -> Option<Clause> {
    costliest(runs).filter(|&(_, share)| share >= MIN_SHARE).map(|(text, _)| Clause::other(text))
}

/// Returns a ceiling that cost little, or a single refusal, as a remark.
pub(super) fn remark(runs: &[Run]) -> Option<String> {
    match costliest(runs) {
        Some((text, share)) => (share < MIN_SHARE).then_some(text),
        None => runs.iter().filter(|run| run.is_comparable()).find_map(single_sentence),
    }
}

/// Returns the sentence about the ceiling that cost the largest share of its run, and that share.
fn costliest(runs: &[Run]) -> Option<(String, f64)> {
    let complete = runs.iter().filter(|run| run.is_comparable());
    complete.filter_map(sentence).max_by(|(_, one), (_, other)| one.total_cmp(other))
}

/// Returns `the server refused more than 6 at once, 4 times, costing 12 of 14 s: use 6`, and the share
/// of the time. It fits a line of 78 cells, because its end matters most.
fn sentence(run: &Run) -> Option<(String, f64)> {
    let (refusals, took) = (Refusals::of_run(run), run.duration()?);
    let ceiling = refusals.ceiling()?;
    let Refusals { times, held_back, .. } = refusals;
    let cost = if held_back > Nanos::ZERO { cost_text(held_back, took) } else { String::new() };
    let text = format!(
        "the server refused more than {ceiling} at once, {times} times{cost}: use {ceiling}"
    );
    Some((text, held_back.as_secs_f64() / took.as_secs_f64().max(f64::EPSILON)))
}

/// Returns `the server refused once, above 6 at once, costing 1 of 14 s`. Without advice, because one refusal
/// does not show a ceiling.
fn single_sentence(run: &Run) -> Option<String> {
    let (refusals, took) = (Refusals::of_run(run), run.duration()?);
    let most = refusals.above_once()?;
    let Refusals { held_back, .. } = refusals;
    let cost = if held_back > Nanos::ZERO { cost_text(held_back, took) } else { String::new() };
    Some(format!("the server refused once, above {most} at once{cost}"))
}

/// Returns `, costing 12 of 14 s`.
fn cost_text(held_back: Nanos, took: Nanos) -> String {
    let (cost, took) = (held_back.approximate(), took.approximate());
    let unit = took.rsplit_once(' ').map_or("", |(_, unit)| unit);
    let cost = cost.strip_suffix(unit).unwrap_or(&cost);
    format!(", costing {} of {took}", cost.trim_end())
}
