//! Which rows the timeline has: every lane's place is known from the start, so that nothing jumps.

use super::comparison;
use super::layout::{HeightClass, ScreenLayout, WidthClass};
use crate::app::App;
use crate::model::{Lane, Mode, Nanos, Run, Target, Workload};

/// A row of the timeline.
pub(super) enum TimelineRow<'app> {
    /// The preparing request.
    Profile(&'app Run),
    /// A run's name, above its lanes, and how many of these have no room.
    RunName { run: &'app Run, hidden: usize },
    /// Who holds the GIL.
    Gil { run: &'app Run, until: Nanos, indented: bool },
    /// A lane, by its place in its run and among all.
    Lane {
        run: &'app Run,
        until: Nanos,
        lane: &'app Lane,
        index: u16,
        place: usize,
        title: LaneTitle,
    },
    /// A lane of the run that the one above is compared with, and what that is called.
    Baseline { other: &'app Run, lane: &'app Lane, name: String },
    /// Lanes of runs that have no room at all.
    HiddenLanes(usize),
    /// Nothing.
    Gap,
}

/// What a lane is called on its row.
#[derive(Clone, Copy)]
pub(super) enum LaneTitle {
    /// Its worker's name, below its run's.
    Indented,
    /// Its worker's name.
    Worker,
    /// Its run's mode, and how many more lanes there are that have no room.
    Mode { hidden: usize },
}

/// How many rows what stands below the lanes has.
pub(super) struct MetricRows {
    pub(super) in_flight: usize,
    pub(super) queue: usize,
    pub(super) quota: usize,
    pub(super) chosen: usize,
}

impl MetricRows {
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
pub(super) struct RowLayout<'app> {
    pub(super) app: &'app App,
    pub(super) layout: ScreenLayout,
}

/// A run's share of the rows.
struct RunSection<'app> {
    run: &'app Run,
    until: Nanos,
    /// How many lanes of other runs are above.
    above: usize,
    /// Whether its name has a row of its own above its lanes.
    named: bool,
    /// Whether its GIL has a row.
    gil: bool,
    /// How many of its lanes have a row, and the first of these.
    shown: usize,
    first: usize,
}

impl<'app> RowLayout<'app> {
    /// The rows of lanes that a whole picture needs.
    fn needed_rows(&self) -> usize {
        let rows = self.sections().iter().map(RunSection::rows).sum::<usize>();
        rows + usize::from(self.profile_run().is_some())
    }

    /// The preparing request, where it has a row.
    fn profile_run(&self) -> Option<&'app Run> {
        let shown = self.app.selection();
        // It is long over when the trial that is shown begins.
        let prepares = shown.workload == Workload::Followers
            && !(shown.is_sweep() && self.app.session().sweep(shown).is_some());
        let room = self.layout.height == HeightClass::Normal;
        self.app.session().profile().filter(|_| prepares && room)
    }

    /// The runs shown, each with all of its rows.
    fn sections(&self) -> Vec<RunSection<'app>> {
        let mut above = 0;
        let section = |(run, until): (&'app Run, Nanos)| {
            let lanes = run.lanes().len();
            above += lanes;
            RunSection {
                run,
                until,
                above: above - lanes,
                named: self.is_named(run),
                gil: run.gil().is_some(),
                shown: lanes,
                first: 0,
            }
        };
        self.app.visible_runs().map(section).collect()
    }

    fn is_named(&self, run: &Run) -> bool {
        let several = run.lanes().len() > 1 || run.plan().mode == Mode::Gil;
        self.layout.boxed || (several && self.layout.height == HeightClass::Normal)
    }

    /// What stands below the lanes on `height` rows in all.
    pub(super) fn metric_rows(&self, height: usize) -> MetricRows {
        let needed = self.needed_rows() + comparison::baseline_row_count(self.app);
        let room = height.saturating_sub(needed);
        // With several runs to show, a lane's row is worth more than one that the totals tell, too.
        let crowded = needed + 3 > height && self.app.runs().len() > 2;
        let (in_flight, queue, chosen) = match self.layout.height {
            HeightClass::Tiny => (0, 0, 0),
            HeightClass::Low | HeightClass::Normal if crowded => (0, 1, 0),
            HeightClass::Low => (usize::from(room > 2), 1, 0),
            HeightClass::Normal if self.layout.boxed && room > 12 => (3, 2, 2),
            // Its line needs room, and most of its lanes have nothing to do.
            HeightClass::Normal if self.has_auto_run() => {
                (2 + usize::from(self.layout.boxed), 1, 1)
            }
            HeightClass::Normal if self.layout.boxed => (1, 1, 1),
            // Without a row to spare, the lane chosen is told in the legend's place.
            HeightClass::Normal => (1, 1, usize::from(room > 3)),
        };
        let rows = MetricRows { in_flight, queue, quota: 0, chosen };
        if self.has_quota() { rows.with_quota(room) } else { rows }
    }

    /// Whether a run finds out how many workers it needs.
    fn has_auto_run(&self) -> bool {
        self.app.runs().iter().any(|run| run.plan().auto)
    }

    /// Whether there is a quota to show: the preparing request tells before any lane has its place.
    fn has_quota(&self) -> bool {
        let session = self.app.session();
        let known =
            session.profile().into_iter().chain(self.app.runs()).any(|run| run.quota().is_some());
        known
            && session.setup().costs_quota(self.app.selection().workload)
            && !session.target().is_some_and(Target::is_built_in)
            && self.layout.height == HeightClass::Normal
    }

    /// The rows to draw on `height` rows: the lane chosen is always among them.
    pub(super) fn rows(&self, height: usize) -> Vec<TimelineRow<'app>> {
        let mut sections = self.sections();
        let mut profile = self.profile_run();
        let needed = self.needed_rows();
        // Each run has at least one lane of another beneath, where it is compared.
        let baseline_rows = comparison::baseline_row_count(self.app).min(sections.len());
        if needed + baseline_rows > height {
            self.shrink_to(&mut sections, &mut profile, height.saturating_sub(baseline_rows));
        }
        // Where there is room, runs stand apart, and then their lanes, too.
        let spare = if self.layout.height == HeightClass::Normal && baseline_rows == 0 {
            height.saturating_sub(needed)
        } else {
            0
        };
        let runs = sections.len();
        let between: usize =
            sections.iter().map(|section| section.bar_rows().saturating_sub(1)).sum();
        let gaps = [spare > runs, spare > runs + between];
        let hidden: usize =
            sections.iter().filter(|one| one.shown == 0).map(RunSection::hidden_lanes).sum();
        let mut rows: Vec<TimelineRow<'app>> =
            profile.map(TimelineRow::Profile).into_iter().collect();
        for section in sections.iter().filter(|section| section.shown > 0) {
            self.push_section(section, gaps, &mut rows);
        }
        if hidden > 0 {
            rows.push(TimelineRow::HiddenLanes(hidden));
        }
        comparison::insert_baseline_rows(self.app, rows, height)
    }

    /// The rows of one run.
    fn push_section(
        &self,
        section: &RunSection<'app>,
        gaps: [bool; 2],
        rows: &mut Vec<TimelineRow<'app>>,
    ) {
        let &RunSection { run, until, above, named, gil, shown, first } = section;
        let [between_runs, between_lanes] = gaps;
        if between_runs {
            rows.push(TimelineRow::Gap);
        }
        if named {
            rows.push(TimelineRow::RunName { run, hidden: section.hidden_lanes() });
        }
        if gil {
            rows.push(TimelineRow::Gil { run, until, indented: named });
        }
        let lanes = (0..).zip(run.lanes()).enumerate().skip(first).take(shown);
        for (at, (index, lane)) in lanes {
            if between_lanes && (at > first || gil) {
                rows.push(TimelineRow::Gap);
            }
            let title = if named { LaneTitle::Indented } else { self.lane_title(section, at) };
            rows.push(TimelineRow::Lane { run, until, lane, index, place: above + at, title });
        }
    }

    /// What a lane is called whose run has no row for its name.
    fn lane_title(&self, section: &RunSection<'_>, at: usize) -> LaneTitle {
        let hidden = section.hidden_lanes();
        let alone = section.run.lanes().len() == 1 && self.layout.width != WidthClass::Tiny;
        // Several runs have a first worker.
        let ambiguous = self.app.runs().len() > 2;
        if at == section.first && (alone || ambiguous || hidden > 0) {
            LaneTitle::Mode { hidden }
        } else {
            LaneTitle::Worker
        }
    }

    /// Makes do with fewer rows: every run keeps its name and its first lanes, and the one that is
    /// chosen is among them; the rest are counted.
    fn shrink_to(
        &self,
        sections: &mut [RunSection<'app>],
        profile: &mut Option<&'app Run>,
        height: usize,
    ) {
        for section in &mut *sections {
            section.shown = 1;
            section.named &= section.run.lanes().len() > 1;
        }
        let rows =
            |sections: &[RunSection<'_>]| sections.iter().map(RunSection::rows).sum::<usize>();
        if rows(sections) + usize::from(profile.is_some()) > height {
            *profile = None;
        }
        if rows(sections) > height {
            for section in &mut *sections {
                section.named = false;
            }
        }
        if rows(sections) > height {
            for section in &mut *sections {
                section.gil = false;
            }
        }
        let chosen = self.app.lane_index().unwrap_or(0);
        // Not even a row a run: those up to the one with the chosen lane, and one for the rest.
        if rows(sections) > height {
            let last = sections.iter().rposition(|section| section.above <= chosen).unwrap_or(0);
            let first = (last + 2).saturating_sub(height);
            for (at, section) in sections.iter_mut().enumerate() {
                section.shown = usize::from(at >= first && at + 1 < first + height);
            }
        } else {
            distribute_rows(sections, height - rows(sections) - usize::from(profile.is_some()));
        }
        for section in sections {
            let own =
                chosen.checked_sub(section.above).filter(|&at| at < section.run.lanes().len());
            section.first = own.map_or(0, |at| (at + 1).saturating_sub(section.shown));
        }
    }
}

/// Gives rows to the lanes that have none, one to each run in turn.
fn distribute_rows(sections: &mut [RunSection<'_>], mut rows: usize) {
    while rows > 0 {
        let without = sections.iter_mut().filter(|one| one.shown > 0 && one.hidden_lanes() > 0);
        let given = without.take(rows).map(|section| section.shown += 1).count();
        if given == 0 {
            return;
        }
        rows -= given;
    }
}

impl RunSection<'_> {
    fn rows(&self) -> usize {
        usize::from(self.named) + self.bar_rows()
    }

    /// Rows with something on the time axis.
    fn bar_rows(&self) -> usize {
        usize::from(self.gil) + self.shown
    }

    /// Lanes without a row.
    fn hidden_lanes(&self) -> usize {
        self.run.lanes().len() - self.shown
    }
}
