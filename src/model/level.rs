//! The number of tasks in flight and in the queue over time. The mean over any interval costs a few
//! look-ups.

use super::time::Nanos;

/// The number of entries between two checkpoints.
const CHECKPOINT: usize = 32;

/// The load of a run over time: tasks queued, started and finished.
#[derive(Clone, Debug, Default)]
pub(super) struct Load {
    /// The total number of tasks to start.
    wanted: Steps,
    started: Tally,
    finished: Tally,
    most_in_flight: u32,
    longest_queue: u32,
}

/// A number of tasks over time: arrivals minus departures.
#[derive(Clone, Copy)]
pub struct Level<'run> {
    came: &'run dyn Curve,
    went: &'run dyn Curve,
    peak: u32,
}

/// The number of occurrences of an event over time.
#[derive(Clone, Debug, Default)]
struct Tally {
    /// The times of the occurrences, in ascending order.
    at: Vec<u64>,
    /// The sum of all times before every [`CHECKPOINT`]th.
    sums: Vec<u128>,
}

/// A value that changes in steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Step {
    at: u64,
    level: u32,
    /// The area under the curve up to this step.
    area: u128,
}

/// The constant 0.
pub(super) struct Nothing;

/// A value over time.
pub(super) trait Curve {
    /// The value at a moment.
    fn at(&self, t: Nanos) -> u32;

    /// The area under the curve over [0, t), in nanoseconds times the value.
    fn area(&self, t: Nanos) -> u128;

    /// The times of the changes, in ascending order.
    fn changes(&self) -> Box<dyn Iterator<Item = u64> + '_>;
}

impl Load {
    /// Sets the total number of tasks to start from `at` on.
    pub(super) fn want(&mut self, at: Nanos, tasks: u32) {
        self.wanted.set(at, tasks);
        self.longest_queue = self.longest_queue.max(tasks.saturating_sub(self.started()));
    }

    /// Records the start of a task.
    pub(super) fn start(&mut self, at: Nanos) {
        self.started.push(at);
        self.most_in_flight = self.most_in_flight.max(self.in_flight());
    }

    /// Records the end of a task.
    pub(super) fn finish(&mut self, at: Nanos) {
        self.finished.push(at);
    }

    /// Releases spare capacity once the run is complete.
    pub(super) fn close(&mut self) {
        self.started.close();
        self.finished.close();
    }

    /// The number of tasks started so far.
    pub(super) const fn started(&self) -> u32 {
        self.started.at.len() as u32
    }

    /// The current number of tasks in flight.
    pub(super) const fn in_flight(&self) -> u32 {
        self.started().saturating_sub(self.finished.at.len() as u32)
    }

    /// The number of tasks in flight over time.
    pub(super) const fn in_flight_level(&self) -> Level<'_> {
        Level { came: &self.started, went: &self.finished, peak: self.most_in_flight }
    }

    /// The number of tasks in the queue over time.
    pub(super) const fn queue_level(&self) -> Level<'_> {
        Level { came: &self.wanted, went: &self.started, peak: self.longest_queue }
    }
}

impl<'run> Level<'run> {
    /// Creates the difference of two curves with its known maximum.
    pub(super) const fn new(came: &'run dyn Curve, went: &'run dyn Curve, peak: u32) -> Self {
        Self { came, went, peak }
    }

    /// Returns the same curve with a maximum of at least `peak`.
    #[must_use]
    pub fn reaching(self, peak: u32) -> Self {
        Self { peak: self.peak.max(peak), ..self }
    }

    /// The value at a moment.
    pub fn at(&self, t: Nanos) -> u32 {
        self.came.at(t).saturating_sub(self.went.at(t))
    }

    /// The mean over [a, b), or 0 if the interval is empty.
    pub fn mean(&self, a: Nanos, b: Nanos) -> f64 {
        let width = b.since(a).0;
        if width == 0 {
            return 0.0;
        }
        let came = self.came.area(b) - self.came.area(a);
        let went = self.went.area(b) - self.went.area(a);
        came.saturating_sub(went) as f64 / width as f64
    }

    /// Returns the values in order, each with the time from which it holds.
    pub fn changes(&self) -> impl Iterator<Item = (Nanos, u32)> + use<'run> {
        let (mut came, mut went) = (self.came.changes().peekable(), self.went.changes().peekable());
        let mut last = None;
        let level = *self;
        let moments = std::iter::from_fn(move || match (came.peek(), went.peek()) {
            (Some(one), Some(other)) if one <= other => came.next(),
            (Some(_), None) => came.next(),
            _ => went.next(),
        });
        let levels = moments.map(move |at| (Nanos(at), level.at(Nanos(at))));
        levels.filter(move |&(_, value)| last.replace(value) != Some(value))
    }

    /// The maximum value.
    pub const fn peak(&self) -> u32 {
        self.peak
    }
}

impl Tally {
    /// Records an occurrence. A time before the last one counts as the last one's time.
    fn push(&mut self, at: Nanos) {
        let at = self.at.last().map_or(at.0, |&last| at.0.max(last));
        if self.at.len().is_multiple_of(CHECKPOINT) {
            self.sums.push(self.sum(self.at.len()));
        }
        self.at.push(at);
    }

    fn close(&mut self) {
        self.at.shrink_to_fit();
        self.sums.shrink_to_fit();
    }

    /// The sum of the first `count` times.
    fn sum(&self, count: usize) -> u128 {
        let block = count.saturating_sub(1) / CHECKPOINT;
        let rest = self.at.get(block * CHECKPOINT..count).unwrap_or(&[]);
        let rest: u128 = rest.iter().map(|&at| u128::from(at)).sum();
        self.sums.get(block).copied().unwrap_or(0) + rest
    }
}

impl Curve for Nothing {
    fn at(&self, _: Nanos) -> u32 {
        0
    }

    fn area(&self, _: Nanos) -> u128 {
        0
    }

    fn changes(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        Box::new(std::iter::empty())
    }
}

impl Curve for Tally {
    fn at(&self, t: Nanos) -> u32 {
        self.at.partition_point(|&at| at <= t.0) as u32
    }

    fn area(&self, t: Nanos) -> u128 {
        let count = self.at.partition_point(|&at| at < t.0);
        count as u128 * u128::from(t.0) - self.sum(count)
    }

    fn changes(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        Box::new(self.at.iter().copied())
    }
}

impl Steps {
    /// Sets the value from `at` on. A time before the last step counts as that step's time.
    pub(super) fn set(&mut self, at: Nanos, level: u32) {
        let at = self.steps.last().map_or(at.0, |last| at.0.max(last.at));
        let area = self.area(Nanos(at));
        self.steps.push(Step { at, level, area });
    }

    /// The number of steps.
    #[cfg(test)]
    pub(super) const fn len(&self) -> usize {
        self.steps.len()
    }
}

impl Curve for Steps {
    fn at(&self, t: Nanos) -> u32 {
        let so_far = self.steps.partition_point(|step| step.at <= t.0);
        let last = so_far.checked_sub(1).and_then(|last| self.steps.get(last));
        last.map_or(0, |last| last.level)
    }

    fn area(&self, t: Nanos) -> u128 {
        let before = self.steps.partition_point(|step| step.at < t.0);
        let last = before.checked_sub(1).and_then(|last| self.steps.get(last));
        last.map_or(0, |last| last.area + u128::from(t.0 - last.at) * u128::from(last.level))
    }

    fn changes(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        Box::new(self.steps.iter().map(|step| step.at))
    }
}
