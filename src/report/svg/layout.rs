//! The layout of a picture, in pixels.

use crate::model::{Nanos, Run};

/// The width of the picture.
pub(super) const WIDTH: f64 = 1200.0;

/// The margin around the picture.
pub(super) const MARGIN: f64 = 36.0;

/// The left edge of bars and lanes.
pub(super) const LEFT: f64 = 150.0;

/// The right edge of lanes, where their figures begin.
pub(super) const RIGHT: f64 = 1044.0;

/// The height of a row of figures.
pub(super) const ROW: f64 = 26.0;

/// The height of a chart.
pub(super) const CHART: f64 = 26.0;

/// The maximum number of lanes of a run that are always drawn at full height.
const MAX_TALL_LANES: usize = 4;

/// The maximum number of labels on the axis.
const MAX_TICKS: u64 = 10;

/// The geometry of lanes: the fewer there are, the higher they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct LaneGeometry {
    /// The distance from one lane to the next.
    pub(super) pitch: f64,
    /// The height of a lane.
    pub(super) height: f64,
    /// The interval between lanes with a name: 2 for every second lane.
    pub(super) named: usize,
}

/// Returns the number of lanes to draw: all of them, or up to the last used one for an automatic run.
pub(super) fn shown_lanes(run: &Run) -> usize {
    let lanes = run.lanes();
    if !run.plan().auto {
        return lanes.len();
    }
    let last = lanes.iter().rposition(|lane| lane.spans().next().is_some());
    last.map_or(1, |last| last + 1).min(lanes.len())
}

impl LaneGeometry {
    /// Returns the geometry for a run. A run with few lanes keeps its height next to runs with many.
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

    /// Returns `true` if a lane is high enough for text.
    pub(super) fn fits_text(self) -> bool {
        self.height >= 12.0
    }
}

/// Returns the times of the axis labels and the number of decimals of their seconds.
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
    fn axis_has_few_round_ticks() {
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
