//! Values that change over time, such as the number of tasks in the queue. The mean over any interval
//! costs a few look-ups.

use super::time::Nanos;

/// The number of entries between two checkpoints.
const CHECKPOINT_INTERVAL: usize = 32;

/// A number of tasks over time: arrivals minus departures.
#[derive(Clone, Copy)]
pub struct LevelSeries<'run> {
    added: &'run dyn TimeSeries,
    removed: Option<&'run dyn TimeSeries>,
    peak: u32,
}

/// The number of occurrences of an event over time.
#[derive(Clone, Debug, Default)]
pub(super) struct CountSeries {
    /// The times of the occurrences, in ascending order.
    at: Vec<u64>,
    /// The sum of all times before every [`CHECKPOINT_INTERVAL`]th.
    sums: Vec<u128>,
}

/// A value that changes in steps.
#[derive(Clone, Debug, Default)]
pub(super) struct StepSeries {
    steps: Vec<SeriesStep>,
}

#[derive(Clone, Copy, Debug, Default)]
struct SeriesStep {
    at: u64,
    level: u32,
    /// The area under the curve up to this step.
    area: u128,
}

/// A value over time.
pub(super) trait TimeSeries {
    /// The value at a moment.
    fn value_at(&self, t: Nanos) -> u32;

    /// The area under the curve over [0, t), in nanoseconds times the value.
    fn area_until(&self, t: Nanos) -> u128;

    /// The times of the changes, in ascending order.
    fn change_times(&self) -> Box<dyn Iterator<Item = u64> + '_>;
}

impl<'run> LevelSeries<'run> {
    /// Creates a curve, minus another if there is one, with its known maximum.
    pub(super) const fn new(
        added: &'run dyn TimeSeries,
        removed: Option<&'run dyn TimeSeries>,
        peak: u32,
    ) -> Self {
        Self { added, removed, peak }
    }

    /// Returns the same curve with a maximum of at least `peak`.
    #[must_use]
    pub fn with_peak(self, peak: u32) -> Self {
        Self { peak: self.peak.max(peak), ..self }
    }

    /// The value at a moment.
    pub fn value_at(&self, t: Nanos) -> u32 {
        let removed = self.removed.map_or(0, |removed| removed.value_at(t));
        self.added.value_at(t).saturating_sub(removed)
    }

    /// The mean over [a, b), or 0 if the interval is empty.
    pub fn mean(&self, a: Nanos, b: Nanos) -> f64 {
        let width = b.since(a).0;
        if width == 0 {
            return 0.0;
        }
        let added = self.added.area_until(b) - self.added.area_until(a);
        let removed =
            self.removed.map_or(0, |removed| removed.area_until(b) - removed.area_until(a));
        added.saturating_sub(removed) as f64 / width as f64
    }

    /// Returns the values in order, each with the time from which it holds.
    pub fn changes(&self) -> impl Iterator<Item = (Nanos, u32)> + use<'run> {
        let mut added = self.added.change_times().peekable();
        let mut removed =
            self.removed.into_iter().flat_map(|removed| removed.change_times()).peekable();
        let mut last = None;
        let level = *self;
        let moments = std::iter::from_fn(move || match (added.peek(), removed.peek()) {
            (Some(one), Some(other)) if one <= other => added.next(),
            (Some(_), None) => added.next(),
            _ => removed.next(),
        });
        let levels = moments.map(move |at| (Nanos(at), level.value_at(Nanos(at))));
        levels.filter(move |&(_, value)| last.replace(value) != Some(value))
    }

    /// The maximum value.
    pub const fn peak(&self) -> u32 {
        self.peak
    }
}

impl CountSeries {
    /// Records an occurrence. A time before the last one counts as the last one's time.
    pub(super) fn push(&mut self, at: Nanos) {
        let at = self.at.last().map_or(at.0, |&last| at.0.max(last));
        if self.at.len().is_multiple_of(CHECKPOINT_INTERVAL) {
            self.sums.push(self.sum(self.at.len()));
        }
        self.at.push(at);
    }

    pub(super) fn shrink_to_fit(&mut self) {
        self.at.shrink_to_fit();
        self.sums.shrink_to_fit();
    }

    /// The number of occurrences so far.
    pub(super) const fn count(&self) -> u32 {
        self.at.len() as u32
    }

    /// The sum of the first `count` times.
    fn sum(&self, count: usize) -> u128 {
        let block = count.saturating_sub(1) / CHECKPOINT_INTERVAL;
        let rest = self.at.get(block * CHECKPOINT_INTERVAL..count).unwrap_or(&[]);
        let rest: u128 = rest.iter().map(|&at| u128::from(at)).sum();
        self.sums.get(block).copied().unwrap_or(0) + rest
    }
}

impl TimeSeries for CountSeries {
    fn value_at(&self, t: Nanos) -> u32 {
        self.at.partition_point(|&at| at <= t.0) as u32
    }

    fn area_until(&self, t: Nanos) -> u128 {
        let count = self.at.partition_point(|&at| at < t.0);
        count as u128 * u128::from(t.0) - self.sum(count)
    }

    fn change_times(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        Box::new(self.at.iter().copied())
    }
}

impl StepSeries {
    /// Sets the value from `at` on. A time before the last step counts as that step's time.
    pub(super) fn push_step(&mut self, at: Nanos, level: u32) {
        let at = self.steps.last().map_or(at.0, |last| at.0.max(last.at));
        let area = self.area_until(Nanos(at));
        self.steps.push(SeriesStep { at, level, area });
    }
}

impl TimeSeries for StepSeries {
    fn value_at(&self, t: Nanos) -> u32 {
        let so_far = self.steps.partition_point(|step| step.at <= t.0);
        let last = so_far.checked_sub(1).and_then(|last| self.steps.get(last));
        last.map_or(0, |last| last.level)
    }

    fn area_until(&self, t: Nanos) -> u128 {
        let before = self.steps.partition_point(|step| step.at < t.0);
        let last = before.checked_sub(1).and_then(|last| self.steps.get(last));
        last.map_or(0, |last| last.area + u128::from(t.0 - last.at) * u128::from(last.level))
    }

    fn change_times(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        Box::new(self.steps.iter().map(|step| step.at))
    }
}
