//! When what was recorded becomes visible: its runs lie one after another on one axis, and a moment on
//! that goes forwards as fast as a person says.

use std::fmt;

use super::Progress;
use crate::app::session::{Begun, Entry, Setup};
use crate::model::{Kind, Nanos, Selection, Workload};

/// The slowest speed, in times real time.
pub const SLOWEST: f64 = 0.1;

/// The fastest.
pub const FASTEST: f64 = 1000.0;

/// A scrub is such a part of the whole.
const PARTS: u64 = 20;

/// How many times as fast as it happened a recording is played.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed(f64);

impl Speed {
    /// From [`SLOWEST`] to [`FASTEST`]; nothing for any other number.
    pub fn new(times: f64) -> Option<Self> {
        (SLOWEST..=FASTEST).contains(&times).then_some(Self(times))
    }

    /// The next of 0.1, 0.2, 0.5, 1 and so on that is faster, or slower; itself where there is none.
    fn next(self, faster: bool) -> Self {
        let steps =
            (-1..=3).flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
        let mut steps = steps.filter(|step| (SLOWEST..=FASTEST).contains(step));
        let next = if faster {
            steps.find(|&step| step > self.0)
        } else {
            steps.take_while(|&step| step < self.0).last()
        };
        next.map_or(self, Self)
    }
}

impl Default for Speed {
    fn default() -> Self {
        Self(1.0)
    }
}

/// `2x`.
impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.0)
    }
}

/// A recording, and how far it is played.
#[derive(Debug)]
pub(in crate::app) struct Player {
    setup: Setup,
    entries: Vec<Entry>,
    /// When each becomes visible.
    due: Vec<Nanos>,
    /// The places of those that begin a selection.
    begun: Vec<usize>,
    /// How many are visible.
    told: usize,
    /// The moment that is shown.
    at: Nanos,
    /// When the run that goes on then began.
    run: Nanos,
    speed: Speed,
    plays: bool,
    /// What the clock said when time last went by; nothing if it did not since.
    clock: Option<Nanos>,
}

impl Player {
    pub(super) fn new(setup: Setup, entries: Vec<Entry>, speed: Speed) -> Self {
        let is_begun = |(place, entry): (usize, &Entry)| match entry {
            Entry::Begun(_) => Some(place),
            Entry::Event(_) => None,
        };
        Self {
            setup,
            due: axis(&entries),
            begun: entries.iter().enumerate().filter_map(is_begun).collect(),
            entries,
            told: 0,
            at: Nanos::ZERO,
            run: Nanos::ZERO,
            speed,
            plays: true,
            clock: None,
        }
    }

    /// What the sitting had to run when it began.
    pub(super) const fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The selections that are begun in it, each with its place.
    pub(super) fn begun(&self) -> impl Iterator<Item = (usize, &Begun)> + Clone {
        self.begun.iter().filter_map(|&place| match self.entries.get(place)? {
            Entry::Begun(begun) => Some((place, &**begun)),
            Entry::Event(_) => None,
        })
    }

    /// Where a selection is begun next, else where it was first, and when that is.
    pub(super) fn place_of(&self, selection: Selection) -> Option<(usize, Nanos)> {
        let mut begun = self.begun().filter(|(_, begun)| begun.selection == selection);
        let (first, _) = begun.clone().next()?;
        let next = begun.find(|(place, _)| *place >= self.told);
        let place = next.map_or(first, |(next, _)| next);
        Some((place, self.due(place)))
    }

    /// The first selection of a workload that is begun.
    pub(super) fn first_of(&self, workload: Workload) -> Option<Selection> {
        let mut begun = self.begun().map(|(_, begun)| begun.selection);
        begun.find(|selection| selection.workload == workload)
    }

    /// When the entry at this place becomes visible; what is beyond the last, with it.
    pub(super) fn due(&self, place: usize) -> Nanos {
        self.due.get(place).or(self.due.last()).copied().unwrap_or_default()
    }

    /// How long it is.
    fn end(&self) -> Nanos {
        self.due.last().copied().unwrap_or_default()
    }

