//! The playback clock. The recorded runs follow one another on a single time axis, and the position
//! on it advances at the chosen speed.

use std::fmt;

use super::ReplayProgress;
use crate::model::{EventKind, LogEntry, Nanos, Selection, SelectionStart, Setup, Workload};

/// The minimum speed, as a multiple of real time.
pub const MIN_SPEED: f64 = 0.1;

/// The maximum speed, as a multiple of real time.
pub const MAX_SPEED: f64 = 1000.0;

/// The number of scrub steps in the whole recording.
const SCRUB_STEPS: u64 = 20;

/// The playback speed, as a multiple of real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplaySpeed(f64);

impl ReplaySpeed {
    /// Creates a speed from [`MIN_SPEED`] to [`MAX_SPEED`], or returns `None` for any other number.
    pub fn new(times: f64) -> Option<Self> {
        (MIN_SPEED..=MAX_SPEED).contains(&times).then_some(Self(times))
    }

    /// The next faster or slower of 0.1, 0.2, 0.5, 1 and so on, or this speed at the limits.
    fn next_step(self, faster: bool) -> Self {
        let steps =
            (-1..=3).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        let mut steps = steps.filter(|step| (MIN_SPEED..=MAX_SPEED).contains(step));
        let next = if faster {
            steps.find(|&step| step > self.0)
        } else {
            steps.take_while(|&step| step < self.0).last()
        };
        next.map_or(self, Self)
    }
}

impl Default for ReplaySpeed {
    fn default() -> Self {
        Self(1.0)
    }
}

/// Formats the speed as `2x`.
impl fmt::Display for ReplaySpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.0)
    }
}

/// A recording and its playback position.
#[derive(Debug)]
pub(in crate::app) struct ReplayPlayer {
    setup: Setup,
    entries: Vec<LogEntry>,
    /// The time on the axis at which each entry is applied.
    due: Vec<Nanos>,
    /// The indices of the entries that start a selection.
    starts: Vec<usize>,
    /// The number of entries applied so far.
    applied: usize,
    /// The current position.
    at: Nanos,
    /// The start of the run at the current position.
    run_start: Nanos,
    speed: ReplaySpeed,
    plays: bool,
    /// The caller's clock at the last tick. `None` after a seek or a pause.
    last_tick: Option<Nanos>,
}

impl ReplayPlayer {
    pub(super) fn new(setup: Setup, entries: Vec<LogEntry>, speed: ReplaySpeed) -> Self {
        let start_index = |(place, entry): (usize, &LogEntry)| match entry {
            LogEntry::Start(_) => Some(place),
            LogEntry::Event(_) => None,
        };
        Self {
            setup,
            due: due_times(&entries),
            starts: entries.iter().enumerate().filter_map(start_index).collect(),
            entries,
            applied: 0,
            at: Nanos::ZERO,
            run_start: Nanos::ZERO,
            speed,
            plays: true,
            last_tick: None,
        }
    }

    /// The setup of the recorded session when it began.
    pub(super) const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The starts of selections, each with the index of its entry.
    pub(super) fn selection_starts(
        &self,
    ) -> impl Iterator<Item = (usize, &SelectionStart)> + Clone {
        self.starts.iter().filter_map(|&place| match self.entries.get(place)? {
            LogEntry::Start(start) => Some((place, &**start)),
            LogEntry::Event(_) => None,
        })
    }

    /// The index and time of the next start of a selection, or else of its first start.
    pub(super) fn find_selection(&self, selection: Selection) -> Option<(usize, Nanos)> {
        let mut start = self.selection_starts().filter(|(_, start)| start.selection == selection);
        let (first, _) = start.clone().next()?;
        let next = start.find(|(place, _)| *place >= self.applied);
        let place = next.map_or(first, |(next, _)| next);
        Some((place, self.due_at(place)))
    }

    /// The first recorded selection of a workload.
    pub(super) fn first_selection_of(&self, workload: Workload) -> Option<Selection> {
        let mut start = self.selection_starts().map(|(_, start)| start.selection);
        start.find(|selection| selection.workload == workload)
    }

    /// The time at which the entry at this index is applied; beyond the end, the time of the last
    /// entry.
    pub(super) fn due_at(&self, place: usize) -> Nanos {
        self.due.get(place).or(self.due.last()).copied().unwrap_or_default()
    }

    /// The duration of the recording.
    fn duration(&self) -> Nanos {
        self.due.last().copied().unwrap_or_default()
    }

