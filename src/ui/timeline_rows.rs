//! The rows of the timeline. Every lane has its place from the start, so that rows do not move.

use super::layout::{HeightClass, ScreenLayout, WidthClass};
use crate::app::App;
use crate::model::lesson::Highlight;
use crate::model::{InterpreterId, Lane, Mode, Nanos, Run, Target};

/// The maximum number of rows of a lane, with the gap below it.
const MAX_LANE_HEIGHT: usize = 4;

/// The maximum number of rows of the requests in flight.
const MAX_IN_FLIGHT_ROWS: usize = 6;

/// The maximum number of lanes that share rows. More would not be in sight either, and cost time in
/// each frame.
const MAX_PAIRED_LANES: usize = 100;

pub(super) enum TimelineRow<'app> {
    /// The name of a run above its lanes, and the number of lanes hidden.
    RunName { run: &'app Run, hidden: usize },
    /// The holders of the GIL: of that interpreter in a watched program.
    Gil { run: &'app Run, until: Nanos, title: LaneTitle, interpreter: Option<InterpreterId> },
    /// A lane, with its index in its run and its place among all lanes.
    Lane {
        run: &'app Run,
        until: Nanos,
        lane: &'app Lane,
        index: u16,
        place: usize,
        title: LaneTitle,
    },
    /// Two lanes of half a row each, with the index and the place of the upper one.
    LanePair {
        run: &'app Run,
        until: Nanos,
        lanes: [&'app Lane; 2],
        index: u16,
        place: usize,
        title: LaneTitle,
    },
    /// A group of threads of a watched program.
    ThreadGroup { run: &'app Run, until: Nanos, index: usize },
    /// The numbers of lanes without a row, in a watched program: those that worked, and those that only
    /// waited.
    HiddenThreads { worked: usize, waited: usize },
    /// A lane of the baseline run of the lane above, and the name of that run.
    Baseline { other: &'app Run, lane: &'app Lane, name: String },
    /// The number of lanes of runs that are hidden completely.
    HiddenLanes(usize),
    /// An empty row.
    Gap,
}

impl TimelineRow<'_> {
    /// Returns whether the row may be several rows high.
    pub(super) const fn is_bar(&self) -> bool {
        matches!(self, Self::Gil { .. } | Self::Lane { .. } | Self::ThreadGroup { .. })
    }
}

/// The rows of the timeline.
pub(super) struct RowPlan<'app> {
    pub(super) rows: Vec<TimelineRow<'app>>,
    /// The number of rows of each lane that has its own.
    pub(super) lane_height: u16,
}

/// The title of a lane on its row.
#[derive(Clone, Copy)]
pub(super) enum LaneTitle {
    /// The name of the worker, indented below the name of the run.
    Indented,
    /// The name of the worker.
    Worker,
    /// The mode of the run, and the number of its lanes hidden.
    Mode { hidden: usize },
}

/// The number of rows of each part below the lanes.
pub(super) struct MetricRows {
    pub(super) in_flight: usize,
    pub(super) queue: usize,
    pub(super) quota: usize,
    pub(super) chosen: usize,
}

impl MetricRows {
    /// Returns the total number of rows.
    pub(super) fn total(&self) -> usize {
        self.in_flight + self.queue + self.quota + self.chosen
    }

    /// Omits rows until one of `height` rows is left for a lane.
    fn with_room_for_lane(mut self, height: usize) -> Self {
        while self.total() > 0 && self.total() >= height {
            let Self { in_flight, queue, quota, chosen } = &mut self;
            let omitted = [quota, chosen, in_flight, queue].into_iter().find(|rows| **rows > 0);
            if let Some(rows) = omitted {
                *rows -= 1;
            }
        }
        self
    }

    /// Adds the quota, if `room`, the rows that lanes do not need, permits: one row for the remaining
    /// requests, and another for the reset time if there is one to spare.
    fn with_quota(self, room: usize) -> Self {
        match (room.checked_sub(self.total()), self.in_flight) {
            // Lanes need all rows.
            (Some(0), _) => self,
            (Some(2..), 3) => Self { in_flight: 2, quota: 2, ..self },
            (Some(2..), _) => Self { quota: 2, ..self },
            _ => Self { quota: 1, ..self },
        }
    }
}

/// Distributes the rows of the timeline.
pub(super) struct RowLayout<'app> {
    pub(super) app: &'app App,
    pub(super) layout: ScreenLayout,
    /// The number of rows that all lanes of the baseline would take.
    pub(super) baseline_rows: usize,
    /// If set, two lanes may share a row.
    pub(super) allows_pairs: bool,
}

