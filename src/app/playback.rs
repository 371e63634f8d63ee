//! Playback: a recording or a simulated selection is played by the same player, at any speed and from
//! any time. The runs of the log follow one another on a single time axis, except those of a race at
//! the same moment, which start together.

use std::fmt;

use crate::model::{Event, EventKind, LogEntry, Nanos, RunId, Selection, SelectionStart, Workload};

/// The number of scrub steps in the whole log.
const SCRUB_STEPS: u64 = 20;

/// The minimum speed, as a multiple of real time. Anything slower appears to stand still.
pub const MIN_SPEED: f64 = 0.00001;

/// The maximum speed, as a multiple of real time.
pub const MAX_SPEED: f64 = 1000.0;

/// The default factor by which a simulation is slower than real time. A switch interval of 5 ms
/// takes 100 ms, or two frames.
pub const DEFAULT_SLOWDOWN: u32 = 20;

/// The maximum slowdown, which leads to [`MIN_SPEED`].
pub const MAX_SLOWDOWN: u32 = 100_000;

/// The maximum speed at which the eye can follow threads that take turns.
const MAX_SLOW_MOTION: f64 = 0.1;

/// The playback speed, as a multiple of real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlaybackSpeed(f64);

impl PlaybackSpeed {
    /// [`MAX_SPEED`].
    pub(super) const MAX: Self = Self(MAX_SPEED);

    /// Creates a speed from [`MIN_SPEED`] to [`MAX_SPEED`], or returns `None` for any other number.
    pub fn new(times: f64) -> Option<Self> {
        (MIN_SPEED..=MAX_SPEED).contains(&times).then_some(Self(times))
    }

    /// Creates the speed that is `slowdown` times slower than real time.
    pub fn from_slowdown(slowdown: u32) -> Self {
        Self(1.0 / f64::from(slowdown.clamp(1, MAX_SLOWDOWN)))
    }

    /// The next faster or slower of 0.00001, 0.00002, 0.00005 and so on, or this speed at the
    /// limits.
    pub(super) fn next_step(self, faster: bool) -> Self {
        // Quotients, unlike products with 0.1, are the floating-point numbers closest to the steps.
        let steps = (-5..=3).flat_map(|power: i32| {
            [1.0, 2.0, 5.0]
                .map(|step| if power < 0 { step / ten_to(-power) } else { step * ten_to(power) })
        });
        let mut steps = steps.filter(|step| (MIN_SPEED..=MAX_SPEED).contains(step));
        let next = if faster {
            steps.find(|&step| step > self.0)
        } else {
            steps.take_while(|&step| step < self.0).last()
        };
        next.map_or(self, Self)
    }

    /// Returns the speed in words: `20x slower`, `at real speed`, `2x faster`.
    pub fn in_words(self) -> String {
        match self.0 {
            slow if slow < 1.0 => format!("{:.0}x slower", 1.0 / slow),
            fast if fast > 1.0 => format!("{fast:.0}x faster"),
            _ => "at real speed".to_owned(),
        }
    }

    /// Returns `true` if the playback is slow enough to watch threads take turns.
    pub(super) fn is_slow_motion(self) -> bool {
        self.0 <= MAX_SLOW_MOTION
    }

    /// The recorded time that passes in this stretch of the viewer's time, in nanoseconds.
    fn scale(self, nanoseconds: u64) -> u64 {
        (nanoseconds as f64 * self.0) as u64
    }
}

fn ten_to(power: i32) -> f64 {
    10_f64.powi(power)
}

impl Default for PlaybackSpeed {
    fn default() -> Self {
        Self(1.0)
    }
}

/// Formats the speed with up to three digits, as `2x` or `0.0333x`.
impl fmt::Display for PlaybackSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = format!("{:.2e}", self.0).parse().unwrap_or(self.0);
        write!(f, "{rounded}x")
    }
}

