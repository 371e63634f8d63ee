//! The selection of a row of a watched program: a lane, or the row of its group.

use super::thread_rows::ProgramRow;
use super::view::TimelineView;
use crate::model::LaneId;

impl TimelineView {
    /// Moves the selection over the rows of a watched program.
    pub(super) fn move_thread_selection(&mut self, by: isize) {
        let rows = self.threads.rows();
        let here = self.selected_row().and_then(|row| rows.iter().position(|&one| one == row));
        let next = here.map_or(0, |here| here.saturating_add_signed(by));
        let next = rows.len().checked_sub(1).and_then(|last| rows.get(next.min(last))).copied();
        self.select_row(next);
    }

    fn select_row(&mut self, row: Option<ProgramRow>) {
        let lane = row.and_then(|row| self.threads.first_lane(row));
        self.lane = lane.map(|lane| usize::from(lane.0));
        self.on_group = matches!(row, Some(ProgramRow::Group(_)));
    }

    /// The selected row of a watched program: that of the lane, or that of its group.
    pub(super) fn selected_row(&self) -> Option<ProgramRow> {
        let lane = LaneId(u16::try_from(self.lane?).ok()?);
        let group = self.threads.group_of(lane).map(ProgramRow::Group);
        group.filter(|_| self.on_group).or_else(|| self.threads.row_of(lane))
    }

    /// Opens or closes the group whose row is selected. Returns `false` if none is.
    pub(super) fn toggle_group(&mut self) -> bool {
        let Some(ProgramRow::Group(index)) = self.selected_row() else { return false };
        self.threads.toggle_group(index);
        self.on_group = true;
        true
    }

    /// Selects the lane or the folded group that the mouse points at, if it points at one.
    pub(super) fn select_pointed_lane(&mut self, lane: Option<usize>) {
        if lane.is_some() {
            self.lane = lane;
            self.on_group = false;
            self.on_group = matches!(self.selected_row(), Some(ProgramRow::Group(_)));
        }
    }

    /// Shows the row of a lane that is selected.
    pub(super) fn reveal_thread(&mut self, lane: usize) {
        self.on_group = false;
        self.threads.reveal(LaneId(lane as u16));
    }
}
