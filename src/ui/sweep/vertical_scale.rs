//! The vertical scale of a plot: evenly spaced ticks at round numbers.

/// The steps between ticks as multiples of a power of ten, and the share of the rows that a usual one
/// may leave empty instead.
const STEPS: [(f64, f64); 5] = [(1.0, 0.0), (2.0, 0.0), (5.0, 0.0), (3.0, 0.1), (4.0, 0.1)];

/// The share of the rows that may stay empty so that not each row has a tick, and the number of rows
/// from which on that matters.
const CROWDED: (f64, u16) = (0.08, 5);

/// The maps between values and rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct VerticalScale {
    /// The value at the axis.
    bottom: f64,
    /// The distance between two ticks.
    step: f64,
    /// The number of rows between two ticks.
    rows_per_step: u16,
    /// The number of rows above the axis.
    rows: u16,
}

impl VerticalScale {
    /// Creates the scale for values from `low` to `high` that uses the rows best and has at least two
    /// ticks, if there are rows for them.
    pub(super) fn new([low, high]: [f64; 2], rows: u16) -> Self {
        // Values in the upper half use all rows. A closer view would exaggerate small differences.
        let half = if low < high && low >= high / 2.0 { high / 2.0 } else { 0.0 };
        let count = f64::from(rows);
        let steps = (-3..12)
            .flat_map(|power| STEPS.map(|(step, unusual)| (step * 10_f64.powi(power), unusual)));
        let scales = steps.filter_map(|(step, unusual)| {
            let bottom = (half / step).floor() * step;
            let range = high - bottom;
            // A rounding error must not cost a row.
            let rows_per_step = (count * step / range * (1.0 + 1e-9)).floor().min(count) as u16;
            let scale = Self { bottom, step, rows_per_step, rows };
            let used = range * f64::from(rows_per_step) / (count * step);
            let (loss, from) = CROWDED;
            let crowded = if rows_per_step == 1 && rows >= from { loss } else { 0.0 };
            let possible = rows_per_step > 0 && (scale.tick_count() > 1 || rows < 2);
            possible.then_some((scale, used - unusual - crowded))
        });
        let best = scales.max_by(|(_, one), (_, other)| one.total_cmp(other));
        let fallback = Self { bottom: 0.0, step: high, rows_per_step: rows.max(1), rows };
        best.map_or(fallback, |(scale, _)| scale)
    }

    /// The number of ticks above the axis.
    const fn tick_count(&self) -> u16 {
        self.rows / self.rows_per_step
    }

    /// Returns the height of a value above the axis, in rows.
    pub(super) fn height_of(&self, value: f64) -> f64 {
        (value - self.bottom) / self.step * f64::from(self.rows_per_step)
    }

    /// Returns the ticks, the axis included: their heights in rows and their values.
    pub(super) fn ticks(self) -> impl Iterator<Item = (u16, f64)> {
        let tick =
            move |index| (index * self.rows_per_step, self.bottom + f64::from(index) * self.step);
        (0..=self.tick_count()).map(tick)
    }

    /// Returns the label of a value at a tick, without a unit.
    pub(super) fn label(&self, value: f64) -> String {
        let digits = match self.step {
            _ if value == 0.0 => 0,
            1.0.. => 0,
            0.1.. => 1,
            0.01.. => 2,
            _ => 3,
        };
        format!("{value:.digits$}")
    }
}
