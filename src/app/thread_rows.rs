//! The rows of a watched program's threads: threads with the same name are a group, which is folded
//! into one row if it is large. The order changes only when the view is changed with a key: a lane
//! that is new, or that works for the first time, goes to the end of its group.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::group_cells::GroupCells;
use super::thread_order::{SortedFor, ThreadOrder, number_in, process_of, work_between};
use super::viewport::TimeWindow;
use crate::model::{Lane, LaneId, Nanos, Run, StateTimes, name_stem};

/// The maximum number of lanes of a group without a row of its own.
const MAX_LOOSE_LANES: usize = 3;

/// The fraction of a cell that a lane works at least, so that it can be seen.
const VISIBLE_PARTS: u64 = 16;

/// A row of the timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramRow {
    /// The row of a group, by its index.
    Group(usize),
    /// A lane.
    Lane {
        /// The lane.
        lane: LaneId,
        /// `true` if it is below the row of its group.
        in_group: bool,
    },
}

/// Threads whose names differ only by a number.
#[derive(Clone, Debug)]
pub struct ThreadGroup {
    /// The name that they share.
    pub name: String,
    /// Their lanes, in the order of their rows.
    pub lanes: Vec<LaneId>,
    /// The ID of their process, if that is one of several interpreters, or else 0.
    pub process: u32,
    /// The number of its lanes that worked; these come first in the order by work.
    working: usize,
    cells: GroupCells,
}

/// The rows, their order, and what is folded or hidden.
#[derive(Clone, Debug, Default)]
pub struct ProgramRows {
    order: ThreadOrder,
    hides_waiting: bool,
    /// The groups that the user opened or closed, by name; `true` if open.
    folds: BTreeMap<String, bool>,
    groups: Vec<ThreadGroup>,
    lanes: Vec<LanePlace>,
    rows: Vec<ProgramRow>,
    hidden: usize,
    /// The moment for which the rows were last sorted, or `None` if they are to be sorted again.
    sorted_for: Option<SortedFor>,
}

/// The place of a lane among the groups.
#[derive(Clone, Debug)]
struct LanePlace {
    /// The name of its thread.
    name: String,
    group: usize,
    worked: bool,
    /// `true` if another lane has the same name.
    is_ambiguous: bool,
}

impl LanePlace {
    fn new(lane: &Lane, group: usize, worked: bool) -> Self {
        Self { name: lane.name().to_owned(), group, worked, is_ambiguous: false }
    }
}

impl ThreadGroup {
    fn new(name: String, process: u32) -> Self {
        Self { name, process, lanes: Vec::new(), working: 0, cells: GroupCells::default() }
    }

    /// Returns the time that its lanes spent in each state in the cell that starts at `start`.
    pub fn times_in_cell(&self, start: Nanos) -> Option<&StateTimes> {
        self.cells.get(start)
    }

    /// Returns `true` if the group has a row of its own.
    pub const fn has_row(&self) -> bool {
        self.lanes.len() > MAX_LOOSE_LANES
    }
}

impl ProgramRows {
    /// The rows from top to bottom.
    pub fn rows(&self) -> &[ProgramRow] {
        &self.rows
    }

    /// The group with this index.
    pub fn group(&self, index: usize) -> Option<&ThreadGroup> {
        self.groups.get(index)
    }

    /// The order of the rows.
    pub const fn order(&self) -> ThreadOrder {
        self.order
    }

    /// Returns `true` if lanes that only waited are hidden.
    pub const fn hides_waiting(&self) -> bool {
        self.hides_waiting
    }

    /// The number of lanes that only waited and are hidden.
    pub const fn hidden_count(&self) -> usize {
        self.hidden
    }

    /// Returns `true` if another lane has the same name.
    pub fn is_ambiguous(&self, lane: LaneId) -> bool {
        self.lanes.get(usize::from(lane.0)).is_some_and(|place| place.is_ambiguous)
    }

    /// Returns `true` if the lanes of a group are shown below its row. A group of all lanes is open by
    /// itself: its row alone would be the whole picture.
    pub fn is_open(&self, group: &ThreadGroup) -> bool {
        self.folds.get(&group.name).copied().unwrap_or(self.groups.len() == 1)
    }

