//! Where everything of a picture stands, in pixels.

use crate::model::{Nanos, Run};

/// The picture's width.
pub(super) const WIDTH: f64 = 1200.0;

/// Around everything.
pub(super) const MARGIN: f64 = 36.0;

/// Where bars and lanes begin.
pub(super) const LEFT: f64 = 150.0;

/// Where lanes end, and their figures begin.
pub(super) const RIGHT: f64 = 1044.0;

/// What a row of figures or of a chart needs.
pub(super) const ROW: f64 = 26.0;

/// How high a chart is.
pub(super) const CHART: f64 = 26.0;

/// So few lanes are always drawn high.
const MAX_TALL_LANES: usize = 4;

/// No more labels of an axis.
const MAX_TICKS: u64 = 10;

/// How lanes are drawn: fewer are higher.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneGeometry {
    /// From a lane to the next.
    pub(super) pitch: f64,
    /// How high a lane is.
    pub(super) height: f64,
    /// Every so many lanes have a name.
    pub(super) named: usize,
}

/// How many lanes are drawn: of a count that was found, those that were tried.
pub(super) fn shown_lanes(run: &Run) -> usize {
    let lanes = run.lanes();
    if !run.plan().auto {
        return lanes.len();
    }
    let last = lanes.iter().rposition(|lane| lane.spans().next().is_some());
    last.map_or(1, |last| last + 1).min(lanes.len())
}

impl LaneGeometry {
    /// For a run among others: one of few lanes has room beside many.
    pub(super) fn for_run(run: &Run, runs: &[&Run]) -> Self {
        let all: usize = runs.iter().map(|run| shown_lanes(run)).sum();
        let own = shown_lanes(run);
        let lanes = if own <= MAX_TALL_LANES { own } else { all };
        let (pitch, height, named) = match lanes {
            0..=24 => (22.0, 18.0, 1),
            25..=60 => (15.0, 12.0, 1),
            61..=200 => (6.0, 5.0, 2),
            _ => (2.0, 2.0, 10),
        };
        Self { pitch, height, named }
    }

    /// Whether a lane has room for words.
    pub(super) fn fits_text(self) -> bool {
        self.height >= 12.0
    }
}

/// The moments that an axis names, and how many decimals their seconds need.
pub(super) fn axis_ticks(end: Nanos) -> (Vec<Nanos>, usize) {
    let mut step = 1_u64;
    for factor in [2, 5, 10].into_iter().cycle().scan(1_u64, |decade, factor| {
        let step = decade.saturating_mul(factor);
        if factor == 10 {
            *decade = step;
        }
        Some(step)
    }) {
        if end.0 / step <= MAX_TICKS {
            break;
        }
        step = factor;
    }
    let digits = (0..=9).find(|&digits| step.is_multiple_of(10_u64.pow(9 - digits))).unwrap_or(9);
    ((0..=end.0 / step).map(|tick| Nanos(tick * step)).collect(), digits as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_few_round_moments() {
        for (end, step, digits) in [
            (4_647, 500, 1),
            (10_000, 1_000, 0),
            (10_999, 1_000, 0),
            (11_000, 2_000, 0),
            (47, 5, 3),
        ] {
            let (ticks, found) = axis_ticks(Nanos::from_millis(end));
            assert_eq!((ticks[1], found), (Nanos::from_millis(step), digits), "{end}");
            assert!((5..=11).contains(&ticks.len()), "{end}: {}", ticks.len());
        }
        assert_eq!(axis_ticks(Nanos::ZERO), (vec![Nanos::ZERO], 9));
    }
}