    /// How many entries are visible.
    pub(super) const fn told(&self) -> usize {
        self.told
    }

    /// How many are at a moment.
    pub(super) fn told_at(&self, at: Nanos) -> usize {
        self.due.partition_point(|&due| due <= at)
    }

    /// How far the run that goes on is, by its own clock.
    pub(super) const fn now(&self) -> Nanos {
        self.at.since(self.run)
    }

    /// Whether there is no more of it.
    pub(super) fn is_over(&self) -> bool {
        self.told >= self.entries.len() && self.at >= self.end()
    }

    pub(super) fn progress(&self) -> Progress {
        let percent = match self.end() {
            _ if self.is_over() => 100,
            Nanos(0) => 0,
            Nanos(end) => (self.at.0 as f64 / end as f64 * 100.0).round().min(99.0) as u8,
        };
        let plays = self.plays && !self.is_over();
        Progress { percent, speed: self.speed, plays }
    }

    /// Time goes by, if it plays.
    pub(super) fn tick(&mut self, clock: Nanos) {
        let before = self.clock.replace(clock);
        if self.progress().plays {
            let by = before.map_or(0.0, |before| clock.since(before).0 as f64 * self.speed.0);
            self.at = (self.at + Nanos(by as u64)).min(self.end());
        }
    }

    /// The program slept: that is no time of the recording's.
    pub(in crate::app) const fn sleep(&mut self) {
        self.clock = None;
    }

    /// The next entry that is due. One that is held still goes on entry by entry, even where many
    /// happened at once.
    pub(super) fn next(&mut self) -> Option<Entry> {
        if self.plays { self.take(self.told_at(self.at)) } else { None }
    }

    /// The next entry, unless so many are visible.
    pub(super) fn take(&mut self, told: usize) -> Option<Entry> {
        let entry = self.entries.get(self.told).filter(|_| self.told < told)?;
        if matches!(entry, Entry::Begun(_)) || ends_run(entry) {
            self.run = self.due(self.told);
        }
        self.told += 1;
        Some(entry.clone())
    }

    /// Another moment is shown.
    pub(super) const fn set(&mut self, at: Nanos) {
        self.at = at;
        self.clock = None;
    }

    /// The same, while nothing is visible yet.
    pub(super) const fn rewind(&mut self, at: Nanos) {
        self.set(at);
        self.told = 0;
        self.run = Nanos::ZERO;
    }

    pub(super) const fn toggle(&mut self) {
        self.plays = !self.plays;
        self.clock = None;
    }

    pub(super) const fn play(&mut self) {
        self.plays = true;
        self.clock = None;
    }

    pub(super) fn change_speed(&mut self, faster: bool) -> Speed {
        self.speed = self.speed.next(faster);
        self.speed
    }

    /// Holds it still for one entry more, or one fewer but the first: how many are visible then, and
    /// when that is.
    pub(super) fn step(&mut self, forward: bool) -> (usize, Nanos) {
        self.plays = false;
        let told = if forward { self.told + 1 } else { self.told.saturating_sub(1) };
        let told = told.clamp(1, self.entries.len().max(1));
        (told, self.due(told - 1))
    }

    /// The moment a part of the whole further, or back.
    pub(super) fn scrub(&self, forward: bool) -> Nanos {
        let part = Nanos((self.end().0 / PARTS).max(1));
        if forward { (self.at + part).min(self.end()) } else { self.at.since(part) }
    }
}

/// When each entry becomes visible: in their order, by the times of their runs, of which each begins
/// where the one before ended.
fn axis(entries: &[Entry]) -> Vec<Nanos> {
    let (mut run, mut latest) = (Nanos::ZERO, Nanos::ZERO);
    let due = entries.iter().map(|entry| {
        match entry {
            Entry::Begun(_) => run = latest,
            Entry::Event(event) => latest = latest.max(run + event.at.min(Nanos::LATEST)),
        }
        if ends_run(entry) {
            run = latest;
        }
        latest
    });
    due.collect()
}

const fn ends_run(entry: &Entry) -> bool {
    matches!(entry, Entry::Event(event) if matches!(event.kind, Kind::RunFinished { .. }))
}