    /// Returns `true` if the lane did anything but wait in view.
    pub fn has_worked(&self, lane: LaneId) -> bool {
        self.lanes.get(usize::from(lane.0)).is_some_and(|place| place.worked)
    }

    /// Returns `true` if the lanes of a row only waited in view.
    pub fn only_waited(&self, row: ProgramRow) -> bool {
        match row {
            ProgramRow::Group(index) => {
                self.groups.get(index).is_none_or(|group| group.working == 0)
            }
            ProgramRow::Lane { lane, .. } => !self.has_worked(lane),
        }
    }

    /// Returns the number of lanes of a row that no other row shows.
    pub fn lane_count(&self, row: ProgramRow) -> usize {
        match row {
            ProgramRow::Lane { .. } => 1,
            ProgramRow::Group(index) => {
                let folded = self.groups.get(index).filter(|group| !self.is_open(group));
                folded.map_or(0, |group| group.lanes.len())
            }
        }
    }

    /// Returns the process of a row's threads, if that is one of several interpreters, or else 0.
    pub fn process_of(&self, row: ProgramRow) -> u32 {
        let index = match row {
            ProgramRow::Group(index) => Some(index),
            ProgramRow::Lane { lane, .. } => {
                self.lanes.get(usize::from(lane.0)).map(|place| place.group)
            }
        };
        index.and_then(|index| self.groups.get(index)).map_or(0, |group| group.process)
    }

    /// Returns the index of a lane's group, if the group has a row.
    pub(super) fn group_of(&self, lane: LaneId) -> Option<usize> {
        let index = self.lanes.get(usize::from(lane.0))?.group;
        self.groups.get(index).filter(|group| group.has_row()).map(|_| index)
    }

    /// Returns the row that shows a lane: its own, or that of its folded group.
    pub fn row_of(&self, lane: LaneId) -> Option<ProgramRow> {
        let index = self.lanes.get(usize::from(lane.0))?.group;
        let group = self.groups.get(index)?;
        Some(match (group.has_row(), self.is_open(group)) {
            (true, false) => ProgramRow::Group(index),
            (in_group, _) => ProgramRow::Lane { lane, in_group },
        })
    }

    /// Returns the first lane of a row.
    pub fn first_lane(&self, row: ProgramRow) -> Option<LaneId> {
        match row {
            ProgramRow::Lane { lane, .. } => Some(lane),
            ProgramRow::Group(index) => self.groups.get(index)?.lanes.first().copied(),
        }
    }

    /// Sorts the rows again at the next frame.
    pub(super) const fn invalidate(&mut self) {
        self.sorted_for = None;
    }

    /// Forgets the lanes, because another run begins. The order and what is hidden stay.
    pub(super) fn clear(&mut self) {
        self.lanes.clear();
        self.groups.clear();
        self.rows.clear();
        self.invalidate();
    }

    pub(super) const fn change_order(&mut self) -> ThreadOrder {
        self.order = self.order.next();
        self.invalidate();
        self.order
    }

    pub(super) const fn toggle_waiting(&mut self) -> bool {
        self.hides_waiting = !self.hides_waiting;
        self.invalidate();
        self.hides_waiting
    }

    /// Opens or closes a group.
    pub(super) fn toggle_group(&mut self, index: usize) {
        let Some(group) = self.groups.get(index) else { return };
        let (name, is_open) = (group.name.clone(), self.is_open(group));
        self.folds.insert(name, !is_open);
        self.list_rows();
    }

    /// Opens the group of a lane, so that it has a row of its own.
    pub(super) fn reveal(&mut self, lane: LaneId) {
        if let Some(ProgramRow::Group(index)) = self.row_of(lane) {
            self.toggle_group(index);
        }
        if self.hides_waiting && !self.has_worked(lane) {
            self.toggle_waiting();
        }
    }

    /// Brings the rows up to date with a run that is shown up to `until`.
    pub(super) fn refresh(&mut self, run: &Run, window: TimeWindow, until: Nanos) {
        let opened = run.lanes().iter().take_while(|lane| lane.opened().is_some()).count();
        let sorted_for = SortedFor::new(run, until);
        let is_stale = self.sorted_for != Some(sorted_for) || opened < self.lanes.len();
        if is_stale || self.has_other_stem(run) {
            self.sort(run, opened, window, until);
        } else {
            self.follow(run, opened, window, until);
        }
        for group in self.groups.iter_mut().filter(|group| group.has_row()) {
            group.cells.refresh(run, &group.lanes, window, until);
        }
    }