    /// The number of entries applied so far.
    pub(super) const fn applied_count(&self) -> usize {
        self.applied
    }

    /// The number of entries that are due at a time.
    pub(super) fn due_count_at(&self, at: Nanos) -> usize {
        self.due.partition_point(|&due| due <= at)
    }

    /// The elapsed time of the active run.
    pub(super) const fn run_time(&self) -> Nanos {
        self.at.since(self.run_start)
    }

    /// Returns `true` at the end of the recording.
    pub(super) fn is_over(&self) -> bool {
        self.applied >= self.entries.len() && self.at >= self.duration()
    }

    pub(super) fn progress(&self) -> ReplayProgress {
        let percent = match self.duration() {
            _ if self.is_over() => 100,
            Nanos(0) => 0,
            Nanos(end) => (self.at.0 as f64 / end as f64 * 100.0).round().min(99.0) as u8,
        };
        let plays = self.plays && !self.is_over();
        ReplayProgress { percent, speed: self.speed, plays }
    }

    /// Advances the position to `clock` while playing.
    pub(super) fn tick(&mut self, clock: Nanos) {
        let before = self.last_tick.replace(clock);
        if self.progress().plays {
            let by = before.map_or(0.0, |before| clock.since(before).0 as f64 * self.speed.0);
            self.at = (self.at + Nanos(by as u64)).min(self.duration());
        }
    }

    /// Forgets the last tick, so that the time of a suspension does not advance playback.
    pub(in crate::app) const fn reset_clock(&mut self) {
        self.last_tick = None;
    }

    /// Returns the next entry that is due and marks it as applied. `None` while paused: several
    /// entries may share a time, and stepping applies them one by one.
    pub(super) fn next_due(&mut self) -> Option<LogEntry> {
        if self.plays { self.next_before(self.due_count_at(self.at)) } else { None }
    }

    /// Returns the next entry and marks it as applied, unless `applied` entries already are.
    pub(super) fn next_before(&mut self, applied: usize) -> Option<LogEntry> {
        let entry = self.entries.get(self.applied).filter(|_| self.applied < applied)?;
        if matches!(entry, LogEntry::Start(_)) || ends_run(entry) {
            self.run_start = self.due_at(self.applied);
        }
        self.applied += 1;
        Some(entry.clone())
    }

    /// Moves the position without applying entries.
    pub(super) const fn set_position(&mut self, at: Nanos) {
        self.at = at;
        self.last_tick = None;
    }

    /// Moves the position and marks all entries as not yet applied.
    pub(super) const fn rewind(&mut self, at: Nanos) {
        self.set_position(at);
        self.applied = 0;
        self.run_start = Nanos::ZERO;
    }

    pub(super) const fn toggle_playback(&mut self) {
        self.plays = !self.plays;
        self.last_tick = None;
    }

    pub(super) const fn start_playback(&mut self) {
        self.plays = true;
        self.last_tick = None;
    }

    pub(super) fn change_speed(&mut self, faster: bool) -> ReplaySpeed {
        self.speed = self.speed.next_step(faster);
        self.speed
    }

    /// Pauses playback, and returns the number of entries and the time after one step. The first
    /// entry is always applied.
    pub(super) fn step_target(&mut self, forward: bool) -> (usize, Nanos) {
        self.plays = false;
        let applied = if forward { self.applied + 1 } else { self.applied.saturating_sub(1) };
        let applied = applied.clamp(1, self.entries.len().max(1));
        (applied, self.due_at(applied - 1))
    }

    /// The position after one scrub step.
    pub(super) fn scrub_target(&self, forward: bool) -> Nanos {
        let part = Nanos((self.duration().0 / SCRUB_STEPS).max(1));
        if forward { (self.at + part).min(self.duration()) } else { self.at.since(part) }
    }
}

/// The time at which each entry is applied. Each run begins where the previous one ended, and the
/// times never decrease.
fn due_times(entries: &[LogEntry]) -> Vec<Nanos> {
    let (mut run_start, mut latest) = (Nanos::ZERO, Nanos::ZERO);
    let due = entries.iter().map(|entry| {
        match entry {
            LogEntry::Start(_) => run_start = latest,
            LogEntry::Event(event) => latest = latest.max(run_start + event.at.min(Nanos::MAX)),
        }
        if ends_run(entry) {
            run_start = latest;
        }
        latest
    });
    due.collect()
}

const fn ends_run(entry: &LogEntry) -> bool {
    matches!(entry, LogEntry::Event(event) if matches!(event.kind, EventKind::RunFinished { .. }))
}