/// The rows of one run.
struct RunSection<'app> {
    run: &'app Run,
    until: Nanos,
    /// The number of lanes of other runs above.
    above: usize,
    /// If set, its name has its own row above its lanes.
    named: bool,
    /// If set, its GIL has a row.
    gil: bool,
    /// The number of its lanes with a row.
    shown: usize,
    /// The index of the first lane with a row.
    first: usize,
    /// The number of its first lanes that have a row of their own; of the others, two share one.
    unpaired: usize,
}

impl<'app> RowLayout<'app> {
    /// Returns the number of rows that all lanes need.
    fn needed_rows(&self) -> usize {
        if let Some((run, _)) = self.program_run() {
            return self.needed_thread_rows(run);
        }
        self.sections().iter().map(RunSection::rows).sum()
    }

    /// Returns the visible runs, each with all of its rows.
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
                unpaired: lanes,
            }
        };
        self.app.visible_runs().map(section).collect()
    }

    fn is_named(&self, run: &Run) -> bool {
        let several = run.lanes().len() > 1 || run.plan().mode == Mode::Gil;
        self.layout.boxed || (several && self.layout.height == HeightClass::Normal)
    }

    /// Returns the rows below the lanes, out of `height` rows in total.
    pub(super) fn metric_rows(&self, height: usize) -> MetricRows {
        if self.program_run().is_some() {
            let chosen = usize::from(self.layout.height > HeightClass::Tiny);
            return MetricRows { in_flight: 0, queue: 0, quota: 0, chosen }
                .with_room_for_lane(height);
        }
        let needed = self.needed_rows() + self.baseline_rows;
        let room = height.saturating_sub(needed);
        // With several runs, a lane's row is worth more than one whose figures the totals show, too.
        let crowded = needed + 3 > height && self.app.runs().len() > 2;
        let (in_flight, queue, chosen) = match self.layout.height {
            HeightClass::Tiny => (0, 0, 0),
            HeightClass::Low | HeightClass::Normal if crowded => (0, 0, 0),
            HeightClass::Low => (usize::from(room > 2), 1, 0),
            // The line of the limit needs height, and most lanes of the run are idle.
            HeightClass::Normal if self.has_auto_run() => {
                let (in_flight, queue, chosen) = self.spare_metric_rows(height);
                (in_flight.max(2 + usize::from(self.layout.boxed)), queue, chosen)
            }
            HeightClass::Normal if self.layout.boxed => self.spare_metric_rows(height),
            // Without a row to spare, the summary of the selected lane replaces the legend.
            HeightClass::Normal => (1, 1, usize::from(room > 3)),
        };
        let is_wanted = |part| self.app.lesson().is_none_or(|lesson| lesson.mentions(part));
        let in_flight = if is_wanted(Highlight::InFlight) { in_flight } else { 0 };
        let queue = if is_wanted(Highlight::Queue) { queue } else { 0 };
        let rows = MetricRows { in_flight, queue, quota: 0, chosen };
        let rows = if self.has_quota() { rows.with_quota(room) } else { rows };
        rows.with_room_for_lane(height)
    }

    /// Returns the rows below the lanes that make use of what the lanes leave, once these are as high
    /// as they can be.
    fn spare_metric_rows(&self, height: usize) -> (usize, usize, usize) {
        let quota = if self.has_quota() { 2 } else { 0 };
        let lane_height = self.lane_height(height.saturating_sub(3 + quota));
        if lane_height == 1 {
            return (1, 1, 1);
        }
        let spare = height.saturating_sub(self.rows_of_height(lane_height) + quota);
        let (queue, chosen) = (1 + usize::from(spare > 7), 1 + usize::from(spare > 9));
        (spare.saturating_sub(queue + chosen).clamp(1, MAX_IN_FLIGHT_ROWS), queue, chosen)
    }

    /// Returns the greatest number of rows of a lane with which all lanes fit on `height` rows.
    pub(super) fn lane_height(&self, height: usize) -> usize {
        let may_grow = self.layout.height == HeightClass::Normal && self.baseline_rows == 0;
        let heights = (2..=MAX_LANE_HEIGHT).rev().filter(|_| may_grow);
        heights.into_iter().find(|&times| self.rows_of_height(times) <= height).unwrap_or(1)
    }

    /// Returns the number of rows that all lanes need if each is this number of rows high.
    fn rows_of_height(&self, lane_height: usize) -> usize {
        let bars: usize = match self.program_run() {
            Some((run, _)) => self.needed_thread_rows(run),
            None => self.sections().iter().map(RunSection::bar_rows).sum(),
        };
        self.needed_rows() + bars * (lane_height - 1)
    }

    /// Returns whether a visible run adapts its concurrency limit.
    fn has_auto_run(&self) -> bool {
        self.app.runs().iter().any(|run| run.plan().auto)
    }

    /// Returns whether a quota is shown. Before the first response it has its row, too, so that the
    /// rows below stay in place.
    fn has_quota(&self) -> bool {
        let session = self.app.session();
        let runs = || self.app.runs().iter();
        let known =
            session.latest_quota().is_some() || runs().any(|run| run.limits().quota().is_some());
        let expected = runs().all(|run| run.progress().done_tasks() == 0);
        (known || expected)
            && session.setup().costs_quota(self.app.selection().workload)
            && !session.target().is_some_and(Target::is_built_in)
            && self.layout.height == HeightClass::Normal
    }

    /// Returns the rows to draw on `height` rows. The selected lane is always among them.
    pub(super) fn rows(&self, height: usize) -> RowPlan<'app> {
        if let Some((run, until)) = self.program_run() {
            return self.thread_rows(run, until, height);
        }
        let mut sections = self.sections();
        let needed = self.needed_rows();
        // In a comparison each run has at least one lane of its baseline.
        let baseline_rows = self.baseline_rows.min(sections.len());
        if needed + baseline_rows > height {
            self.shrink_to(&mut sections, height.saturating_sub(baseline_rows));
        }
        // Spare rows make lanes higher, with a gap below each, or else separate runs.
        let lane_height = self.lane_height(height);
        let has_gaps = self.layout.height == HeightClass::Normal
            && baseline_rows == 0
            && lane_height == 1
            && height.saturating_sub(needed) > sections.len();
        let hidden: usize =
            sections.iter().filter(|one| one.shown == 0).map(RunSection::hidden_lanes).sum();
        let mut rows = Vec::new();
        for section in sections.iter().filter(|section| section.shown > 0) {
            if has_gaps {
                rows.push(TimelineRow::Gap);
            }
            self.push_section(section, &mut rows);
        }
        if hidden > 0 {
            rows.push(TimelineRow::HiddenLanes(hidden));
        }
        RowPlan { rows, lane_height: lane_height as u16 }
    }

    /// Appends the rows of one run.
    fn push_section(&self, section: &RunSection<'app>, rows: &mut Vec<TimelineRow<'app>>) {
        let &RunSection { run, until, above, named, gil, shown, first, unpaired } = section;
        if named {
            rows.push(TimelineRow::RunName { run, hidden: section.hidden_lanes() });
        }
        if gil {
            let title = self.first_title(section);
            rows.push(TimelineRow::Gil { run, until, title, interpreter: None });
        }
        let mut lanes = (0..).zip(run.lanes()).enumerate().skip(first).take(shown);
        while let Some((at, (index, lane))) = lanes.next() {
            let (place, is_first) = (above + at, at == first && !gil);
            let title = match (is_first, named) {
                (true, _) => self.first_title(section),
                (false, true) => LaneTitle::Indented,
                (false, false) => LaneTitle::Worker,
            };
            let below = if at < unpaired { None } else { lanes.next() };
            rows.push(match below {
                Some((_, (_, below))) => {
                    let lanes = [lane, below];
                    TimelineRow::LanePair { run, until, lanes, index, place, title }
                }
                None => TimelineRow::Lane { run, until, lane, index, place, title },
            });
        }
    }

    /// Returns the title of the first row of a run below its name: its mode, if it has no row for its
    /// name.
    fn first_title(&self, section: &RunSection<'_>) -> LaneTitle {
        let hidden = section.hidden_lanes();
        let alone = section.run.lanes().len() == 1 && self.layout.width != WidthClass::Tiny;
        // Each run has a lane called worker-1.
        let ambiguous = self.app.runs().len() > 2 || self.is_named(section.run);
        match section.named {
            true => LaneTitle::Indented,
            false if alone || ambiguous || hidden > 0 => LaneTitle::Mode { hidden },
            false => LaneTitle::Worker,
        }
    }

    /// Omits what the lanes can do without until `height` suffices: the names of the runs, then the
    /// row of each second lane, then lanes. If possible every run keeps its first lanes; the selected
    /// lane is always kept.
    fn shrink_to(&self, sections: &mut [RunSection<'app>], height: usize) {
        let rows =
            |sections: &[RunSection<'_>]| sections.iter().map(RunSection::rows).sum::<usize>();
        let omissions: [fn(&RunSection<'_>) -> bool; 3] =
            [|section| section.run.lanes().len() == 1, |section| !section.gil, |_| true];
        for may_omit in omissions {
            if rows(sections) > height {
                for section in sections.iter_mut().filter(|section| may_omit(section)) {
                    section.named = false;
                }
            }
        }
        let lanes: usize = sections.iter().map(|section| section.run.lanes().len()).sum();
        let may_pair = self.allows_pairs && self.baseline_rows == 0 && lanes <= MAX_PAIRED_LANES;
        // Of lanes that share a GIL, each turn matters: they share rows last.
        for with_gil in [false, true] {
            if rows(sections) > height && may_pair {
                let may_share = |section: &&mut RunSection<'_>| section.gil == with_gil;
                for section in sections.iter_mut().filter(may_share) {
                    section.unpaired = section.run.lanes().len() % 2;
                }
                let spare = height.saturating_sub(rows(sections));
                separate_pairs(sections.iter_mut().filter(may_share), spare);
            }
        }
        if rows(sections) <= height {
            return;
        }
        for section in &mut *sections {
            section.unpaired = if may_pair { 0 } else { section.shown };
            section.shown = section.lanes_of_rows(1);
        }
        if rows(sections) > height {
            for section in &mut *sections {
                section.gil = false;
            }
        }
        let chosen = self.app.picture().lane_index().unwrap_or(0);
        // Less than one row per run: shows the runs up to the selected lane, and one row for the
        // rest.
        if rows(sections) > height {
            let last = sections.iter().rposition(|section| section.above <= chosen).unwrap_or(0);
            let first = (last + 2).saturating_sub(height);
            for (at, section) in sections.iter_mut().enumerate() {
                let is_shown = at >= first && at + 1 < first + height;
                section.shown = section.lanes_of_rows(usize::from(is_shown));
            }
        } else {
            distribute_rows(sections, height - rows(sections));
        }
        for section in sections {
            let own =
                chosen.checked_sub(section.above).filter(|&at| at < section.run.lanes().len());
            section.first = own.map_or(0, |at| (at + 1).saturating_sub(section.shown));
        }
    }
}

/// Gives spare rows to pairs of lanes, from the first pair of the first run on.
fn separate_pairs<'run, 'app: 'run>(
    sections: impl Iterator<Item = &'run mut RunSection<'app>>,
    mut spare: usize,
) {
    for section in sections {
        let separated = spare.min((section.shown - section.unpaired) / 2);
        section.unpaired += 2 * separated;
        spare -= separated;
    }
}

/// Gives rows to hidden lanes, one to each run in turn.
fn distribute_rows(sections: &mut [RunSection<'_>], mut rows: usize) {
    while rows > 0 {
        let without = sections.iter_mut().filter(|one| one.shown > 0 && one.hidden_lanes() > 0);
        let given = without.take(rows).map(RunSection::add_row).count();
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

    /// Returns the number of rows with bars.
    fn bar_rows(&self) -> usize {
        let paired = self.shown.saturating_sub(self.unpaired);
        usize::from(self.gil) + self.shown - paired / 2
    }

    /// Returns the number of lanes that this number of rows can show.
    fn lanes_of_rows(&self, rows: usize) -> usize {
        let lanes = self.run.lanes().len();
        (rows * if self.unpaired < lanes { 2 } else { 1 }).min(lanes)
    }

    fn add_row(&mut self) {
        self.shown = self.lanes_of_rows(self.bar_rows() - usize::from(self.gil) + 1);
    }

    /// Returns the number of lanes without a row.
    fn hidden_lanes(&self) -> usize {
        self.run.lanes().len() - self.shown
    }
}