    /// Adds the lanes that are new, and moves those that work for the first time.
    fn follow(&mut self, run: &Run, opened: usize, window: TimeWindow, until: Nanos) {
        let (known, visible) = (self.lanes.len(), (window.cell.0 / VISIBLE_PARTS).max(1));
        let mut has_changed = false;
        for (index, lane) in run.lanes().iter().enumerate().take(opened) {
            if index >= known {
                self.add_lane(index, lane, process_of(run, lane));
                has_changed = true;
            }
            let slept = self.lanes.get(index).is_some_and(|place| !place.worked);
            // Asked in every frame: the whole life of a lane is a sum that it has.
            if slept && work_between(lane, Nanos::ZERO, until) >= visible {
                self.wake_lane(index);
                has_changed = true;
            }
        }
        if has_changed {
            self.list_rows();
        }
    }

    /// Learns the new names of lanes, and returns `true` if one belongs to another group by its name.
    fn has_other_stem(&mut self, run: &Run) -> bool {
        let mut is_other = false;
        for (place, lane) in self.lanes.iter_mut().zip(run.lanes()) {
            if place.name != lane.name() {
                is_other |= name_stem(&place.name) != name_stem(lane.name());
                lane.name().clone_into(&mut place.name);
            }
        }
        is_other
    }

    /// Appends a lane to its group.
    fn add_lane(&mut self, index: usize, lane: &Lane, process: u32) {
        let (id, name) = (LaneId(index as u16), name_stem(lane.name()));
        let mut groups = self.groups.iter();
        let group = groups.position(|group| group.name == name && group.process == process);
        let group = group.unwrap_or_else(|| {
            self.groups.push(ThreadGroup::new(name, process));
            self.groups.len() - 1
        });
        if let Some(own) = self.groups.get_mut(group) {
            own.lanes.push(id);
        }
        self.lanes.push(LanePlace::new(lane, group, false));
    }

    /// Moves a lane that works for the first time behind the others of its group that have worked.
    fn wake_lane(&mut self, index: usize) {
        let Some(place) = self.lanes.get_mut(index) else { return };
        place.worked = true;
        let Some(group) = self.groups.get_mut(place.group) else { return };
        let at = group.lanes.iter().position(|lane| usize::from(lane.0) == index);
        if let Some(at) = at.filter(|_| self.order == ThreadOrder::Work)
            && let Some(lanes) = group.lanes.get_mut(group.working..=at)
        {
            lanes.rotate_right(1);
        }
        group.working += 1;
    }

    fn sort(&mut self, run: &Run, opened: usize, window: TimeWindow, until: Nanos) {
        self.lanes.clear();
        self.groups.clear();
        let (from, to) = (window.from.min(until), window.end().min(until));
        let visible = (window.cell.0 / VISIBLE_PARTS).max(1);
        let mut work = Vec::with_capacity(opened);
        let mut names: BTreeMap<(u32, String), usize> = BTreeMap::new();
        for (index, lane) in run.lanes().iter().enumerate().take(opened) {
            let worked = work_between(lane, from, to);
            work.push(worked);
            let process = process_of(run, lane);
            let next = self.groups.len();
            let group = *names.entry((process, name_stem(lane.name()))).or_insert(next);
            if group == next {
                self.groups.push(ThreadGroup::new(name_stem(lane.name()), process));
            }
            if let Some(own) = self.groups.get_mut(group) {
                own.lanes.push(LaneId(index as u16));
                own.working += usize::from(worked >= visible);
            }
            self.lanes.push(LanePlace::new(lane, group, worked >= visible));
        }
        let work_of = |lane: LaneId| work.get(usize::from(lane.0)).copied().unwrap_or(0);
        let name_of = |lane: LaneId| run.lanes().get(usize::from(lane.0)).map_or("", Lane::name);
        for group in &mut self.groups {
            match self.order {
                ThreadOrder::Work => group.lanes.sort_by_key(|&lane| Reverse(work_of(lane))),
                ThreadOrder::Name => group.lanes.sort_by_key(|&lane| number_in(name_of(lane))),
                ThreadOrder::Age => {}
            }
        }
        let sum = |group: &ThreadGroup| group.lanes.iter().map(|&lane| work_of(lane)).sum::<u64>();
        match self.order {
            ThreadOrder::Work => self.groups.sort_by_cached_key(|group| Reverse(sum(group))),
            ThreadOrder::Name => self.groups.sort_by(|one, other| one.name.cmp(&other.name)),
            ThreadOrder::Age => {}
        }
        self.sort_processes(&work);
        for (index, group) in self.groups.iter().enumerate() {
            for lane in &group.lanes {
                if let Some(own) = self.lanes.get_mut(usize::from(lane.0)) {
                    own.group = index;
                }
            }
        }
        self.sorted_for = Some(SortedFor::new(run, until));
        self.list_rows();
    }

