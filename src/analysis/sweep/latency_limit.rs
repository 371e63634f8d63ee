//! The limit that latency sets to the number of workers: the last number before the 95th percentile of the
//! service time doubles.

use super::SweepPoint;
use super::point::MIN_GAIN;

/// The growth of p95 from the smallest number of workers at which requests take too long.
const MAX_GROWTH: f64 = 2.0;

/// The minimum number of service times. The p95 of fewer is their maximum.
const MIN_SAMPLES: usize = 20;

/// The minimum growth of p95 between two numbers of workers that is worth a remark.
const MIN_REMARKABLE_GROWTH: f64 = 1.5;

/// The minimum share of the added workers that has to arrive as added throughput for a doubled p95 to be
/// worth it.
///
/// If all requests take longer, by Little's law the rate grows by less than that: with a latency of
/// a + b n, the p95 of one worker has doubled at n = a / b + 2, where a further worker adds less than half
/// of what the others do. If the rate grows by more, only a few requests take longer.
const MIN_ADDED_SHARE: f64 = 0.5;

/// Returns the growth of p95 from one point to another, if both have enough service times.
pub(super) fn p95_growth(from: &SweepPoint, to: &SweepPoint) -> Option<f64> {
    let p95 = |point: &SweepPoint| {
        let service = point.service.filter(|service| service.count >= MIN_SAMPLES)?;
        Some(service.p95.as_secs_f64())
    };
    p95(from).filter(|&from| from > 0.0).zip(p95(to)).map(|(from, to)| to / from)
}

/// Returns `true` if p95 may grow by this factor from the smallest number of workers.
pub(super) fn is_acceptable(growth: f64) -> bool {
    growth < MAX_GROWTH
}

/// Returns the index of the first of the ascending points beyond the limit: p95 has doubled since the
/// first point, and the throughput grew too little for it, also up to each later point. `None` if the
/// last point is within the limit.
pub(super) fn first_beyond(points: &[SweepPoint]) -> Option<usize> {
    let first = points.first()?;
    let (mut accepted, mut last) = (0, first);
    for (index, point) in points.iter().enumerate().skip(1) {
        let is_short = p95_growth(first, point).is_none_or(is_acceptable);
        if is_short || is_worth_it(last, point) {
            (accepted, last) = (index, point);
        }
    }
    (accepted + 1 < points.len()).then_some(accepted + 1)
}

/// Returns `true` if the throughput grows enough from one point to another for a doubled p95.
fn is_worth_it(from: &SweepPoint, to: &SweepPoint) -> bool {
    let added_workers = f64::from(to.workers) / f64::from(from.workers) - 1.0;
    let growth = to.rate / from.rate;
    growth >= MIN_GAIN && growth - 1.0 >= added_workers * MIN_ADDED_SHARE
}

/// Returns the effect of more workers on p95, if they raise it noticeably: `double p95`,
/// `raise p95 to 116 ms`.
pub(super) fn growth_text(from: &SweepPoint, to: &SweepPoint) -> Option<String> {
    let growth = p95_growth(from, to).filter(|&growth| growth >= MIN_REMARKABLE_GROWTH)?;
    if (growth - MAX_GROWTH).abs() < 0.05 {
        return Some("double p95".to_owned());
    }
    Some(format!("raise p95 to {}", to.service?.p95))
}