/// A log and its playback position.
#[derive(Debug)]
pub(super) struct Player {
    entries: Vec<LogEntry>,
    /// The time on the axis at which each entry is applied.
    due: Vec<Nanos>,
    /// The indices of the entries that start a selection.
    starts: Vec<usize>,
    /// The clock of the runs whose entries are appended.
    last_clock: RunClock,
    /// A simulated run is being computed, so more entries follow.
    is_open: bool,
    /// The number of entries applied so far.
    applied: usize,
    /// The maximum of `applied`: the number of entries that have been played.
    played: usize,
    /// The current position.
    at: Nanos,
    /// The clock of the runs at the current position.
    clock: RunClock,
    plays: bool,
    /// The number of switches of the GIL at which playback pauses.
    switches_to_pause: Option<u32>,
    /// The caller's clock at the last tick. `None` after a seek or a pause.
    last_tick: Option<Nanos>,
}

/// The clock that the active runs share.
#[derive(Clone, Copy, Debug, Default)]
struct RunClock {
    /// The start of the runs on the axis.
    start: Nanos,
    /// The number of runs that have not ended.
    active: usize,
}

impl RunClock {
    /// Restarts the clock if other runs begin after this entry, which is applied at `due`: the first of
    /// a selection, or the next one.
    fn record(&mut self, entry: &LogEntry, due: Nanos) {
        match entry {
            LogEntry::Start(start) => {
                let active = start.setup.first_run_count(start.selection);
                *self = Self { start: due, active };
            }
            LogEntry::Event { event, .. } if ends_run(event) => {
                self.active = self.active.saturating_sub(1);
                if self.active == 0 {
                    *self = Self { start: due, active: 1 };
                }
            }
            LogEntry::Event { .. } => {}
        }
    }
}

const fn ends_run(event: &Event) -> bool {
    matches!(event.kind, EventKind::RunFinished { .. })
}

pub(super) struct DueEntry {
    pub(super) entry: LogEntry,
    /// The entry is applied for the first time.
    pub(super) is_new: bool,
}

impl Player {
    /// Creates the player of a log at its start.
    pub(super) fn new(entries: Vec<LogEntry>) -> Self {
        let mut player = Self {
            due: Vec::with_capacity(entries.len()),
            entries: Vec::with_capacity(entries.len()),
            starts: Vec::new(),
            last_clock: RunClock::default(),
            is_open: false,
            applied: 0,
            played: 0,
            at: Nanos::ZERO,
            clock: RunClock::default(),
            plays: true,
            switches_to_pause: None,
            last_tick: None,
        };
        for entry in entries {
            player.push(entry);
        }
        player
    }

    /// Appends an entry. Runs begin where the previous ones ended, and the times never decrease.
    fn push(&mut self, entry: LogEntry) {
        let due = match &entry {
            LogEntry::Start(_) => {
                self.starts.push(self.entries.len());
                self.duration()
            }
            LogEntry::Event { event, .. } => {
                self.duration().max(self.last_clock.start + event.at.min(Nanos::MAX))
            }
        };
        self.last_clock.record(&entry, due);
        self.due.push(due);
        self.entries.push(entry);
    }

    /// Expects the events of a simulated run.
    pub(super) const fn open(&mut self) {
        self.is_open = true;
    }

    /// Returns `true` while events are expected.
    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Appends an event, up to the end of the expected run. Ignores any later one, which a run that
    /// was stopped here may still send.
    pub(super) fn receive(&mut self, run: RunId, event: Event) {
        if self.is_open {
            self.is_open = !ends_run(&event);
            self.push(LogEntry::Event { run, event });
        }
    }

    /// Replaces the entries that were not applied by the events of a run that ends here.
    pub(super) fn cut_off(&mut self, run: RunId, end: Vec<Event>) {
        self.entries.truncate(self.applied);
        self.due.truncate(self.applied);
        self.last_clock = self.clock;
        self.is_open = true;
        for event in end {
            self.receive(run, event);
        }
    }

