//! Which rows the timeline has: every lane's place is known from the start, so that nothing jumps.

use super::layout::{Height, Layout, Width};
use crate::app::App;
use crate::model::{Lane, Nanos, Run, Target};

/// A row of the timeline.
pub(super) enum Row<'app> {
    /// The preparing request.
    Profile(&'app Run),
    /// A run's name, above its lanes.
    Name(&'app Run),
    /// A lane, by its place in its run and among all.
    Lane { run: &'app Run, until: Nanos, lane: &'app Lane, index: u16, place: usize, alone: bool },
    /// Lanes that have no room.
    Hidden(usize),
    /// Nothing.
    Gap,
}

/// How many rows what stands below the lanes has.
pub(super) struct Below {
    pub(super) in_flight: usize,
    pub(super) queue: usize,
    pub(super) quota: usize,
    pub(super) chosen: usize,
}

impl Below {
    /// All of them.
    pub(super) fn total(&self) -> usize {
        self.in_flight + self.queue + self.quota + self.chosen
    }

    /// Makes room for the quota, of `room` rows that lanes do not need: a line for what is left, and
    /// where there is one to spare, another for when it resets.
    fn with_quota(self, room: usize) -> Self {
        match (room.checked_sub(self.total()), self.in_flight) {
            // All lanes have a row just now, and keep it.
            (Some(0), _) => self,
            (Some(2..), 3) => Self { in_flight: 2, quota: 2, ..self },
            (Some(2..), _) => Self { quota: 2, ..self },
            _ => Self { quota: 1, ..self },
        }
    }
}

/// Shares the timeline's rows out.
pub(super) struct Arrangement<'app> {
    pub(super) app: &'app App,
    pub(super) layout: Layout,
}

impl<'app> Arrangement<'app> {
    /// The rows of lanes that a whole picture needs.
    fn needed(&self) -> usize {
        let lanes: usize = self.app.runs().iter().map(|run| run.lanes().len()).sum();
        let profile =
            self.layout.height == Height::Normal && self.app.session().profile().is_some();
        lanes
            + usize::from(profile)
            + self.app.runs().iter().filter(|run| self.is_named(run)).count()
    }

    /// Whether a run's name has a row of its own above its lanes.
    fn is_named(&self, run: &Run) -> bool {
        self.layout.boxed || (run.lanes().len() > 1 && self.layout.height == Height::Normal)
    }

    /// What stands below the lanes on `height` rows in all.
    pub(super) fn below(&self, height: usize) -> Below {
        let room = height.saturating_sub(self.needed());
        let (in_flight, queue, chosen) = match self.layout.height {
            Height::Tiny => (0, 0, 0),
            Height::Low => (1, usize::from(room > 2), 0),
            Height::Normal if self.layout.boxed && room > 12 => (3, 2, 2),
            Height::Normal if self.layout.boxed => (1, 1, 1),
            // Without a row to spare, the lane chosen is told in the legend's place.
            Height::Normal => (1, 1, usize::from(room > 3)),
        };
        let below = Below { in_flight, queue, quota: 0, chosen };
        if self.has_quota() { below.with_quota(room) } else { below }
    }

    /// Whether there is a quota to show: the preparing request tells before any lane has its place.
    fn has_quota(&self) -> bool {
        let session = self.app.session();
        let known =
            session.profile().into_iter().chain(self.app.runs()).any(|run| run.quota().is_some());
        known
            && !session.target().is_some_and(Target::is_built_in)
            && self.layout.height == Height::Normal
    }

    /// The rows to draw on `height` rows: the lane chosen is always among them.
    pub(super) fn rows(&self, height: usize) -> Vec<Row<'app>> {
        let mut rows = Vec::new();
        let mut place = 0;
        if let Some(profile) = self.app.session().profile()
            && self.layout.height == Height::Normal
        {
            rows.push(Row::Profile(profile));
        }
        // Where there is room, runs stand apart, and then their lanes, too.
        let runs = self.app.runs().len();
        let lanes: usize = self.app.runs().iter().map(|run| run.lanes().len() - 1).sum();
        let spare = if self.layout.height == Height::Normal {
            height.saturating_sub(self.needed())
        } else {
            0
        };
        for (run, until) in self.app.visible() {
            if spare > runs {
                rows.push(Row::Gap);
            }
            if self.is_named(run) {
                rows.push(Row::Name(run));
            }
            let short = self.layout.width == Width::Tiny;
            let alone = run.lanes().len() == 1 && !self.is_named(run) && !short;
            for (index, lane) in (0..).zip(run.lanes()) {
                if index > 0 && spare > runs + lanes {
                    rows.push(Row::Gap);
                }
                rows.push(Row::Lane { run, until, lane, index, place, alone });
                place += 1;
            }
        }
        self.fold(rows, height)
    }

    /// Where not all rows fit, those around the lane chosen stay, and the rest are counted.
    fn fold(&self, mut rows: Vec<Row<'app>>, height: usize) -> Vec<Row<'app>> {
        if rows.len() <= height {
            return rows;
        }
        let Some(room) = height.checked_sub(1) else { return Vec::new() };
        let is_lane = |row: &Row<'_>| matches!(row, Row::Lane { .. });
        let chosen = self.app.lane().unwrap_or(0);
        let chosen = rows
            .iter()
            .position(|row| matches!(row, Row::Lane { place, .. } if *place == chosen))
            .unwrap_or(0);
        let lanes = rows.iter().filter(|row| is_lane(row)).count();
        // The rows above the second lane stay, so that both modes are seen as long as it goes.
        let pinned =
            rows.iter().rposition(|row| matches!(row, Row::Name(_))).map_or(0, |at| at + 1);
        let pinned = if pinned < room { pinned } else { 0 };
        let first = (chosen + 1 + pinned).saturating_sub(room).max(pinned);
        let last = first + room - pinned;
        let mut index = 0;
        rows.retain(|_| {
            index += 1;
            index <= pinned || (index > first && index <= last)
        });
        let kept = rows.iter().filter(|row| is_lane(row)).count();
        rows.push(Row::Hidden(lanes - kept));
        rows
    }
}