    /// Puts the groups of each process together: the process that worked most, or else the first, is first.
    fn sort_processes(&mut self, work: &[u64]) {
        let mut sums: Vec<(u32, u64)> = Vec::new();
        for group in &self.groups {
            let own = group.lanes.iter().filter_map(|lane| work.get(usize::from(lane.0)));
            let own: u64 = own.sum();
            match sums.iter_mut().find(|(process, _)| *process == group.process) {
                Some((_, sum)) => *sum += own,
                None => sums.push((group.process, own)),
            }
        }
        if self.order == ThreadOrder::Work {
            sums.sort_by_key(|&(_, sum)| Reverse(sum));
        }
        let place = |process| sums.iter().position(|&(one, _)| one == process);
        self.groups.sort_by_key(|group| place(group.process));
    }

    /// Lists the rows. In the order by work, what only waited is below everything else of its process.
    fn list_rows(&mut self) {
        self.find_ambiguous_names();
        let mut rows = Vec::new();
        let mut first = 0;
        for process in self.groups.chunk_by(|one, next| one.process == next.process) {
            self.list_process(first, process, &mut rows);
            first += process.len();
        }
        let shown: usize = rows.iter().map(|&row| self.lane_count(row)).sum();
        self.hidden = self.lanes.len() - shown.min(self.lanes.len());
        self.rows = rows;
    }

    /// Lists the rows of the groups of a process, the first of which has the index `first`.
    fn list_process(&self, first: usize, groups: &[ThreadGroup], rows: &mut Vec<ProgramRow>) {
        let below = self.order == ThreadOrder::Work;
        for (index, group) in (first..).zip(groups) {
            if group.has_row() {
                if group.working > 0 || !(below || self.hides_waiting) {
                    self.push_group(index, group, rows);
                }
                continue;
            }
            let shown = |lane: &&LaneId| self.has_worked(**lane) || !(below || self.hides_waiting);
            rows.extend(group.lanes.iter().filter(shown).map(|&lane| loose_row(lane)));
        }
        if below && !self.hides_waiting {
            for (index, group) in (first..).zip(groups) {
                if group.has_row() && group.working == 0 {
                    self.push_group(index, group, rows);
                } else if !group.has_row() {
                    let waited = group.lanes.iter().filter(|lane| !self.has_worked(**lane));
                    rows.extend(waited.map(|&lane| loose_row(lane)));
                }
            }
        }
    }

    fn find_ambiguous_names(&mut self) {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for place in &self.lanes {
            *counts.entry(&place.name).or_default() += 1;
        }
        let counts: Vec<bool> = self
            .lanes
            .iter()
            .map(|place| counts.get(place.name.as_str()).is_some_and(|&count| count > 1))
            .collect();
        for (place, is_ambiguous) in self.lanes.iter_mut().zip(counts) {
            place.is_ambiguous = is_ambiguous;
        }
    }

    fn push_group(&self, index: usize, group: &ThreadGroup, rows: &mut Vec<ProgramRow>) {
        rows.push(ProgramRow::Group(index));
        if self.is_open(group) {
            let shown = |lane: &&LaneId| !self.hides_waiting || self.has_worked(**lane);
            let lanes = group.lanes.iter().filter(shown);
            rows.extend(lanes.map(|&lane| ProgramRow::Lane { lane, in_group: true }));
        }
    }
}

const fn loose_row(lane: LaneId) -> ProgramRow {
    ProgramRow::Lane { lane, in_group: false }
}
