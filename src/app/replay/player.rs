//! When what was recorded becomes visible: its runs lie one after another on one axis, and a moment on
//! that goes forwards as fast as a person says.

use std::fmt;

use super::ReplayProgress;
use crate::app::session::{LogEntry, SelectionStart, Setup};
use crate::model::{EventKind, Nanos, Selection, Workload};

/// The slowest speed, in times real time.
pub const MIN_SPEED: f64 = 0.1;

/// The fastest.
pub const MAX_SPEED: f64 = 1000.0;

/// A scrub is such a part of the whole.
const SCRUB_STEPS: u64 = 20;

/// How many times as fast as it happened a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplaySpeed(f64);

impl ReplaySpeed {
    /// From [`MIN_SPEED`] to [`MAX_SPEED`]; nothing for any other number.
    pub fn new(times: f64) -> Option<Self> {
        (MIN_SPEED..=MAX_SPEED).contains(&times).then_some(Self(times))
    }

    /// The next of 0.1, 0.2, 0.5, 1 and so on that is faster, or slower; itself where there is none.
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

/// `2x`.
impl fmt::Display for ReplaySpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.0)
    }
}

/// A recording, and how far it is played.
#[derive(Debug)]
pub(in crate::app) struct ReplayPlayer {
    setup: Setup,
    entries: Vec<LogEntry>,
    /// When each becomes visible.
    due: Vec<Nanos>,
    /// The places of those that begin a selection.
    starts: Vec<usize>,
    /// How many are visible.
    applied: usize,
    /// The moment that is shown.
    at: Nanos,
    /// When the run that goes on then began.
    run_start: Nanos,
    speed: ReplaySpeed,
    plays: bool,
    /// What the clock said when time last went by; nothing if it did not since.
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

    /// What the sitting had to run when it began.
    pub(super) const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The selections that are begun in it, each with its place.
    pub(super) fn selection_starts(
        &self,
    ) -> impl Iterator<Item = (usize, &SelectionStart)> + Clone {
        self.starts.iter().filter_map(|&place| match self.entries.get(place)? {
            LogEntry::Start(start) => Some((place, &**start)),
            LogEntry::Event(_) => None,
        })
    }

    /// Where a selection is begun next, else where it was first, and when that is.
    pub(super) fn find_selection(&self, selection: Selection) -> Option<(usize, Nanos)> {
        let mut start = self.selection_starts().filter(|(_, start)| start.selection == selection);
        let (first, _) = start.clone().next()?;
        let next = start.find(|(place, _)| *place >= self.applied);
        let place = next.map_or(first, |(next, _)| next);
        Some((place, self.due_at(place)))
    }

    /// The first selection of a workload that is begun.
    pub(super) fn first_selection_of(&self, workload: Workload) -> Option<Selection> {
        let mut start = self.selection_starts().map(|(_, start)| start.selection);
        start.find(|selection| selection.workload == workload)
    }

    /// When the entry at this place becomes visible; what is beyond the last, with it.
    pub(super) fn due_at(&self, place: usize) -> Nanos {
        self.due.get(place).or(self.due.last()).copied().unwrap_or_default()
    }

    /// How long it is.
    fn duration(&self) -> Nanos {
        self.due.last().copied().unwrap_or_default()
    }

    /// How many entries are visible.
    pub(super) const fn applied_count(&self) -> usize {
        self.applied
    }

    /// How many are at a moment.
    pub(super) fn due_count_at(&self, at: Nanos) -> usize {
        self.due.partition_point(|&due| due <= at)
    }

    /// How far the run that goes on is, by its own clock.
    pub(super) const fn run_time(&self) -> Nanos {
        self.at.since(self.run_start)
    }

    /// Whether there is no more of it.
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

    /// Time goes by, if it plays.
    pub(super) fn tick(&mut self, clock: Nanos) {
        let before = self.last_tick.replace(clock);
        if self.progress().plays {
            let by = before.map_or(0.0, |before| clock.since(before).0 as f64 * self.speed.0);
            self.at = (self.at + Nanos(by as u64)).min(self.duration());
        }
    }

    /// The program slept: that is no time of the recording's.
    pub(in crate::app) const fn reset_clock(&mut self) {
        self.last_tick = None;
    }

    /// The next entry that is due. One that is held still goes on entry by entry, even where many
    /// happened at once.
    pub(super) fn next_due(&mut self) -> Option<LogEntry> {
        if self.plays { self.next_before(self.due_count_at(self.at)) } else { None }
    }

    /// The next entry, unless so many are visible.
    pub(super) fn next_before(&mut self, applied: usize) -> Option<LogEntry> {
        let entry = self.entries.get(self.applied).filter(|_| self.applied < applied)?;
        if matches!(entry, LogEntry::Start(_)) || ends_run(entry) {
            self.run_start = self.due_at(self.applied);
        }
        self.applied += 1;
        Some(entry.clone())
    }

    /// Another moment is shown.
    pub(super) const fn set_position(&mut self, at: Nanos) {
        self.at = at;
        self.last_tick = None;
    }

    /// The same, while nothing is visible yet.
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

    /// Holds it still for one entry more, or one fewer but the first: how many are visible then, and
    /// when that is.
    pub(super) fn step_target(&mut self, forward: bool) -> (usize, Nanos) {
        self.plays = false;
        let applied = if forward { self.applied + 1 } else { self.applied.saturating_sub(1) };
        let applied = applied.clamp(1, self.entries.len().max(1));
        (applied, self.due_at(applied - 1))
    }

    /// The moment a part of the whole further, or back.
    pub(super) fn scrub_target(&self, forward: bool) -> Nanos {
        let part = Nanos((self.duration().0 / SCRUB_STEPS).max(1));
        if forward { (self.at + part).min(self.duration()) } else { self.at.since(part) }
    }
}

/// When each entry becomes visible: in their order, by the times of their runs, of which each begins
/// where the one before ended.
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