    /// The starts of selections, each with the index of its entry.
    pub(super) fn selection_starts(
        &self,
    ) -> impl Iterator<Item = (usize, &SelectionStart)> + Clone {
        self.starts.iter().filter_map(|&place| match self.entries.get(place)? {
            LogEntry::Start(start) => Some((place, &**start)),
            LogEntry::Event { .. } => None,
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

    /// The duration of the log so far.
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

    /// The elapsed time of the active runs.
    pub(super) const fn run_time(&self) -> Nanos {
        self.at.since(self.clock.start)
    }

    /// Returns `true` at the end of the log, if it does not grow.
    pub(super) fn is_over(&self) -> bool {
        !self.is_open && self.applied >= self.entries.len() && self.at >= self.duration()
    }

    /// Returns `true` while the position advances.
    pub(super) fn plays(&self) -> bool {
        self.plays && !self.is_over()
    }

    /// The position in percent of the duration; 100 only at the end.
    pub(super) fn percent(&self) -> u8 {
        match self.duration() {
            _ if self.is_over() => 100,
            Nanos(0) => 0,
            Nanos(end) => (self.at.0 as f64 / end as f64 * 100.0).round().min(99.0) as u8,
        }
    }

    /// Advances the position to `clock` while playing.
    pub(super) fn tick(&mut self, clock: Nanos, speed: PlaybackSpeed) {
        let before = self.last_tick.replace(clock);
        if self.plays() {
            let by = before.map_or(0, |before| speed.scale(clock.since(before).0));
            self.at = (self.at + Nanos(by)).min(self.duration());
        }
    }

    /// Forgets the last tick, so that the time of a suspension does not advance playback.
    pub(super) const fn reset_clock(&mut self) {
        self.last_tick = None;
    }

    /// The number of entries that are due now. While paused, those applied: several entries may
    /// share a time, and stepping applies them one by one.
    pub(super) fn due_count(&self) -> usize {
        if self.plays { self.due_count_at(self.at) } else { self.applied }
    }

    /// Returns the next entry and marks it as applied, unless `applied` entries already are.
    pub(super) fn next_before(&mut self, applied: usize) -> Option<DueEntry> {
        let entry = self.entries.get(self.applied).filter(|_| self.applied < applied)?;
        self.clock.record(entry, self.due_at(self.applied));
        self.applied += 1;
        let is_new = self.applied > self.played;
        self.played = self.played.max(self.applied);
        Some(DueEntry { entry: entry.clone(), is_new })
    }

    /// The number of entries that have been played, and the latest position with this number.
    pub(super) fn latest_position(&self) -> (usize, Nanos) {
        (self.played, self.at.max(self.due_at(self.played.saturating_sub(1))))
    }

    /// Moves the position without applying entries.
    pub(super) const fn set_position(&mut self, at: Nanos) {
        self.at = at;
        self.last_tick = None;
    }

    /// Moves the position and marks all entries as not yet applied.
    pub(super) fn rewind(&mut self, at: Nanos) {
        self.set_position(at);
        self.applied = 0;
        self.clock = RunClock::default();
    }

    pub(super) const fn toggle_playback(&mut self) {
        self.switches_to_pause = None;
        self.plays = !self.plays;
        self.last_tick = None;
    }

    pub(super) const fn start_playback(&mut self) {
        self.switches_to_pause = None;
        self.plays = true;
        self.last_tick = None;
    }

    /// Plays until the GIL has changed hands more than `switches` times.
    pub(super) const fn play_to_switch(&mut self, switches: u32) {
        self.start_playback();
        self.switches_to_pause = Some(switches + 1);
    }

    /// The number of switches of the GIL at which playback pauses, if it waits for one.
    pub(super) const fn switches_to_pause(&self) -> Option<u32> {
        self.switches_to_pause
    }

    /// Pauses at the entry that was applied last.
    pub(super) fn pause_here(&mut self) {
        self.switches_to_pause = None;
        self.plays = false;
        self.set_position(self.due_at(self.applied.saturating_sub(1)));
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
